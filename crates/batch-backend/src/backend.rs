//! The trait itself: what a service must do so that a run of jobs can be brought to its end.

use std::fmt;

use async_trait::async_trait;

use crate::{
    BackendError, ByteSink, Fetched, InputName, JobName, JobPage, JobSnapshot, JobSpec, OutputName,
    PageToken, Payload, Progress, StoredInput, UploadSession,
};

/// One upload: what is sent, into which session, and who hears of its progress.
#[derive(Debug)]
pub struct Upload<'a> {
    /// The session that [`BatchBackend::open_upload`] gave, in this process or an earlier one.
    pub session: &'a UploadSession,
    /// Whether bytes may already lie at the service: then it is asked before anything is sent.
    pub resumed: bool,
    /// The bytes.
    pub payload: &'a dyn Payload,
    /// Hears how many bytes the service has.
    pub progress: &'a dyn Progress,
}

/// A service that takes a file of requests, runs it as a job and gives back a file of results.
///
/// Handles are opaque: the caller keeps them, compares them and gives them back, and never takes
/// them apart. Every method asks once for one thing; retries within that one effect are the
/// backend's own business, waiting for a job is not.
///
/// # What an implementation promises
///
/// * `open_upload`, `upload`, `get`, `list`, `cancel`, `delete`, `discard` and `fetch` may be
///   repeated: the same call again does no harm.
/// * `create` may **not** be repeated: each call that reaches the service may make a job that is
///   paid for. An implementation sends it at most once per call, and when it cannot tell whether
///   the service acted it says so by [`Applied::Maybe`](crate::Applied::Maybe).
/// * `list` shows every job, page by page, newest first. A job may show up late.
/// * Futures may be dropped at any await point without harm beyond what the service has done.
#[async_trait]
pub trait BatchBackend: fmt::Debug + Send + Sync {
    /// Who this is, for manifests and reports: a kind and an address, never a secret.
    fn identity(&self) -> String;

    /// Opens an upload session for `len` bytes under a display name. An unused session costs
    /// nothing.
    ///
    /// # Errors
    /// Any [`BackendError`]; nothing is stored at the service.
    async fn open_upload(&self, label: &str, len: u64) -> Result<UploadSession, BackendError>;

    /// Sends the payload, from wherever the service stands, and returns the stored input.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the session is lost: open another.
    async fn upload(&self, upload: Upload<'_>) -> Result<StoredInput, BackendError>;

    /// Creates one job, at most once.
    ///
    /// # Errors
    /// See [`BackendError::applied`]: only `Applied::No` means that there is no job.
    async fn create(&self, spec: &JobSpec) -> Result<JobSnapshot, BackendError>;

    /// Looks at one job once.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for a job that is not there.
    async fn get(&self, job: &JobName) -> Result<JobSnapshot, BackendError>;

    /// One page of all jobs of this account, newest first; `None` asks for the first page.
    ///
    /// # Errors
    /// A page that failed says nothing about which jobs exist.
    async fn list(&self, page: Option<&PageToken>) -> Result<JobPage, BackendError>;

    /// Asks for a job to be stopped. It may finish all the same; a job that ended is left alone.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for a job that is not there.
    async fn cancel(&self, job: &JobName) -> Result<(), BackendError>;

    /// Removes the record of a job; to be called only after its results are safe.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) for a job that is not there.
    async fn delete(&self, job: &JobName) -> Result<(), BackendError>;

    /// Streams the results of a job into `into`, from the start, in whatever order the service
    /// has them. The bytes are not looked at.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the results are gone;
    /// [`ErrorKind::Local`](crate::ErrorKind::Local) when `into` refused.
    async fn fetch(
        &self,
        output: &OutputName,
        into: &mut dyn ByteSink,
    ) -> Result<Fetched, BackendError>;

    /// Removes an uploaded input that no job needs any more.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when it is gone already.
    async fn discard(&self, input: &InputName) -> Result<(), BackendError>;
}
