#![doc = include_str!("../README.md")]

mod atomic;
mod difference;
mod draft;
mod error;
mod folder;
mod input;
mod journal;
mod line;
mod lock;
mod made;
mod manifest;
mod name;
mod own;
mod paths;
mod print;
mod record;
mod repair;
mod replay;
mod runs;
mod safe;
mod session;
mod settings;
mod shape;
mod sink;
mod stamp;
mod text;

pub use crate::atomic::{AtomicFile, atomic_write};
pub use crate::draft::Draft;
pub use crate::error::{StoreError, StoreErrorKind};
pub use crate::folder::RunFolder;
pub use crate::input::InputFile;
pub use crate::journal::{Clock, FileJournal};
pub use crate::lock::Lock;
pub use crate::made::{Forecast, JobLoad, Made, MadeInput, Transformed};
pub use crate::manifest::{Asked, Backend, BackendKind, Dataset, Manifest};
pub use crate::name::{OwnName, run_tag};
pub use crate::paths::RunPaths;
pub use crate::print::{Print, Printed};
pub use crate::replay::{Entry, Repair, Replay, SessionSpan, Torn};
pub use crate::runs::{Listed, NewRun, Runs};
pub use crate::session::Session;
pub use crate::settings::{Limits, OnAmbiguous, Settings, Stuck, Then, Variant};
pub use crate::sink::FolderSink;

/// The version of the run folder this program writes, and the newest it reads.
pub const FORMAT: u64 = 1;
