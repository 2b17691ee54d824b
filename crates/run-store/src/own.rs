//! Which files this process wrote itself, so that they need not be read twice to be known.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The files that were written: results by their jobs, inputs by their ids; shared by all who know the folder.
#[derive(Debug)]
pub(crate) struct Own<K>(Arc<Mutex<BTreeMap<K, Mark>>>);

impl<K> Clone for Own<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Own<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

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

impl<K: Ord> Own<K> {
    /// Notes the file that was just written.
    pub(crate) fn note(&self, key: K, path: &Path) -> io::Result<()> {
        self.enter(key, Mark::of(&path.symlink_metadata()?));
        Ok(())
    }

    fn enter(&self, key: K, mark: Option<Mark>) {
        let mut marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match mark {
            Some(mark) => marks.insert(key, mark),
            None => marks.remove(&key),
        };
    }

    /// Whether this is the file that was noted, and has not been touched since.
    pub(crate) fn is(&self, key: &K, file: &File) -> bool {
        self.knows(key, file.metadata().ok().as_ref().and_then(Mark::of))
    }

    fn knows(&self, key: &K, found: Option<Mark>) -> bool {
        let marks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        found.is_some() && marks.get(key).copied() == found
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use batch_orchestrator::{InputId, JobId};

    use super::*;

    const JOB: JobId = JobId { input: InputId { shard: 1, variant: 0 }, model: 0 };
    const OTHER: JobId = JobId { input: InputId { shard: 2, variant: 0 }, model: 0 };
    const NOTED: Mark = Mark { device: 1, inode: 2, bytes: 3, changed: (1_795_000_000, 42) };

    /// Whether a file that is found so counts as the one that was noted so.
    fn untouched(noted: Mark, found: Mark) -> bool {
        let own = Own::default();
        own.enter(JOB, noted.telling());
        own.knows(&JOB, found.telling())
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
        assert!(!Own::default().knows(&JOB, Some(NOTED)), "noted by nobody");
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
        let own = Own::default();
        own.enter(JOB, NOTED.telling());
        own.enter(OTHER, NOTED.telling());
        own.enter(JOB, Mark { changed: (1_795_000_000, 0), ..NOTED }.telling());
        assert_eq!((own.knows(&JOB, Some(NOTED)), own.knows(&OTHER, Some(NOTED))), (false, true));
    }

    #[test]
    fn a_file_is_known_by_what_the_file_system_says_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("raw.jsonl");
        let open = || File::open(&path).unwrap();
        let own = Own::default();
        fs::write(&path, "{}\n").unwrap();
        own.note(JOB, &path).unwrap();
        let has_digits = open().metadata().unwrap().ctime_nsec() != 0;
        assert_eq!(own.is(&JOB, &open()), has_digits);
        assert!(!own.is(&OTHER, &open()));
        fs::write(&path, "{}\n\n").unwrap();
        assert!(!own.is(&JOB, &open()), "longer");
        own.note(JOB, &path).unwrap();
        // Held open, so that its number is not given to the new one.
        let _old = open();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "{}\n\n").unwrap();
        assert!(!own.is(&JOB, &open()), "another file in its place");
        fs::remove_file(&path).unwrap();
        assert!(own.note(JOB, &path).is_err());
    }
}
