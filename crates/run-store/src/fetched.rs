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

/// What tells a file that nobody has touched from any other: local file systems set the time of its last change
/// themselves, to the tick of their clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    bytes: u64,
    changed: (i64, i64),
}

impl Mark {
    /// `None` where that time has no digits below the second: file systems that keep none (vfat, some over the
    /// network or in user space) would hide a change within the second, or make the time up. The digest tells of
    /// those files.
    fn of(found: &Metadata) -> Option<Self> {
        let changed = (found.ctime(), found.ctime_nsec());
        let (device, inode, bytes) = (found.dev(), found.ino(), found.size());
        (changed.1 != 0).then_some(Self { device, inode, bytes, changed })
    }
}

impl Fetched {
    /// Notes the file that now holds the results of `job`.
    pub(crate) fn note(&self, job: JobId, path: &Path) -> io::Result<()> {
        let mark = Mark::of(&path.symlink_metadata()?);
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match mark {
            Some(mark) => marks.insert(job, mark),
            None => marks.remove(&job),
        };
        Ok(())
    }

    /// Whether this is the file that was noted, and has not been touched since.
    pub(crate) fn is(&self, job: JobId, file: &File) -> bool {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = marks.get(&job).copied();
        noted.is_some() && noted == file.metadata().ok().as_ref().and_then(Mark::of)
    }
}
