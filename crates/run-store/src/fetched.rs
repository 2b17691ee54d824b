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
    fn of(found: &Metadata) -> Option<Self> {
        let changed = (found.ctime(), found.ctime_nsec());
        let (device, inode, bytes) = (found.dev(), found.ino(), found.size());
        Self { device, inode, bytes, changed }.telling()
    }

    /// `None` where that time has no digits below the second: file systems that keep none (vfat, some over the
    /// network or in user space) would hide a change within the second, or make the time up. The digest tells of
    /// those files.
    fn telling(self) -> Option<Self> {
        (self.changed.1 != 0).then_some(self)
    }
}

impl Fetched {
    /// Notes the file that now holds the results of `job`.
    pub(crate) fn note(&self, job: JobId, path: &Path) -> io::Result<()> {
        self.enter(job, Mark::of(&path.symlink_metadata()?));
        Ok(())
    }

    fn enter(&self, job: JobId, mark: Option<Mark>) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match mark {
            Some(mark) => marks.insert(job, mark),
            None => marks.remove(&job),
        };
    }

    /// Whether this is the file that was noted, and has not been touched since.
    pub(crate) fn is(&self, job: JobId, file: &File) -> bool {
        self.knows(job, file.metadata().ok().as_ref().and_then(Mark::of))
    }

    fn knows(&self, job: JobId, found: Option<Mark>) -> bool {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.is_some() && marks.get(&job).copied() == found
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use batch_orchestrator::InputId;

    use super::*;

    const JOB: JobId = JobId { input: InputId { shard: 1, variant: 0 }, model: 0 };
    const OTHER: JobId = JobId { input: InputId { shard: 2, variant: 0 }, model: 0 };
    const NOTED: Mark = Mark { device: 1, inode: 2, bytes: 3, changed: (1_795_000_000, 42) };

    /// Whether a file that is found so counts as the one that was noted so.
    fn untouched(noted: Mark, found: Mark) -> bool {
        let fetched = Fetched::default();
        fetched.enter(JOB, noted.telling());
        fetched.knows(JOB, found.telling())
    }

    #[test]
    fn a_file_is_untouched_while_nothing_of_its_mark_changes() {
        assert!(untouched(NOTED, NOTED));
        for other in [
            Mark { device: 9, ..NOTED },
            Mark { inode: 9, ..NOTED },
            Mark { bytes: 9, ..NOTED },
            Mark { changed: (1_795_000_001, 42), ..NOTED },
            Mark { changed: (1_795_000_000, 43), ..NOTED },
        ] {
            assert!(!untouched(NOTED, other), "{other:?}");
        }
        assert!(!Fetched::default().knows(JOB, Some(NOTED)), "noted by nobody");
    }

    #[test]
    fn a_time_without_digits_below_the_second_tells_nothing() {
        // Touched within the second or not: it looks the same.
        let whole = Mark { changed: (1_795_000_000, 0), ..NOTED };
        assert!(!untouched(whole, whole));
        assert!(!untouched(whole, NOTED) && !untouched(NOTED, whole));
    }

    #[test]
    fn a_later_file_without_such_digits_takes_the_mark_of_an_earlier_one_away() {
        let fetched = Fetched::default();
        fetched.enter(JOB, NOTED.telling());
        fetched.enter(OTHER, NOTED.telling());
        fetched.enter(JOB, Mark { changed: (1_795_000_000, 0), ..NOTED }.telling());
        assert_eq!(
            (fetched.knows(JOB, Some(NOTED)), fetched.knows(OTHER, Some(NOTED))),
            (false, true)
        );
    }

    #[test]
    fn a_file_is_known_by_what_the_file_system_says_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw.jsonl");
        let open = || File::open(&path).unwrap();
        let fetched = Fetched::default();
        fs::write(&path, "{}\n").unwrap();
        fetched.note(JOB, &path).unwrap();
        let has_digits = open().metadata().unwrap().ctime_nsec() != 0;
        assert_eq!(fetched.is(JOB, &open()), has_digits);
        assert!(!fetched.is(OTHER, &open()));
        fs::write(&path, "{}\n\n").unwrap();
        assert!(!fetched.is(JOB, &open()), "longer");
        fetched.note(JOB, &path).unwrap();
        // Held open, so that its number is not given to the new one.
        let _old = open();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "{}\n\n").unwrap();
        assert!(!fetched.is(JOB, &open()), "another file in its place");
        fs::remove_file(&path).unwrap();
        assert!(fetched.note(JOB, &path).is_err());
    }
}
