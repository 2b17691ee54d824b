//! How long to wait and how much to take: the client's settings, and why it could not be built.

use std::time::Duration;

use batch_backend::BoxError;

/// A client that could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// The text is no API key; it is not shown.
    #[error("this is not an API key: {0}")]
    Key(&'static str),
    /// The address is not one to send a key to.
    #[error("{shown} is no base URL: {reason}")]
    BaseUrl {
        /// The address, without anything that might be a password.
        shown: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The text is no version of the API.
    #[error("{0:?} is no API version: it looks like v1beta")]
    Version(String),
    /// The text is no media type.
    #[error("{0:?} is no media type")]
    MediaType(String),
    /// An https address, and this program was built without TLS.
    #[error("https needs the feature `rustls` of gemini-client")]
    NoTls,
    /// The HTTP client could not be built.
    #[error("failed to set up the HTTP client")]
    Http(#[source] BoxError),
}

/// How long one exchange may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until a connection stands, TLS included. Default 10 s.
    pub connect: Duration,
    /// A whole JSON call; for a download, until its answer begins. Default 60 s.
    pub call: Duration,
    /// A whole create, during which the service reads the input, or a whole `generateContent`,
    /// during which a model thinks. Default 300 s.
    pub create: Duration,
    /// How long an upload or a download may stand still. Default 60 s.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            call: Duration::from_mins(1),
            create: Duration::from_mins(5),
            idle: Duration::from_mins(1),
        }
    }
}

/// How much is sent and taken at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transfers {
    /// Bytes in one upload request, brought down to a multiple of the granularity that the
    /// service names (but at least one of it). The bytes are streamed, so that memory does not
    /// grow with it. Default 64 MiB.
    pub request_bytes: u64,
    /// The largest JSON answer that is taken in, in bytes; results are not bound by it, except
    /// those of inline jobs, which come in the job itself (and twice). Default 16 MiB.
    pub answer_bytes: usize,
}

impl Default for Transfers {
    fn default() -> Self {
        Self { request_bytes: 64 * 1024 * 1024, answer_bytes: 16 * 1024 * 1024 }
    }
}
