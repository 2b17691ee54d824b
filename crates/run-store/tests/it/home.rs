//! A folder of runs that goes away after the test, and runs in it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use batch_orchestrator::{Event, InputId, Journal};
use run_store::{
    Asked, Backend, BackendKind, Clock, Dataset, Draft, FileJournal, Lock, Made, MadeInput, NewRun,
    OnAmbiguous, OwnName, Replay, RunFolder, Runs, Session, Settings, StoreError, Transformed,
    Variant,
};

pub(crate) const INPUT: InputId = InputId { shard: 1, variant: 0 };
pub(crate) const ROWS: &[u8] = b"{\"key\":\"r00000000-00000000\",\"request\":{}}\n";

pub(crate) struct Home {
    pub(crate) folder: tempfile::TempDir,
    pub(crate) runs: Runs,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let runs = Runs::new(folder.path().join("runs"));
        Self { folder, runs }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.runs.folder().join(name)
    }

    pub(crate) fn draft(&self, name: &str) -> Result<Draft, StoreError> {
        self.runs.create(&new_run(Some(&name_of(name)), 0))
    }

    /// A run that is made whole and not locked.
    pub(crate) fn run(&self, name: &str) -> RunFolder {
        finish(self.draft(name).unwrap()).0
    }
}

pub(crate) fn name_of(name: &str) -> OwnName {
    OwnName::parse(name).unwrap()
}

pub(crate) fn new_run(name: Option<&OwnName>, later: u64) -> NewRun<'_> {
    static SESSION: std::sync::OnceLock<Session> = std::sync::OnceLock::new();
    let session = SESSION.get_or_init(session);
    NewRun { name, at: at(later), entropy: 7, session }
}

pub(crate) fn finish(draft: Draft) -> (RunFolder, Lock) {
    let path = draft.paths().input(INPUT);
    let mut file = draft.paths().create_file(&path).unwrap();
    std::io::Write::write_all(&mut file, ROWS).unwrap();
    file.commit().unwrap();
    draft.commit(asked(), made(), "batch-eval 0.1.0").unwrap()
}

pub(crate) fn session() -> Session {
    Session { pid: 4711, host: "sentinel".into(), program: "batch-eval 0.1.0".into() }
}

pub(crate) fn at(second: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_795_000_000 + second)
}

/// A clock that goes one second a look, from `at(100)`.
pub(crate) fn clock() -> Clock {
    let mut second = 100;
    Box::new(move || {
        second += 1;
        at(second)
    })
}

/// The run locked and its journal open.
pub(crate) fn open(run: &RunFolder) -> Result<(FileJournal, Lock, Replay), StoreError> {
    let lock = run.lock(&session(), at(50))?;
    let (journal, replay) = FileJournal::open(run, &lock, &session(), clock())?;
    Ok((journal, lock, replay))
}

/// The run's journal file with these events in it.
pub(crate) fn journal_of(run: &RunFolder, events: &[Event]) -> Vec<u8> {
    let (mut journal, _lock, _) = open(run).unwrap();
    for event in events {
        journal.append(event).unwrap();
    }
    std::fs::read(run.paths().journal()).unwrap()
}

pub(crate) fn asked() -> Asked {
    Asked {
        backend: Backend {
            kind: BackendKind::Emulator,
            base_url: "http://127.0.0.1:40001".into(),
            api_version: "v1beta".into(),
        },
        emulated: true,
        dataset: Dataset { label: "data.jsonl".into(), bytes: Some(57), sha256: None },
        rows: None,
        models: vec!["sim-flash".into(), "sim-pro".into()],
        variants: vec![Variant::named("default")],
        scorers: vec!["function-call".into()],
        settings: Settings {
            poll_interval_ms: Some(100),
            settle_ms: 600_000,
            deadline_ms: 180_000_000,
            on_ambiguous: OnAmbiguous::Retry,
            ..Settings::default()
        },
        key_fingerprint: None,
    }
}

pub(crate) fn made() -> Made {
    Made {
        rows: 1,
        inputs: vec![MadeInput::new(INPUT, 1, ROWS.len() as u64)],
        logged: None,
        transformed: Transformed {
            skipped: 0,
            bad: 1,
            copies: 0,
            warnings: vec!["line 2 is no JSON object".into()],
        },
        forecast: None,
    }
}
