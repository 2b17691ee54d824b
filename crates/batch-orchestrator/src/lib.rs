#![doc = include_str!("../README.md")]

mod again;
mod clock;
mod creates;
mod decide;
mod driver;
mod event;
mod facts;
mod fetch;
mod index;
mod job;
mod journal;
mod ledger;
mod lists;
mod looks;
mod mind;
mod observe;
mod pace;
mod pages;
mod phase;
mod plan;
mod policy;
mod progress;
mod settle;
mod sink;
mod state;
mod strays;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use crate::again::{Attempt, InputSource, MemoryInputs, NewInput, Why};
pub use crate::clock::{Clock, VirtualClock};
pub use crate::driver::{DriveError, World, drive};
pub use crate::event::Event;
pub use crate::facts::{Doubt, Ending, Look, StoredResult};
pub use crate::job::{IllegalEvent, Job};
pub use crate::journal::{Journal, MemoryJournal};
pub use crate::ledger::{Ledger, Load};
pub use crate::mind::Finish;
pub use crate::pace::Pace;
pub use crate::phase::{Phase, Verdict};
pub use crate::plan::{InputId, JobId, Plan, PlannedInput, RunTag, RunTagError, owner};
pub use crate::policy::{FILE_BYTES, Limits, OnAmbiguous, Policy, ROW_BYTES, StuckAfter, Then};
pub use crate::progress::{Listener, Notice, Silent};
pub use crate::sink::{Download, MemorySink, ResultSink, Tally};
pub use crate::state::{Goal, InputPhase, RunState};
pub use crate::strays::{Stray, strays};
