//! Where everything lies in a run folder; all names are our own ids, so no path leads out of it.

use std::fs::{self, File};
use std::path::{Component, Path, PathBuf};

use batch_orchestrator::{InputId, JobId};

use crate::{AtomicFile, OwnName, StoreError, atomic, journal, safe};

const MANIFEST: &str = "run.json";
pub(crate) const JOURNAL: &str = "journal.jsonl";
const LOCK: &str = "LOCK";
const INPUT: &str = "input";
const JOBS: &str = "jobs";
const SCORES: &str = "scores";
const REPORT: &str = "report";
const EMULATOR: &str = "emulator";
const TRACE: &str = "trace";
const TORN: &str = "journal.torn-";
pub(crate) const DAMAGED: &str = "journal.damaged-";

/// What is in a folder without `run.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Contents {
    /// What a creation that was cut off leaves, or nothing.
    Unfinished,
    /// More than that: `run.json` was there once.
    Run,
    /// Something that is not ours.
    Foreign,
}

/// The places of one run folder.
///
/// ```text
/// run.json                    what the run is; written once
/// journal.jsonl               what happened; only ever appended to
/// LOCK                        held while a process works on the run
/// input/s0001.v0.jsonl        what is uploaded; later shards are rows that are sent again
/// input/logged.jsonl          what was taken out of each row or stood beside the request
/// input/index.bin             row number to places in both; index.v1.bin for variant 1
/// input/copies.bin            which rows are answered by another one's answer
/// jobs/s0001.v0.m0/raw.jsonl  results as they came (0400)
/// scores/…  report/…          derived; may be deleted at any time
/// emulator/                   the built-in service's own state, in emulated runs
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunPaths {
    root: PathBuf,
}

impl RunPaths {
    /// The places in the folder `root`; nothing is looked at.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `run.json`.
    pub fn manifest(&self) -> PathBuf {
        self.root.join(MANIFEST)
    }

    /// `journal.jsonl`.
    pub fn journal(&self) -> PathBuf {
        self.root.join(JOURNAL)
    }

    /// `LOCK`.
    pub fn lock(&self) -> PathBuf {
        self.root.join(LOCK)
    }

    /// `input/s0001.v0.jsonl`: what is uploaded.
    pub fn input(&self, id: InputId) -> PathBuf {
        self.root.join(INPUT).join(format!("{id}.jsonl"))
    }

    /// The inputs that lie here, in order, whether the run knows of them or not.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] for a folder that others could change; I/O.
    pub fn inputs(&self) -> Result<Vec<InputId>, StoreError> {
        let folder = self.root.join(INPUT);
        safe::check_folder(&folder)?;
        let of = |name: &String| InputId::parse(name.strip_suffix(".jsonl")?);
        let mut inputs: Vec<_> = names(&folder)?.iter().filter_map(of).collect();
        inputs.sort_unstable();
        Ok(inputs)
    }

    /// Removes an input that is nobody's. The caller holds the run's lock.
    ///
    /// # Errors
    /// As [`inputs`](Self::inputs).
    pub fn remove_input(&self, id: InputId) -> Result<(), StoreError> {
        let path = self.input(id);
        self.check(&path)?;
        safe::remove_file(&path)
    }

    /// `input/logged.jsonl`.
    pub fn logged(&self) -> PathBuf {
        self.root.join(INPUT).join("logged.jsonl")
    }

    /// `input/index.bin`, for the first variant.
    pub fn index(&self) -> PathBuf {
        self.index_of(0)
    }

    /// `input/index.v1.bin` for variant 1, and `input/index.bin` for the first.
    pub fn index_of(&self, variant: u32) -> PathBuf {
        let name = match variant {
            0 => "index.bin".to_owned(),
            variant => format!("index.v{variant}.bin"),
        };
        self.root.join(INPUT).join(name)
    }

    /// `input/copies.bin`: which rows are answered by the answer to another one.
    pub fn copies(&self) -> PathBuf {
        self.root.join(INPUT).join("copies.bin")
    }

    /// `jobs/s0001.v0.m0/raw.jsonl`: results as they came.
    pub fn raw(&self, job: JobId) -> PathBuf {
        self.root.join(JOBS).join(job.to_string()).join("raw.jsonl")
    }

    /// `scores/SET/s0001.v0.m0.jsonl`: the verdicts on one job by one set of scorers.
    pub fn scores(&self, set: &OwnName, job: JobId) -> PathBuf {
        self.root.join(SCORES).join(set.as_str()).join(format!("{job}.jsonl"))
    }

    /// `report/NAME`, as `report/report.json`.
    pub fn report(&self, name: &OwnName) -> PathBuf {
        self.root.join(REPORT).join(name.as_str())
    }

    /// `emulator/`.
    pub fn emulator(&self) -> PathBuf {
        self.root.join(EMULATOR)
    }

    /// Makes a folder of the run and those above it (0700), or checks those that are there.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] for links, foreign owners, and paths outside the run; I/O.
    pub fn make_folder(&self, folder: &Path) -> Result<(), StoreError> {
        self.walk(folder, safe::make_folder)
    }

    /// Starts a file of the run (0600) that appears whole or not at all, and makes its folder.
    ///
    /// The caller holds the run's lock.
    ///
    /// # Errors
    /// As [`make_folder`](Self::make_folder).
    pub fn create_file(&self, path: &Path) -> Result<AtomicFile, StoreError> {
        self.make_folder(path.parent().unwrap_or(path))?;
        AtomicFile::create(path)
    }

    /// Opens a file of the run to read it, following no link on the way.
    ///
    /// # Errors
    /// [`StoreError::Unsafe`] for links and what is no ordinary file; I/O.
    pub fn open_file(&self, path: &Path) -> Result<File, StoreError> {
        self.check(path)?;
        safe::open_to_read(path)
    }

    /// Refuses a path outside the run or through an unsafe folder.
    pub(crate) fn check(&self, path: &Path) -> Result<(), StoreError> {
        self.walk(path.parent().unwrap_or(path), safe::check_folder)
    }

    /// Where the `nth` copy of a torn line `seq` is kept.
    pub(crate) fn torn(&self, seq: u64, nth: u32) -> PathBuf {
        let more = if nth == 0 { String::new() } else { format!(".{nth}") };
        self.root.join(format!("{TORN}{seq}{more}"))
    }

    /// Where the `nth` journal that is damaged at line `seq` is kept.
    pub(crate) fn damaged(&self, seq: u64, nth: u32) -> PathBuf {
        let more = if nth == 0 { String::new() } else { format!(".{nth}") };
        self.root.join(format!("{DAMAGED}{seq}{more}"))
    }

    /// What a folder without `run.json` is.
    pub(crate) fn contents(&self) -> Result<Contents, StoreError> {
        let names = names(&self.root)?;
        let made = |name: &str| {
            [JOURNAL, LOCK, INPUT, EMULATOR].contains(&name) || atomic::is_partial(name)
        };
        let grown = |name: &str| {
            [JOBS, SCORES, REPORT, TRACE].contains(&name)
                || [TORN, DAMAGED].iter().any(|start| name.starts_with(start))
        };
        let marked = names.iter().any(|name| name == LOCK);
        Ok(if !(marked || names.is_empty()) || !names.iter().all(|n| made(n) || grown(n)) {
            Contents::Foreign
        } else if names.iter().any(|name| grown(name)) || journal::is_begun(self)? {
            Contents::Run
        } else {
            Contents::Unfinished
        })
    }

    /// Removes everything but the lock.
    pub(crate) fn clear(&self) -> Result<(), StoreError> {
        for name in names(&self.root)?.iter().filter(|name| *name != LOCK) {
            let path = self.root.join(name);
            let found = fs::symlink_metadata(&path).map_err(StoreError::io("look at", &path))?;
            if found.is_dir() {
                fs::remove_dir_all(&path).map_err(StoreError::io("remove", &path))?;
            } else {
                safe::remove_file(&path)?;
            }
        }
        Ok(())
    }

    /// Removes what killed processes left half written. The caller holds the lock.
    ///
    /// What stands in the place of the results is looked at too: better now than at the first download.
    pub(crate) fn sweep(&self) -> Result<(), StoreError> {
        let results = self.root.join(JOBS);
        if fs::symlink_metadata(&results).is_ok() {
            safe::check_folder(&results)?;
        }
        let mut folders = vec![self.root.clone(), self.root.join(INPUT), self.root.join(REPORT)];
        let scores = self.root.join(SCORES);
        if scores.is_dir() {
            safe::check_folder(&scores)?;
            folders.extend(names(&scores)?.iter().map(|set| scores.join(set)));
        }
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            safe::check_folder(folder)?;
            atomic::remove_partials(folder, "")?;
        }
        Ok(())
    }

    fn walk(
        &self,
        folder: &Path,
        step: impl Fn(&Path) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let outside = || safe::unsafe_to_use(folder, "it lies outside the run folder");
        let inner = folder.strip_prefix(&self.root).map_err(|_| outside())?;
        safe::check_folder(&self.root)?;
        let mut path = self.root.clone();
        for part in inner.components() {
            let Component::Normal(name) = part else { return Err(outside()) };
            path.push(name);
            step(&path)?;
        }
        Ok(())
    }
}

fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let read = |source| StoreError::io("read", folder)(source);
    fs::read_dir(folder)
        .map_err(read)?
        .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
        .collect::<Result<_, std::io::Error>>()
        .map_err(read)
}
