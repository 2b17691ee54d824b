#![doc = include_str!("../README.md")]

mod answer;
mod batches;
mod chaos;
mod clock;
mod control;
mod create;
mod dice;
mod embed;
mod emulator;
mod exchange;
mod faults;
mod files;
mod guard;
mod history;
mod jobs;
mod lent;
mod limits;
mod models;
mod pages;
mod paging;
mod payload;
mod read_ahead;
mod record;
mod refusal;
mod reply;
mod results;
mod route;
mod rows;
mod script;
mod server;
mod shared;
mod store;
mod upload;
#[cfg(feature = "upstream")]
mod upstream;
mod validate;
mod work;

pub use answer::{Answers, Judging};
pub use clock::ManualClock;
pub use emulator::{Builder, Emulator, StartError};
pub use history::{Created, History, Seen};
pub use limits::{LimitChanges, Limits};
pub use script::{
    Action, Canned, Chaos, Fault, JobError, JobMatch, JobPlan, JobRates, JobRule, LengthSaid,
    Phase, Rates, Refusal, RequestMatch, RowError, Rows, Script, ScriptError,
};
#[cfg(feature = "upstream")]
pub use upstream::{UpstreamConfig, UpstreamError, UpstreamKey, UpstreamKind};
