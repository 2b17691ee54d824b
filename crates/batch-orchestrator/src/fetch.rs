//! Fetches results into a fresh place, and keeps what came only where it may be all there is.

use std::io;

use batch_backend::{BackendError, ByteSink, ErrorKind, Operation, OutputName};

use crate::observe::Download;
use crate::{JobId, Listener, Notice, StoredResult, World};

/// What is fetched, and what is thought of what comes.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) job: JobId,
    pub(crate) output: OutputName,
    /// The rows that the service promised.
    pub(crate) rows: Option<u64>,
    /// The digest of the last attempt, if it seemed not whole.
    pub(crate) accept: Option<String>,
    /// The most bytes that are taken.
    pub(crate) most: u64,
}

impl Fetch {
    /// Keeps what comes, unless it is too long, ends inside a line, has fewer lines than the service promised
    /// rows, or neither rows nor bytes were promised: then only if the last attempt came to the very same
    /// bytes. The transport cannot vouch for a download without a length.
    pub(crate) async fn run(self, world: &World) -> Result<Download, BackendError> {
        let mut download = world.sink.begin(self.job).map_err(|error| self.local(error))?;
        let mut counting = Counting {
            download: download.as_mut(),
            job: self.job,
            bytes: 0,
            most: self.most,
            is_over: false,
            listener: world.listener.as_ref(),
        };
        let fetched = world.backend.fetch(&self.output, &mut counting).await;
        if counting.is_over {
            return Ok(Download::TooLong(self.most));
        }
        let told = fetched?.length_checked;
        let tally: StoredResult = download.tally();
        let short = self.rows.map_or(tally.lines == 0 || !told, |rows| tally.lines < rows);
        if (!tally.whole || short) && self.accept.as_deref() != Some(tally.sha256.as_str()) {
            return Ok(Download::Suspect(tally));
        }
        download.keep().map(Download::Kept).map_err(|error| self.local(error))
    }

    fn local(&self, error: io::Error) -> BackendError {
        let reason = "the results cannot be stored";
        BackendError::new(Operation::Fetch, self.output.as_str(), ErrorKind::Local, reason)
            .with_source(error)
            .with_hint("make room or mend the disk, then resume: nothing is lost")
    }
}

/// Tells how far a download is, and ends one that is too long.
struct Counting<'d> {
    download: &'d mut dyn crate::Download,
    job: JobId,
    bytes: u64,
    most: u64,
    is_over: bool,
    listener: &'d dyn Listener,
}

impl ByteSink for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.is_over |= self.bytes > self.most;
        if self.is_over {
            return Err(io::Error::other("more came than is taken"));
        }
        self.listener.notice(&Notice::Downloaded { job: self.job, bytes: self.bytes });
        self.download.write(bytes)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.bytes = 0;
        self.download.restart()
    }
}
