//! `journal_replay`: what a run makes of any bytes in place of its journal.

#![expect(clippy::expect_used, reason = "a target says by a panic what does not hold")]

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use batch_orchestrator::{InputId, Plan, RunState};
use crc::{CRC_32_ISCSI, Crc};
use run_store::{
    Asked, Backend, BackendKind, Dataset, FileJournal, Lock, Made, MadeInput, NewRun, Replay,
    RunFolder, Runs, Session, Settings, StoreError, Transformed, Variant,
};

const INPUT: InputId = InputId { shard: 1, variant: 0 };
const ROWS: &[u8] = b"{\"key\":\"r00000000-00000000\",\"request\":{}}\n";
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISCSI);

/// Any bytes as the journal of a run, as they are and with the checks of their lines mended: reading it never panics
/// and always gives the same, its beginning gives a beginning of that, and what was repaired opens again.
pub fn journal_replay(bytes: &[u8]) {
    static BENCH: OnceLock<Mutex<Bench>> = OnceLock::new();
    let bench = BENCH.get_or_init(|| Mutex::new(Bench::new().expect("a run can be made")));
    // After a panic it is as good as before: each journal is written anew.
    let bench = bench.lock().unwrap_or_else(PoisonError::into_inner);
    bench.check(bytes);
    bench.check(&sealed(&bench.first, bytes));
}

/// The lines behind the true first one, in their places and with checks that fit: past these, only what the lines tell
/// can be wrong. A last line without its end stays as torn as it is.
fn sealed(first: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut out = first.to_vec();
    let mut prev = first.split(|byte| *byte == b'"').rev().nth(1).unwrap_or_default().to_vec();
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').skip(1);
    for line in lines {
        let Some(line) = line.strip_suffix(b"\n") else {
            out.extend_from_slice(line);
            break;
        };
        let end = line.windows(9).rposition(|at| at == b",\"prev\":\"").unwrap_or(line.len());
        let body = [&line[..end], b",\"prev\":\"", &prev, b"\""].concat();
        prev = format!("{:08x}", CRC.checksum(&body)).into_bytes();
        out.extend([&body[..], b",\"crc\":\"", &prev, b"\"}\n"].concat());
    }
    out
}

/// A run, made once, whose journal is replaced each time.
struct Bench {
    run: RunFolder,
    lock: Lock,
    plan: Plan,
    /// The first line of its own journal.
    first: Vec<u8>,
    /// Everything that stands in its folder.
    files: Vec<PathBuf>,
    _home: tempfile::TempDir,
}

impl Bench {
    fn new() -> Result<Self, Box<dyn std::error::Error>> {
        let home = tempfile::tempdir()?;
        let runs = Runs::new(home.path().join("runs"));
        let new = NewRun { name: None, at: UNIX_EPOCH, entropy: 7, session: &session() };
        let draft = runs.create(&new)?;
        let mut file = draft.paths().create_file(&draft.paths().input(INPUT))?;
        file.write_all(ROWS)?;
        file.commit()?;
        let (run, lock) = draft.commit(asked(), made(), "batch-eval")?;
        let journal = fs::read(run.paths().journal())?;
        let first = journal.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        let (plan, first) = (run.plan()?, first.to_vec());
        let mut bench = Self { run, lock, plan, first, files: Vec::new(), _home: home };
        bench.files = bench.listed();
        Ok(bench)
    }

    fn listed(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.run.paths().root()).expect("the run folder can be read");
        entries.flatten().map(|entry| entry.path()).collect()
    }

    fn put(&self, bytes: &[u8]) {
        fs::write(self.run.paths().journal(), bytes).expect("the journal can be written");
    }

    fn check(&self, bytes: &[u8]) {
        self.put(bytes);
        let whole = self.run.replay();
        assert_eq!(told(&whole), told(&self.run.replay()), "two replays differ");
        self.put(&bytes[..bytes.len() / 2]);
        let half = self.run.replay();
        if let (Ok(whole), Ok(half)) = (&whole, &half) {
            begins(whole, half);
            let state = |replay: &Replay| RunState::replay(&self.plan, replay.events());
            assert!(state(whole).is_err() || state(half).is_ok(), "the beginning alone is illegal");
        }
        let starts = bytes.len() / 2 >= self.first.len();
        assert!(whole.is_err() || half.is_ok() || !starts, "the beginning of a good one is bad");
        self.put(bytes);
        self.repair(bytes, &whole);
        for left in self.listed().iter().filter(|path| !self.files.contains(path)) {
            fs::remove_file(left).expect("what was kept aside can be removed");
        }
    }

    fn repair(&self, bytes: &[u8], before: &Result<Replay, StoreError>) {
        let at = UNIX_EPOCH + Duration::from_secs(1);
        let journal = || fs::read(self.run.paths().journal()).expect("the journal can be read");
        match self.run.repair(&self.lock, at) {
            Err(_) => {
                assert!(before.is_err(), "what can be read needs no repair");
                assert_eq!(journal(), bytes, "a repair that failed changed something");
                return;
            }
            Ok(None) => assert!(before.is_ok(), "there was nothing to mend"),
            Ok(Some(repair)) => {
                assert!(before.is_err(), "what can be read was mended");
                let kept = self.run.paths().root().join(&repair.kept_as);
                assert!(fs::read(kept).is_ok_and(|kept| kept == bytes), "it is not kept aside");
            }
        }
        let clock = Box::new(|| SystemTime::UNIX_EPOCH);
        let opened = FileJournal::open(&self.run, &self.lock, &session(), clock);
        let (_, replay) = opened.expect("what was read or mended opens");
        if let Ok(before) = before {
            begins(&replay, before);
        }
        let again = self.run.replay().expect("what was opened is read again");
        assert_eq!((&again.entries, again.torn), (&replay.entries, None));
    }
}

/// What a replay gave, as something to compare.
fn told(replay: &Result<Replay, StoreError>) -> Result<&Replay, String> {
    replay.as_ref().map_err(ToString::to_string)
}

fn begins(whole: &Replay, half: &Replay) {
    assert!(whole.entries.starts_with(&half.entries), "a beginning tells something else");
    assert!(whole.sessions.len() >= half.sessions.len() && whole.skipped >= half.skipped);
}

fn session() -> Session {
    Session { pid: 4711, host: "sentinel".into(), program: "batch-eval".into() }
}

fn asked() -> Asked {
    Asked {
        backend: Backend {
            kind: BackendKind::Emulator,
            base_url: "http://127.0.0.1:40001".into(),
            api_version: "v1beta".into(),
        },
        emulated: true,
        dataset: Dataset { label: "data.jsonl".into(), bytes: None, sha256: None },
        rows: None,
        models: vec!["sim-flash".into(), "sim-pro".into()],
        variants: vec![Variant::named("default")],
        scorers: vec!["function-call".into()],
        settings: Settings::default(),
        key_fingerprint: None,
    }
}

fn made() -> Made {
    Made {
        rows: 1,
        inputs: vec![MadeInput::new(INPUT, 1, ROWS.len() as u64)],
        logged: None,
        transformed: Transformed::default(),
        forecast: None,
    }
}
