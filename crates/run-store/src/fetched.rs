//! Which results this process fetched itself, so that they need not be read twice to be known.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use batch_orchestrator::JobId;

/// The files that were kept, by their jobs; shared by all who know the folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fetched(Arc<Mutex<BTreeMap<JobId, Mark>>>);

/// What tells a file that nobody has touched from any other: no call sets the time of its last change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Mark {
    fn of(found: &Metadata) -> Self {
        let changed = (found.ctime(), found.ctime_nsec());
        Self { device: found.dev(), inode: found.ino(), bytes: found.size(), changed }
    }
}

impl Fetched {
    /// Notes the file that now holds the results of `job`.
    pub(crate) fn note(&self, job: JobId, path: &Path) -> io::Result<()> {
        let mark = Mark::of(&path.symlink_metadata()?);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job, mark);
        Ok(())
    }

    /// Whether this is the file that was noted, and has not been touched since.
    pub(crate) fn is(&self, job: JobId, file: &File) -> bool {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = marks.get(&job).copied();
        noted.is_some() && noted == file.metadata().ok().as_ref().map(Mark::of)
    }
}
