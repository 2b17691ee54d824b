//! Where results go: the trait, and an implementation in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use batch_backend::ByteSink;
use sha2::{Digest, Sha256};

use crate::{JobId, StoredResult};

/// Opens a place for each download.
///
/// Implemented by a folder (in `run-store`) and by memory ([`MemorySink`]).
pub trait ResultSink: fmt::Debug + Send + Sync {
    /// A fresh place for the results of `job`. What an earlier download left unfinished is gone;
    /// what was kept is still there until this one is kept.
    ///
    /// # Errors
    /// Whatever storage gave.
    fn begin(&self, job: JobId) -> io::Result<Box<dyn Download>>;
}

/// One download under way. Dropping it without [`keep`](Download::keep) leaves nothing behind.
pub trait Download: ByteSink {
    /// What has been taken so far.
    fn tally(&self) -> StoredResult;

    /// Puts the bytes on stable storage under their final name.
    ///
    /// # Errors
    /// Whatever storage gave; then nothing stands under the final name that did not before.
    fn keep(self: Box<Self>) -> io::Result<StoredResult>;
}

/// Counts and digests bytes as they pass: what a [`Download`] tallies.
#[derive(Clone, Default)]
pub struct Tally {
    bytes: u64,
    lines: u64,
    last: Option<u8>,
    hash: Sha256,
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Tally {
    /// Takes the next bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.lines += newlines(bytes);
        self.last = bytes.last().copied().or(self.last);
        self.hash.update(bytes);
    }

    /// What came so far; a last line without its end counts as a line.
    pub fn result(&self) -> StoredResult {
        let whole = self.last.is_none_or(|b| b == b'\n');
        StoredResult {
            bytes: self.bytes,
            lines: self.lines + u64::from(!whole),
            sha256: self.hash.clone().finalize().iter().fold(String::new(), |mut hex, byte| {
                // Writing to a string cannot fail.
                let _ = fmt::Write::write_fmt(&mut hex, format_args!("{byte:02x}"));
                hex
            }),
            whole,
        }
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}

/// Results in memory. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    kept: Arc<Mutex<BTreeMap<JobId, Vec<u8>>>>,
}

impl MemorySink {
    /// The kept results of a job.
    pub fn kept(&self, job: JobId) -> Option<Vec<u8>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(&job).cloned()
    }
}

impl ResultSink for MemorySink {
    fn begin(&self, job: JobId) -> io::Result<Box<dyn Download>> {
        let home = self.clone();
        Ok(Box::new(MemoryDownload { home, job, bytes: Vec::new(), tally: Tally::default() }))
    }
}

struct MemoryDownload {
    home: MemorySink,
    job: JobId,
    bytes: Vec<u8>,
    tally: Tally,
}

impl ByteSink for MemoryDownload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes.extend_from_slice(bytes);
        self.tally.add(bytes);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.bytes.clear();
        self.tally = Tally::default();
        Ok(())
    }
}

impl Download for MemoryDownload {
    fn tally(&self) -> StoredResult {
        self.tally.result()
    }

    fn keep(self: Box<Self>) -> io::Result<StoredResult> {
        let result = self.tally.result();
        let mut kept = self.home.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(self.job, self.bytes);
        Ok(result)
    }
}
