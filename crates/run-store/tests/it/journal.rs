//! The journal as a journal: what goes in comes out, and its file says who and when.

use batch_orchestrator::conformance::{self, every_event};
use batch_orchestrator::{Event, JobId, Journal};
use run_store::{FileJournal, StoreError, StoreErrorKind};
use serde_json::Value;

use crate::forge;
use crate::home::{Home, INPUT, at, clock, journal_of, open, session};

const JOB: JobId = JobId { input: INPUT, model: 0 };

fn lines(bytes: &[u8]) -> Vec<Value> {
    bytes.split_inclusive(|b| *b == b'\n').map(|l| serde_json::from_slice(l).unwrap()).collect()
}

#[test]
fn conforms() {
    struct Held(FileJournal, #[expect(dead_code, reason = "held for its lock")] run_store::Lock);
    impl std::fmt::Debug for Held {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.fmt(f)
        }
    }
    impl Journal for Held {
        fn append(&mut self, event: &Event) -> std::io::Result<()> {
            self.0.append(event)
        }
    }
    let home = Home::new();
    let run = home.run("r");
    conformance::journal(|| {
        let (journal, lock, replay) = open(&run).unwrap();
        let unlocked = run.replay().unwrap();
        assert_eq!(unlocked.entries, replay.entries, "without a lock the same is read");
        (Held(journal, lock), replay.events().cloned().collect())
    });
}

#[test]
fn every_line_says_version_number_time_and_event() {
    let home = Home::new();
    let run = home.run("r");
    let bytes = journal_of(&run, &[Event::Settled { job: JOB }]);
    let lines = lines(&bytes);
    let column = |key: &str| lines.iter().map(|line| line[key].clone()).collect::<Vec<_>>();
    assert_eq!(column("v"), [1, 1, 1]);
    assert_eq!(column("seq"), [1, 2, 3]);
    assert_eq!(column("ev"), ["run_created", "session_start", "settled"]);
    let times = ["2026-11-18T11:06:40Z", "2026-11-18T11:08:21Z", "2026-11-18T11:08:22Z"];
    assert_eq!(column("t"), times);
    assert_eq!(lines[2]["job"], "s0001.v0.m0");
    assert_eq!(column("prev")[1..], column("crc")[..2], "each line names the one before it");
    let forged = forge::line(1, 9, r#""ev":"x""#, "0");
    assert_eq!(forged.trim_end().len() - forged.find(",\"crc\"").unwrap(), 18);
}

#[test]
fn sessions_are_told_apart() {
    let home = Home::new();
    let run = home.run("r");
    let (mut first, lock, _) = open(&run).unwrap();
    first.append(&Event::Settled { job: JOB }).unwrap();
    first.end("done").unwrap();
    drop((first, lock));
    let killed = open(&run).unwrap();
    drop(killed);
    let replay = run.replay().unwrap();
    assert_eq!(replay.entries.len(), 1, "sessions are no events of the run");
    assert_eq!(replay.entries[0].seq, 3);
    assert_eq!(replay.entries[0].at, at(102));
    let ends: Vec<_> = replay.sessions.iter().map(|span| span.end.clone()).collect();
    assert_eq!(ends, [Some((at(103), "done".to_owned())), None]);
    assert_eq!(replay.sessions[1].session, session());
    assert_eq!(replay.last, Some(at(101)));
}

#[test]
fn debug_shows_no_session_address() {
    let home = Home::new();
    let run = home.run("r");
    let (mut journal, _lock, _) = open(&run).unwrap();
    journal.append(&every_event()[0]).unwrap();
    let bytes = std::fs::read(run.paths().journal()).unwrap();
    assert!(String::from_utf8(bytes).unwrap().contains("s3cret"), "the file needs it");
    let shown = format!("{journal:?} {:?} {run:?}", run.replay().unwrap());
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn lock_of_another_run_opens_nothing() {
    let home = Home::new();
    let (one, other) = (home.run("one"), home.run("other"));
    let lock = other.lock(&session(), at(1)).unwrap();
    let error = FileJournal::open(&one, &lock, &session(), clock()).unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsafe);
}

/// What the run says of a journal with one more line.
fn with_line(v: u64, fields: &str) -> Result<(usize, u64), StoreError> {
    let home = Home::new();
    let run = home.run("r");
    let mut bytes = journal_of(&run, &[Event::Settled { job: JOB }]);
    let more = forge::next_line(&bytes, v, fields);
    bytes.extend(more.into_bytes());
    std::fs::write(run.paths().journal(), &bytes).unwrap();
    let read = run.replay().map(|replay| (replay.entries.len(), replay.skipped));
    let opened = open(&run).map(|(_, _, replay)| (replay.entries.len(), replay.skipped));
    assert_eq!(format!("{read:?}"), format!("{opened:?}"), "both ways of reading agree");
    if read.is_err() {
        assert_eq!(std::fs::read(run.paths().journal()).unwrap(), bytes, "nothing was changed");
    }
    read
}

#[test]
fn later_versions_are_skipped_where_they_say_so_and_refused_elsewhere() {
    let job = r#""job":"s0001.v0.m0""#;
    assert_eq!(with_line(1, &format!(r#""ev":"settled",{job}"#)).unwrap(), (2, 0));
    let added = format!(r#""ev":"settled",{job},"colour":{{"deep":[1]}}"#);
    assert_eq!(with_line(1, &added).unwrap(), (2, 0), "fields that were added are skipped");
    assert_eq!(with_line(1, &format!(r#""ev":"glowed","opt":true,{job}"#)).unwrap(), (1, 1));
    for (v, fields) in [
        (1, format!(r#""ev":"glowed",{job}"#)),
        (1, format!(r#""ev":"glowed","opt":false,{job}"#)),
        (1, format!(r#""ev":"doubted",{job},"doubt":"philosophical","reason":"""#)),
        (2, format!(r#""ev":"settled",{job}"#)),
        (2, r#""otherwise":"made""#.to_owned()),
    ] {
        let error = with_line(v, &fields).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Newer, "{fields}: {error}");
        assert!(error.to_string().contains("line 4"), "{error}");
    }
}

#[test]
fn line_of_a_later_format_with_another_check_is_no_torn_end() {
    let home = Home::new();
    let run = home.run("r");
    let mut bytes = journal_of(&run, &[]);
    bytes.extend(b"{\"v\":2,\"number\":3,\"sum\":\"\"}\n");
    std::fs::write(run.paths().journal(), &bytes).unwrap();
    assert_eq!(open(&run).unwrap_err().kind(), StoreErrorKind::Newer);
    assert_eq!(std::fs::read(run.paths().journal()).unwrap(), bytes);
}
