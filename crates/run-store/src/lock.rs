//! One process at a time works on a run; the system frees the lock when the process is gone.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use crate::stamp::Stamp;
use crate::{RunPaths, Session, StoreError, safe};

/// More than any holder writes: the text is for a message only and may be anything.
const MAX_TEXT: u64 = 4096;

/// The right to change a run, until it is dropped.
#[derive(Debug)]
#[must_use = "the run is locked only as long as this lives"]
pub struct Lock {
    file: File,
    paths: RunPaths,
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
    ) -> Result<Self, StoreError> {
        let path = paths.lock();
        paths.check(&path)?;
        let options = &mut OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = safe::open(&path, options)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(busy(paths, &mut file)),
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                return Err(StoreError::NoLocks { path });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::io("lock", &path)(error)),
        }
        let holder = Holder {
            pid: Some(session.pid),
            host: Some(session.host.clone()),
            since: Stamp::new(at).ok().map(|at| at.to_string()),
        };
        write_holder(&mut file, &holder).map_err(StoreError::io("write", &path))?;
        paths.sweep()?;
        Ok(Self { file, paths: paths.clone() })
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

fn write_holder(file: &mut File, holder: &Holder) -> io::Result<()> {
    let mut text = serde_json::to_vec(holder)?;
    text.push(b'\n');
    file.set_len(0)?;
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&text)
}

fn busy(paths: &RunPaths, file: &mut File) -> StoreError {
    let mut text = Vec::new();
    let read = file.take(MAX_TEXT).read_to_end(&mut text);
    let holder = read.ok().and_then(|_| serde_json::from_slice(&text).ok()).unwrap_or_default();
    let Holder { pid, host, since } = holder;
    StoreError::Busy { path: paths.root().to_owned(), pid, host, since }
}
