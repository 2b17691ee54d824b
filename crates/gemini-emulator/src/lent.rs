//! The folder of an emulator that keeps nothing, and what killed ones left behind of theirs.

use std::fs::{self, File};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};

use crate::store::{OpenError, private_dirs};

const PREFIX: &str = "gemini-emulator-";
const LOCK: &str = "LOCK";
const TRIES: u32 = 50;

/// A private folder that is removed at the end.
#[derive(Debug)]
pub(crate) struct LentDir(PathBuf);

impl LentDir {
    /// Makes a folder under `base`, and locks it as its own.
    pub(crate) fn make(base: &Path) -> Result<(Self, File), OpenError> {
        let mut builder = private_dirs();
        builder.recursive(false);
        let chance = RandomState::new();
        for n in 0..TRIES {
            // A name is never used again: a sweep that is late must not meet another's folder.
            let name = format!("{PREFIX}{}-{:016x}", std::process::id(), chance.hash_one(n));
            let dir = base.join(name);
            match builder.create(&dir) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                outcome => outcome?,
            }
            // A sweep may have come between: then it has the lock, or the file is gone.
            match lock(&dir) {
                Ok(lock) if dir.join(LOCK).exists() => return Ok((Self(dir), lock)),
                Ok(_) | Err(OpenError::Locked) => {}
                Err(OpenError::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
        Err(OpenError::Io(io::ErrorKind::AlreadyExists.into()))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes the folder, also while a request that is ending still writes into it.
    pub(crate) fn remove(&self) {
        let mut outcome = Ok(());
        for _ in 0..TRIES {
            outcome = fs::remove_dir_all(&self.0);
            match &outcome {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(_) => std::thread::yield_now(),
                Ok(()) => return,
            }
        }
        if let Err(error) = outcome {
            tracing::warn!(?error, folder = ?self.0, "failed to remove the emulator's folder");
        }
    }
}

impl Drop for LentDir {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Locks a folder for one emulator.
pub(crate) fn lock(dir: &Path) -> Result<File, OpenError> {
    let file = File::create(dir.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(fs::TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Removes folders whose emulators were killed: their locks are free. What cannot be removed is
/// left for the next start.
pub(crate) fn sweep(base: &Path) {
    let Ok(entries) = fs::read_dir(base) else { return };
    for entry in entries.flatten() {
        let ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        // Not what a link points to.
        if !ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        // One without the file is just being made.
        let Ok(lock) = File::open(entry.path().join(LOCK)) else { continue };
        if lock.try_lock().is_ok() {
            tracing::debug!(folder = ?entry.path(), "removing what a killed emulator left");
            LentDir(entry.path()).remove();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_emulator_left_is_swept_and_what_is_in_use_is_not() {
        let base = tempfile::tempdir().unwrap();
        let (left, lock) = LentDir::make(base.path()).unwrap();
        fs::create_dir(left.path().join("uploads")).unwrap();
        fs::write(left.path().join("uploads/u.data"), b"abc").unwrap();
        let path = left.path().to_path_buf();
        // As after SIGKILL: the lock is free, and nobody removed anything.
        std::mem::forget(left);
        drop(lock);
        let (used, _lock) = LentDir::make(base.path()).unwrap();
        let strange = base.path().join("gemini-emulator-notes");
        fs::create_dir(&strange).unwrap();
        sweep(base.path());
        assert!(!path.exists());
        assert!(used.path().exists() && strange.exists());
    }
}
