//! A run that exists: what it is, where its files are, and the ways into them.

use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use batch_backend::{ModelId, Payload};
use batch_orchestrator::{InputId, InputSource, JobId, Load, NewInput, Plan, PlannedInput, Tally};

use crate::input::{self, InputFile};
use crate::lock::Without;
use crate::own::Own;
use crate::{Lock, Manifest, Print, RunPaths, Session, StoreError, runs, safe};

/// Far more than any `run.json`; what is larger is none.
const MAX_MANIFEST: u64 = 64 << 20;

/// One run's folder, with its `run.json` read.
#[derive(Debug, Clone)]
pub struct RunFolder {
    paths: RunPaths,
    manifest: Arc<Manifest>,
    /// Of `run.json`; the journal knows what it has to be.
    digest: String,
    fetched: Own<JobId>,
    /// The inputs that this process made.
    pub(crate) written: Own<InputId>,
}

impl PartialEq for RunFolder {
    /// Whether both are the same run in the same place, whoever fetched what of it.
    fn eq(&self, other: &Self) -> bool {
        (&self.paths, &self.manifest, &self.digest)
            == (&other.paths, &other.manifest, &other.digest)
    }
}

impl Eq for RunFolder {}

impl RunFolder {
    /// Opens the run in `path`, without changing or locking it.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] when others could change it, [`StoreError::Unfinished`] when its
    /// creation was cut off, [`StoreError::Foreign`] when it is no run, [`StoreError::Damaged`]
    /// or [`StoreError::Newer`] when `run.json` cannot be read; I/O.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let paths = RunPaths::new(path);
        safe::check_folder(paths.root())?;
        let path = paths.manifest();
        let file = match paths.open_file(&path) {
            Err(error) if error.is_absence() => match runs::what_is_there(&paths)? {
                // Another process made it between the two looks.
                StoreError::Exists { .. } => paths.open_file(&path)?,
                other => return Err(other),
            },
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(MAX_MANIFEST).read_to_end(&mut bytes).map_err(StoreError::io("read", &path))?;
        let manifest = Arc::new(Manifest::parse(&bytes, &path)?);
        let (fetched, written) = (Own::default(), Own::default());
        Ok(Self { paths, manifest, digest: digest(&bytes), fetched, written })
    }

    /// Where everything lies.
    pub fn paths(&self) -> &RunPaths {
        &self.paths
    }

    /// Which results were fetched through this folder or a clone of it.
    pub(crate) fn fetched(&self) -> &Own<JobId> {
        &self.fetched
    }

    /// Whether `file` holds the results of `job` as this process fetched them, and nobody has touched it since: then
    /// its digest need not be taken again. Ask once more when it was read; what is changed meanwhile is changed then.
    pub fn is_as_fetched(&self, job: JobId, file: &File) -> bool {
        self.fetched.is(&job, file)
    }

    /// What the run is.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Locks the run for this process; never waits.
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the holder, [`StoreError::NoLocks`] on filesystems without locks.
    pub fn lock(&self, session: &Session, at: SystemTime) -> Result<Lock, StoreError> {
        Lock::take(&self.paths, session, at, Without::Refuse)
    }

    /// As [`lock`](Self::lock), but on filesystems without locks nothing keeps other processes away: see
    /// [`Lock::is_held`].
    ///
    /// # Errors
    /// [`StoreError::Busy`] with the holder.
    pub fn lock_where_possible(
        &self,
        session: &Session,
        at: SystemTime,
    ) -> Result<Lock, StoreError> {
        Lock::take(&self.paths, session, at, Without::GoOn)
    }

    /// One input as something to upload.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the run has no such input, or not with the length it was made
    /// with; I/O.
    pub fn payload(&self, id: InputId) -> Result<InputFile, StoreError> {
        let made =
            self.manifest.made.inputs.iter().find(|input| input.id == id).ok_or_else(|| {
                StoreError::damaged(&self.paths.manifest(), format!("it names no input {id}"))
            })?;
        input::check(&self.paths, made, &self.written)
    }

    /// All of the run for the orchestrator: its mark, its inputs, its models, and where the inputs
    /// lie that attempts add. Which those are is told by the journal.
    ///
    /// # Errors
    /// As [`payload`](Self::payload), and [`StoreError::Damaged`] for models without a valid name.
    pub fn plan(&self) -> Result<Plan, StoreError> {
        let models = self.manifest.asked.models.iter().map(|model| ModelId::parse(model));
        let models = models
            .collect::<Result<_, _>>()
            .map_err(|error| StoreError::damaged(&self.paths.manifest(), error.to_string()))?;
        let mut inputs = Vec::new();
        for made in &self.manifest.made.inputs {
            let payload: Arc<dyn Payload> =
                Arc::new(input::check(&self.paths, made, &self.written)?);
            let loads = made.loads.iter().copied().map(Load::from).collect();
            inputs.push(PlannedInput::new(made.id, payload).with_loads(loads).with_rows(made.rows));
        }
        let again = Arc::new(FolderInputs { paths: self.paths.clone() });
        Ok(Plan::new(self.manifest.tag.clone(), inputs, models).with_again(again))
    }

    /// Lower-case hex SHA-256 of `run.json` as it was read.
    pub(crate) fn digest(&self) -> &str {
        &self.digest
    }
}

/// Inputs that attempts added, in the same folder as the run's own.
#[derive(Debug)]
struct FolderInputs {
    paths: RunPaths,
}

impl InputSource for FolderInputs {
    fn open(&self, input: &NewInput) -> io::Result<Arc<dyn Payload>> {
        let print = input.print.map(Print::new);
        Ok(Arc::new(InputFile::open(&self.paths, input.id, print, &Own::default())?))
    }
}

/// Lower-case hex SHA-256.
pub(crate) fn digest(bytes: &[u8]) -> String {
    let mut tally = Tally::default();
    tally.add(bytes);
    tally.result().sha256
}
