#![doc = include_str!("../README.md")]

mod answer;
mod batches;
mod clock;
mod create;
mod dice;
mod emulator;
mod exchange;
mod faults;
mod files;
mod history;
mod models;
mod paging;
mod payload;
mod record;
mod reply;
mod results;
mod route;
mod script;
mod server;
mod shared;
mod store;
mod upload;
mod validate;

pub use clock::ManualClock;
pub use emulator::{Builder, Emulator, StartError};
pub use history::{Created, History, Seen};
pub use script::{
    Action, Canned, Fault, JobError, JobMatch, JobPlan, JobRule, LengthSaid, Phase, RequestMatch,
    Rows, Script,
};
pub use shared::Limits;
