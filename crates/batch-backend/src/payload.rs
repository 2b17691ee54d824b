//! Bytes on their way out and in: what is uploaded, where a download goes, who hears of it.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;

/// Something to upload: its length is known and it can be read again from any offset.
///
/// Implemented by files ([`FilePayload`](crate::FilePayload)) and by memory ([`BytesPayload`]).
pub trait Payload: fmt::Debug + Send + Sync {
    /// Length in bytes; it does not change while the payload is in use.
    fn len(&self) -> u64;

    /// Whether there is nothing to send.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether it still is what was to be sent, as far as whoever made it can tell: asked before an upload
    /// is opened or gone on with.
    ///
    /// # Errors
    /// When it is not, or cannot be read.
    fn check(&self) -> io::Result<()> {
        Ok(())
    }

    /// A reader from byte `offset` to the end.
    ///
    /// # Errors
    /// Whatever opening the source gave.
    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>>;
}

/// A payload in memory.
///
/// ```
/// use std::io::Read;
/// use batch_backend::{BytesPayload, Payload};
///
/// let payload = BytesPayload::from("one\ntwo\n".as_bytes().to_vec());
/// let mut rest = String::new();
/// payload.open_at(4)?.read_to_string(&mut rest)?;
/// assert_eq!((payload.len(), rest.as_str()), (8, "two\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct BytesPayload(Arc<[u8]>);

impl From<Vec<u8>> for BytesPayload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl fmt::Debug for BytesPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BytesPayload({} bytes)", self.0.len())
    }
}

impl Payload for BytesPayload {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let mut cursor = io::Cursor::new(Arc::clone(&self.0));
        cursor.set_position(start as u64);
        Ok(Box::new(cursor))
    }
}

/// Where downloaded bytes go: a [`File`](std::fs::File), a `Vec<u8>`, or what you make of it. Calls
/// are short: a write to the page cache or to memory.
pub trait ByteSink: Send {
    /// Takes the next bytes.
    ///
    /// # Errors
    /// Whatever the destination gave; the download ends with
    /// [`ErrorKind::Local`](crate::ErrorKind::Local).
    fn write(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Throws away everything taken so far: the transfer starts over.
    ///
    /// # Errors
    /// Whatever the destination gave.
    fn restart(&mut self) -> io::Result<()>;
}

impl ByteSink for Vec<u8> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.extend_from_slice(bytes);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.clear();
        Ok(())
    }
}

/// What a download came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched {
    /// Bytes handed to the sink since its last restart.
    pub bytes: u64,
    /// Whether the service named a length and it was met; without one a cut cannot be noticed by
    /// the transport.
    pub length_checked: bool,
}

/// Hears how far a transfer has come.
pub trait Progress: fmt::Debug + Send + Sync {
    /// `done` of `total` bytes are through.
    fn bytes(&self, done: u64, total: u64);
}

/// Hears nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn bytes(&self, _done: u64, _total: u64) {}
}
