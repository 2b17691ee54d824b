//! Folders that released versions wrote: they open for ever, and today's version writes the same.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use batch_orchestrator::Journal;
use run_store::{FileJournal, RunFolder, Session};

use crate::home::{Home, asked, at, made, name_of, new_run};

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
    RunFolder::open(to).unwrap()
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
    let kinds: Vec<_> = replay.events().map(batch_orchestrator::Event::name).collect();
    let first = ["upload opened", "input lost", "input stored", "input stored", "create intended"];
    assert_eq!(kinds[..5], first);
    assert!(run.plan().is_ok());
}

#[test]
fn version_1_is_written_the_same_today() {
    let home = Home::new();
    let old = copied("v1", &home);
    let replay = old.replay().unwrap();
    let name = name_of("golden");
    let draft = home.runs.create(&new_run(Some(&name), 0)).unwrap();
    let path = draft.paths().input(crate::home::INPUT);
    let mut file = draft.paths().create_file(&path).unwrap();
    std::io::Write::write_all(&mut file, crate::home::ROWS).unwrap();
    file.commit().unwrap();
    let manifest = old.manifest().clone();
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
        assert_eq!(read(run.paths().root()), read(&kept("v1")), "{path}");
    }
}
