#![doc = include_str!("../README.md")]

mod backend;
mod error;
mod file;
mod model;
mod payload;

#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "conformance")]
pub mod memory;

pub use crate::backend::{BatchBackend, Upload};
pub use crate::error::{Applied, BackendError, BoxError, ErrorKind, Operation};
pub use crate::file::FilePayload;
pub use crate::model::{
    InputName, JobCounts, JobError, JobName, JobPage, JobSnapshot, JobSpec, JobState, JobToken,
    ModelId, ModelIdError, OutputName, PageToken, StoredInput, UploadSession,
};
pub use crate::payload::{ByteSink, BytesPayload, Fetched, NoProgress, Payload, Progress};
