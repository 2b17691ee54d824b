//! Folders that released versions wrote: they open for ever, and today's version writes the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use batch_orchestrator::{Event, Goal, Journal, Ledger, RunState};
use run_store::{FileJournal, RunFolder, Session};

use crate::home::{Home, asked, at, made, new_run};
use crate::sharded;

fn kept(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(version)
}

/// A copy with private permissions: a checkout may give the group more.
fn copied(version: &str, home: &Home) -> RunFolder {
    let to = home.folder.path().join("kept");
    let run = home.run("private");
    fs::rename(run.paths().root(), &to).unwrap();
    for name in ["run.json", "journal.jsonl"] {
        fs::copy(kept(version).join(name), to.join(name)).unwrap();
    }
    let run = RunFolder::open(to).unwrap();
    if version == "v1-sharded" {
        sharded::write_inputs(&run);
    }
    run
}

#[test]
fn version_1_is_read() {
    let home = Home::new();
    let run = copied("v1", &home);
    let manifest = run.manifest();
    assert_eq!((manifest.v, manifest.name.as_str()), (1, "golden"));
    assert_eq!(manifest.tag.as_str(), "01m7q5cqg00000000007");
    assert_eq!((&manifest.asked, &manifest.made), (&asked(), &made()));
    let replay = run.replay().unwrap();
    assert_eq!((replay.torn.as_ref(), replay.skipped, replay.entries.len()), (None, 0, 25));
    let session =
        Session { pid: 4711, host: "sentinel".into(), program: "batch-eval 0.1.0".into() };
    assert_eq!(replay.sessions[0].session, session);
    assert_eq!(replay.sessions[0].end, Some((at(226), "done".to_owned())));
    let kinds: Vec<_> = replay.events().map(Event::name).collect();
    let first = ["upload opened", "input lost", "input stored", "input stored", "create intended"];
    assert_eq!(kinds[..5], first);
    assert!(run.plan().is_ok());
}

/// Writes the run of a kept folder anew, with these rows in each of its inputs.
fn written_anew(version: &str, rows: &[u8]) {
    let home = Home::new();
    let old = copied(version, &home);
    let replay = old.replay().unwrap();
    let manifest = old.manifest().clone();
    let draft = home.runs.create(&new_run(Some(&manifest.name), 0)).unwrap();
    for input in &manifest.made.inputs {
        let mut file = draft.paths().create_file(&draft.paths().input(input.id)).unwrap();
        std::io::Write::write_all(&mut file, rows).unwrap();
        file.commit().unwrap();
    }
    let (run, lock) = draft.commit(manifest.asked, manifest.made, &manifest.program).unwrap();
    let mut times: Vec<SystemTime> = vec![replay.sessions[0].start];
    times.extend(replay.entries.iter().map(|entry| entry.at));
    times.push(replay.last.unwrap());
    let mut times = times.into_iter();
    let clock = Box::new(move || times.next().unwrap());
    let session = &replay.sessions[0].session;
    let (mut journal, _) = FileJournal::open(&run, &lock, session, clock).unwrap();
    for event in replay.events() {
        journal.append(event).unwrap();
    }
    journal.end("done").unwrap();
    for path in ["run.json", "journal.jsonl"] {
        let read = |folder: &Path| fs::read_to_string(folder.join(path)).unwrap();
        assert_eq!(read(run.paths().root()), read(&kept(version)), "{version}/{path}");
    }
}

#[test]
fn version_1_is_written_the_same_today() {
    written_anew("v1", crate::home::ROWS);
    written_anew("v1-sharded", sharded::ROWS);
}

#[test]
fn version_1_of_a_sharded_run_is_read() {
    let home = Home::new();
    let run = copied("v1-sharded", &home);
    let manifest = run.manifest();
    assert_eq!((&manifest.asked, &manifest.made), (&sharded::asked(), &sharded::made()));
    let replay = run.replay().unwrap();
    let events: Vec<Event> = replay.events().cloned().collect();
    assert_eq!(events, sharded::events());
    let plan = run.plan().unwrap();
    let state = RunState::replay(&plan, &events).unwrap();
    assert!(state.reached(Goal::Fetched));
    assert_eq!((state.jobs().count(), state.attempts().len()), (10, 2));
    assert_eq!(state.ledger(), Ledger { committed: 1_250, unknown: 1 });
    let policy = &manifest.asked.settings;
    assert_eq!(policy.limits.live().unwrap().live_jobs, 20);
}
