//! A run being made: its inputs are written first, `run.json` last.

use std::fs;
use std::time::SystemTime;

use batch_orchestrator::{InputId, RunTag};

use crate::own::Own;
use crate::{Asked, FORMAT, Lock, Made, Manifest, OwnName, RunFolder, RunPaths, StoreError};
use crate::{atomic_write, input, journal};

/// A run being made; dropped without [`commit`](Self::commit), its folder is removed.
///
/// A process killed in between leaves a folder without `run.json`, which
/// [`Runs::recreate`](crate::Runs::recreate) takes over.
#[derive(Debug)]
pub struct Draft {
    /// Taken out by `commit`.
    lock: Option<Lock>,
    paths: RunPaths,
    tag: RunTag,
    name: OwnName,
    created: SystemTime,
    written: Own<InputId>,
}

impl Draft {
    pub(crate) fn new(lock: Lock, tag: RunTag, name: OwnName, created: SystemTime) -> Self {
        tracing::debug!(target: "run", run = %name, "run folder made");
        let paths = lock.paths().clone();
        Self { lock: Some(lock), paths, tag, name, created, written: Own::default() }
    }

    /// Where its files go: write them with [`RunPaths::create_file`].
    pub fn paths(&self) -> &RunPaths {
        &self.paths
    }

    /// Notes that an input lies where it belongs, whole: as long as nobody touches it, it is not read again before it
    /// is sent.
    ///
    /// # Errors
    /// When there is no such file; I/O.
    pub fn wrote(&self, id: InputId) -> Result<(), StoreError> {
        let path = self.paths.input(id);
        self.written.note(id, &path).map_err(StoreError::io("look at", &path))
    }

    /// The new run's mark.
    pub fn tag(&self) -> &RunTag {
        &self.tag
    }

    /// The new run's name.
    pub fn name(&self) -> &OwnName {
        &self.name
    }

    /// Makes it a run, for good; `program` is what made it, as `batch-eval 0.1.0`.
    ///
    /// # Errors
    /// When an input is not there with the length given; I/O.
    pub fn commit(
        mut self,
        asked: Asked,
        made: Made,
        program: &str,
    ) -> Result<(RunFolder, Lock), StoreError> {
        for input in &made.inputs {
            input::check(&self.paths, input, &self.written)?;
        }
        let manifest = Manifest {
            v: FORMAT,
            tag: self.tag.clone(),
            name: self.name.clone(),
            created: self.created,
            program: program.to_owned(),
            asked,
            made,
        };
        let path = self.paths.manifest();
        let bytes =
            manifest.to_bytes().map_err(|error| StoreError::io("write", &path)(error.into()))?;
        journal::start(&self.paths, &manifest, &bytes)?;
        atomic_write(&path, &bytes)?;
        let mut run = RunFolder::open(self.paths.root())?;
        run.written = self.written.clone();
        let lock =
            self.lock.take().ok_or_else(|| StoreError::damaged(&path, "it is made twice"))?;
        tracing::debug!(target: "run", run = %self.name, rows = run.manifest().made.rows, "run made");
        Ok((run, lock))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        // What cannot be removed stays as an unfinished creation, which is recognised as such.
        if fs::symlink_metadata(self.paths.manifest()).is_err() && self.paths.clear().is_ok() {
            let _ = fs::remove_file(self.paths.lock());
            let _ = fs::remove_dir(self.paths.root());
        }
        drop(lock);
    }
}
