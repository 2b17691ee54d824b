//! Results as they come, into the job's own folder, and read-only once they are whole.

use std::io::{self, Write};

use batch_backend::ByteSink;
use batch_orchestrator::{Download, JobId, ResultSink, StoredResult, Tally};

use crate::own::Own;
use crate::{AtomicFile, RunFolder, RunPaths, StoreError, atomic};

/// Keeps the results of each job in `jobs/JOB/raw.jsonl` (0400).
#[derive(Debug, Clone)]
pub struct FolderSink {
    paths: RunPaths,
    fetched: Own<JobId>,
}

impl FolderSink {
    /// A sink into a run whose lock the caller holds.
    pub fn new(folder: &RunFolder) -> Self {
        Self { paths: folder.paths().clone(), fetched: folder.fetched().clone() }
    }
}

impl ResultSink for FolderSink {
    fn begin(&self, job: JobId) -> io::Result<Box<dyn Download>> {
        let path = self.paths.raw(job);
        let folder = path.parent().unwrap_or(self.paths.root());
        self.paths.make_folder(folder)?;
        atomic::remove_partials(folder, "raw.jsonl")?;
        let file = self.paths.create_file(&path)?;
        Ok(Box::new(FileDownload {
            file,
            job,
            tally: Tally::default(),
            fetched: self.fetched.clone(),
        }))
    }
}

struct FileDownload {
    file: AtomicFile,
    job: JobId,
    tally: Tally,
    fetched: Own<JobId>,
}

impl ByteSink for FileDownload {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let path = self.file.path().to_owned();
        self.file.write_all(bytes).map_err(StoreError::io("write", &path))?;
        self.tally.add(bytes);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.file.restart()?;
        self.tally = Tally::default();
        Ok(())
    }
}

impl Download for FileDownload {
    fn tally(&self) -> StoredResult {
        self.tally.result()
    }

    fn keep(self: Box<Self>) -> io::Result<StoredResult> {
        let result = self.tally.result();
        let path = self.file.path().to_owned();
        self.file.commit_read_only()?;
        self.fetched.note(self.job, &path)?;
        tracing::debug!(target: "job", job = %self.job, bytes = result.bytes, "results kept");
        Ok(result)
    }
}
