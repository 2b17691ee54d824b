//! One process at a time works on a run; the system frees the lock when the process is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::SystemTime;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;
use crate::{RunPaths, Session, StoreError, safe};

/// More than any holder writes: the text is for a message only and may be anything.
const MAX_TEXT: u64 = 4096;

/// A lock service that is away for a moment says what a file system without locks says.
const TRIES: u32 = 3;

/// The right to change a run, until it is dropped.
#[derive(Debug)]
#[must_use = "the run is locked only as long as this lives"]
pub struct Lock {
    file: File,
    paths: RunPaths,
    is_held: bool,
}

/// What is done where the file system has no locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Without {
    /// The run is left alone.
    #[default]
    Refuse,
    /// Somebody else sees to it that nobody else works on the run.
    GoOn,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Holder {
    pid: Option<u32>,
    host: Option<String>,
    since: Option<String>,
}

impl Lock {
    /// Takes the lock of a run, or says who has it; never waits.
    pub(crate) fn take(
        paths: &RunPaths,
        session: &Session,
        at: SystemTime,
        without: Without,
    ) -> Result<Self, StoreError> {
        Self::take_by(paths, session, at, without, File::try_lock)
    }

    /// As [`take`](Self::take), with what the file system does.
    fn take_by(
        paths: &RunPaths,
        session: &Session,
        at: SystemTime,
        without: Without,
        try_lock: impl Fn(&File) -> Result<(), TryLockError>,
    ) -> Result<Self, StoreError> {
        let path = paths.lock();
        paths.check(&path)?;
        let options = &mut OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = safe::open(&path, options)?;
        let mut tried = try_lock(&file);
        for _ in 1..TRIES {
            match &tried {
                Err(TryLockError::Error(error)) if has_no_locks(error) => tried = try_lock(&file),
                _ => break,
            }
        }
        let is_held = match tried {
            Ok(()) => true,
            Err(TryLockError::WouldBlock) => return Err(busy(paths, &mut file)),
            Err(TryLockError::Error(error)) if has_no_locks(&error) => match without {
                Without::Refuse => return Err(StoreError::NoLocks { path }),
                // What it has half written, and the end of its journal, would be taken for left behind.
                Without::GoOn if is_at_work(&holder(&mut file), session) => {
                    return Err(busy(paths, &mut file));
                }
                Without::GoOn => false,
            },
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path)(error)),
        };
        let holder = Holder {
            pid: Some(session.pid),
            host: Some(session.host.clone()),
            since: Stamp::new(at).ok().map(|at| at.to_string()),
        };
        write_holder(&mut file, &holder).map_err(StoreError::io("write", &path))?;
        paths.sweep()?;
        Ok(Self { file, paths: paths.clone(), is_held })
    }

    /// Whether the system keeps others away: not where the file system has no locks.
    pub fn is_held(&self) -> bool {
        self.is_held
    }

    /// The places of the locked run.
    pub fn paths(&self) -> &RunPaths {
        &self.paths
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Only so that nobody is named who has gone; the lock itself goes with the file.
        let _ = self.file.set_len(0);
    }
}

/// Whether it is the file system that has no locks, or none for this machine.
fn has_no_locks(error: &io::Error) -> bool {
    let none = [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP, Errno::NOTSUP];
    error.kind() == io::ErrorKind::Unsupported
        || none.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)
}

fn busy(paths: &RunPaths, file: &mut File) -> StoreError {
    let Holder { pid, host, since } = holder(file);
    StoreError::Busy { path: paths.root().to_owned(), pid, host, since }
}

/// What the lock file says, as far as it is a text of ours.
fn holder(file: &mut File) -> Holder {
    let mut text = Vec::new();
    let read = file.rewind().and_then(|()| file.take(MAX_TEXT).read_to_end(&mut text));
    read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default()
}

/// Whether another process of this machine that wrote its name down is still there.
fn is_at_work(holder: &Holder, session: &Session) -> bool {
    let other = holder.pid.filter(|pid| *pid != session.pid);
    let pid = other.and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let is_here = holder.host.as_ref() == Some(&session.host);
    is_here && pid.is_some_and(|pid| !matches!(test_kill_process(pid), Err(Errno::SRCH)))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn taken(errno: Errno, without: Without) -> Result<Lock, StoreError> {
        let home = tempfile::tempdir().unwrap();
        let paths = RunPaths::new(home.path().join("r"));
        safe::make_folders(paths.root()).unwrap();
        let refuse = |_: &File| Err(TryLockError::Error(errno.into()));
        Lock::take_by(&paths, &Session::here("t"), SystemTime::UNIX_EPOCH, without, refuse)
    }

    #[test]
    fn a_file_system_without_locks_is_gone_on_with_only_when_somebody_says_so() {
        for errno in [Errno::NOLCK, Errno::NOSYS, Errno::OPNOTSUPP] {
            let error = taken(errno, Without::Refuse).unwrap_err();
            assert!(matches!(error, StoreError::NoLocks { .. }), "{error}");
            assert!(error.hint().unwrap().contains("--no-lock"));
            assert!(!taken(errno, Without::GoOn).unwrap().is_held());
        }
    }

    #[test]
    fn locks_that_are_away_for_a_moment_are_taken() {
        let home = tempfile::tempdir().unwrap();
        let paths = RunPaths::new(home.path().join("r"));
        safe::make_folders(paths.root()).unwrap();
        let left = Cell::new(TRIES - 1);
        let refuse_at_first = |file: &File| match left.get() {
            0 => file.try_lock(),
            more => {
                left.set(more - 1);
                Err(TryLockError::Error(Errno::NOLCK.into()))
            }
        };
        let (session, at) = (Session::here("t"), SystemTime::UNIX_EPOCH);
        let lock = Lock::take_by(&paths, &session, at, Without::Refuse, refuse_at_first).unwrap();
        assert!(lock.is_held());
    }

    #[test]
    fn without_locks_a_process_that_is_still_there_keeps_the_run() {
        let home = tempfile::tempdir().unwrap();
        let paths = RunPaths::new(home.path().join("r"));
        safe::make_folders(paths.root()).unwrap();
        let here = Session::here("t");
        let none = |_: &File| Err(TryLockError::Error(Errno::NOLCK.into()));
        let take = |as_of: &Session| {
            let at = SystemTime::UNIX_EPOCH;
            Lock::take_by(&paths, as_of, at, Without::GoOn, none)
        };
        // Whoever started this test runs as long as it does.
        let alive = Session { pid: std::os::unix::process::parent_id(), ..here.clone() };
        let lock = take(&alive).unwrap();
        let error = take(&here).unwrap_err();
        assert!(matches!(error, StoreError::Busy { pid, .. } if pid == Some(alive.pid)), "{error}");
        let elsewhere = Session { host: format!("not-{}", here.host), ..here.clone() };
        assert!(take(&elsewhere).is_ok(), "nothing is known of processes of other machines");
        drop(lock);
        // No system gives so high a number to a process.
        let gone = Session { pid: i32::MAX.unsigned_abs(), ..here.clone() };
        std::mem::forget(take(&gone).unwrap());
        assert!(take(&here).is_ok());
    }

    #[test]
    fn other_trouble_with_the_lock_is_never_gone_on_with() {
        for errno in [Errno::IO, Errno::INTR, Errno::BADF, Errno::INVAL, Errno::PERM] {
            for without in [Without::Refuse, Without::GoOn] {
                let error = taken(errno, without).unwrap_err();
                assert!(matches!(error, StoreError::Io { what: "lock", .. }), "{error}");
            }
        }
        let home = tempfile::tempdir().unwrap();
        let paths = RunPaths::new(home.path().join("r"));
        safe::make_folders(paths.root()).unwrap();
        let (session, at) = (Session::here("t"), SystemTime::UNIX_EPOCH);
        let first = Lock::take(&paths, &session, at, Without::GoOn).unwrap();
        assert!(first.is_held(), "where there are locks they are taken");
        let error = Lock::take(&paths, &session, at, Without::GoOn).unwrap_err();
        assert!(matches!(error, StoreError::Busy { .. }), "{error}");
    }
}
