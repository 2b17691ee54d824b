//! The folder that holds all runs: makes, lists and finds them.

use std::cmp::Reverse;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use batch_orchestrator::RunTag;

use crate::lock::Without;
use crate::paths::Contents;
use crate::{Draft, Lock, OwnName, RunFolder, RunPaths, Session, StoreError, run_tag, safe};

/// The folder that holds all runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    folder: PathBuf,
    without: Without,
}

/// What a new run is made with.
#[derive(Debug, Clone, Copy)]
pub struct NewRun<'a> {
    /// Its name; its mark if there is none.
    pub name: Option<&'a OwnName>,
    /// The time.
    pub at: SystemTime,
    /// A random number, so that two runs of one moment have different marks.
    pub entropy: u64,
    /// Who makes it.
    pub session: &'a Session,
}

/// A folder among the runs.
#[derive(Debug)]
#[non_exhaustive]
pub enum Listed {
    /// A run.
    Run(RunFolder),
    /// One whose creation was cut off, or is under way in another process.
    Unfinished(PathBuf),
    /// One that cannot be opened.
    Unreadable(PathBuf, StoreError),
}

impl Runs {
    /// The runs in `folder`, which need not exist yet.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), without: Without::Refuse }
    }

    /// The same, made without a lock where the filesystem has none: see [`Lock::is_held`].
    #[must_use]
    pub fn lock_where_possible(mut self) -> Self {
        self.without = Without::GoOn;
        self
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Begins a new run: its folder is there and locked, and nothing is in it.
    ///
    /// # Errors
    /// [`StoreError::Exists`], [`StoreError::Unfinished`] or [`StoreError::Foreign`] when
    /// something of that name is there; I/O.
    pub fn create(&self, new: &NewRun<'_>) -> Result<Draft, StoreError> {
        safe::make_folders(&self.folder)?;
        let (tag, paths) = self.place(new);
        match safe::make_new_folder(paths.root()) {
            Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
                return Err(what_is_there(&paths)?);
            }
            made => made?,
        }
        let lock = Lock::take(&paths, new.session, new.at, self.without)?;
        Ok(Draft::new(lock, tag, name_of(new), new.at))
    }

    /// As [`create`](Self::create), in the place of a run whose creation was cut off.
    ///
    /// # Errors
    /// As `create`, and [`StoreError::Busy`] while another process is still creating it.
    pub fn recreate(&self, new: &NewRun<'_>) -> Result<Draft, StoreError> {
        let (tag, paths) = self.place(new);
        safe::check_folder(paths.root())?;
        // Before the lock, so that nothing is written into a folder that is no run's.
        match what_is_there(&paths)? {
            StoreError::Unfinished { .. } => {}
            other => return Err(other),
        }
        let lock = Lock::take(&paths, new.session, new.at, self.without)?;
        // Once more: another process may have finished it between the look and the lock.
        match what_is_there(&paths)? {
            StoreError::Unfinished { .. } => paths.clear()?,
            other => return Err(other),
        }
        Ok(Draft::new(lock, tag, name_of(new), new.at))
    }

    /// Everything that is a run, newest first; then what is none yet or cannot be opened.
    ///
    /// Folders that are no run's are left out. A missing folder holds no runs.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, StoreError> {
        let read = |source| StoreError::io("read", &self.folder)(source);
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(read)?,
        };
        let mut listed = Vec::new();
        for entry in entries {
            let entry = entry.map_err(read)?;
            if entry.file_name().to_str().is_some_and(|name| OwnName::parse(name).is_ok()) {
                listed.extend(look(entry.path()));
            }
        }
        listed.sort_by_cached_key(Listed::order);
        Ok(listed)
    }

    /// A run by its name here or by the path of its folder; the newest without either.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or why the run cannot be opened.
    pub fn find(&self, which: Option<&str>) -> Result<RunFolder, StoreError> {
        let Some(which) = which else { return self.newest() };
        if let Ok(name) = OwnName::parse(which) {
            let path = self.folder.join(name.as_str());
            if fs::symlink_metadata(&path).is_ok() {
                return RunFolder::open(path);
            }
        }
        match fs::canonicalize(which) {
            Ok(path) => RunFolder::open(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(self.no_run(which)),
            Err(error) => Err(StoreError::io("open", Path::new(which))(error)),
        }
    }

    fn newest(&self) -> Result<RunFolder, StoreError> {
        match self.list()?.into_iter().next() {
            Some(Listed::Run(run)) => Ok(run),
            Some(Listed::Unreadable(_, error)) => Err(error),
            Some(Listed::Unfinished(path)) => Err(StoreError::Unfinished { path }),
            None => Err(StoreError::NotFound { what: format!("in {}", self.folder.display()) }),
        }
    }

    fn no_run(&self, which: &str) -> StoreError {
        let what = format!("{which:?} in {}, and no such folder", self.folder.display());
        StoreError::NotFound { what }
    }

    fn place(&self, new: &NewRun<'_>) -> (RunTag, RunPaths) {
        let tag = run_tag(new.at, new.entropy);
        let name = new.name.map_or(tag.as_str(), OwnName::as_str);
        let paths = RunPaths::new(self.folder.join(name));
        (tag, paths)
    }
}

impl Listed {
    fn order(&self) -> (u8, Reverse<Option<(SystemTime, String)>>, PathBuf) {
        match self {
            Self::Run(run) => {
                let manifest = run.manifest();
                let age = (manifest.created, manifest.tag.as_str().to_owned());
                (0, Reverse(Some(age)), run.paths().root().to_owned())
            }
            Self::Unreadable(path, _) => (1, Reverse(None), path.clone()),
            Self::Unfinished(path) => (2, Reverse(None), path.clone()),
        }
    }
}

fn name_of(new: &NewRun<'_>) -> OwnName {
    new.name.cloned().unwrap_or_else(|| OwnName::from(&run_tag(new.at, new.entropy)))
}

fn look(path: PathBuf) -> Option<Listed> {
    if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
        return None;
    }
    match RunFolder::open(&path) {
        Ok(run) => Some(Listed::Run(run)),
        Err(StoreError::Unfinished { .. }) => Some(Listed::Unfinished(path)),
        Err(StoreError::Foreign { .. }) => None,
        Err(error) => Some(Listed::Unreadable(path, error)),
    }
}

/// Why a run cannot be made at a place where something is.
pub(crate) fn what_is_there(paths: &RunPaths) -> Result<StoreError, StoreError> {
    let path = paths.root().to_owned();
    let is_folder = fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir());
    if !is_folder {
        return Ok(StoreError::Foreign { path });
    }
    let contents = paths.contents();
    // Looked for last: a process that makes the run at this moment writes it after all else, and it stays.
    let manifest = paths.manifest();
    if fs::symlink_metadata(&manifest).is_ok() {
        return Ok(StoreError::Exists { path });
    }
    Ok(match contents? {
        Contents::Unfinished => StoreError::Unfinished { path },
        Contents::Run => StoreError::damaged(&manifest, "it is missing"),
        Contents::Foreign => StoreError::Foreign { path },
    })
}
