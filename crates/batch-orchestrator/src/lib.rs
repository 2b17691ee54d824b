#![doc = include_str!("../README.md")]

mod clock;
mod decide;
mod driver;
mod event;
mod job;
mod journal;
mod lists;
mod mind;
mod observe;
mod pace;
mod plan;
mod policy;
mod progress;
mod settle;
mod sink;
mod state;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use crate::clock::{Clock, VirtualClock};
pub use crate::driver::{DriveError, World, drive};
pub use crate::event::{Doubt, Ending, Event, StoredResult};
pub use crate::job::{IllegalEvent, Job, Phase, Verdict};
pub use crate::journal::{Journal, MemoryJournal};
pub use crate::mind::Finish;
pub use crate::pace::Pace;
pub use crate::plan::{InputId, JobId, Plan, PlannedInput, RunTag, RunTagError, owner};
pub use crate::policy::{OnAmbiguous, Policy};
pub use crate::progress::{Listener, Notice, Silent};
pub use crate::sink::{Download, MemorySink, ResultSink, Tally};
pub use crate::state::{Goal, InputPhase, RunState};
