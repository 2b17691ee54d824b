//! Journals that a crash, a disk or a person damaged: the true beginning or a refusal, never else.

use std::fs;
use std::os::unix::fs::FileExt;

use batch_orchestrator::RunState;
use batch_orchestrator::conformance::every_event;
use batch_orchestrator::{Event, Journal as _};
use run_store::{RunFolder, StoreError, StoreErrorKind};

use crate::forge;
use crate::home::{Home, at, journal_of, open, session};

/// A run whose journal has one event of each kind, and the file's bytes.
fn written(home: &Home) -> (RunFolder, Vec<Event>, Vec<u8>) {
    let run = home.run("r");
    let events = every_event();
    let bytes = journal_of(&run, &events);
    (run, events, bytes)
}

fn read(run: &RunFolder) -> Result<Vec<Event>, StoreError> {
    run.replay().map(|replay| replay.events().cloned().collect())
}

/// The journal to be damaged in place: to write it anew each time costs a filesystem much more.
fn file(run: &RunFolder) -> fs::File {
    fs::OpenOptions::new().write(true).open(run.paths().journal()).unwrap()
}

/// Where each line ends, its line end included.
fn ends(bytes: &[u8]) -> Vec<usize> {
    bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at + 1).collect()
}

/// Two lines are the store's own: the run's creation and the session's start.
fn events_in(whole_lines: usize) -> usize {
    whole_lines.saturating_sub(2)
}

#[test]
fn cut_at_every_byte_leaves_the_beginning() {
    let home = Home::new();
    let (run, events, bytes) = written(&home);
    let ends = ends(&bytes);
    let file = file(&run);
    for cut in (0..bytes.len()).rev() {
        file.set_len(cut as u64).unwrap();
        let whole = ends.iter().filter(|end| **end <= cut).count();
        match read(&run) {
            Ok(found) => assert_eq!(found, events[..events_in(whole)], "cut at {cut}"),
            Err(error) => {
                assert_eq!(error.kind(), StoreErrorKind::Damaged, "cut at {cut}: {error}");
                assert_eq!(whole, 0, "only a run's first line has to be whole: cut at {cut}");
            }
        }
    }
}

#[test]
fn changed_byte_is_noticed_wherever_it_is() {
    let home = Home::new();
    let (run, events, bytes) = written(&home);
    let file = file(&run);
    let ends = ends(&bytes);
    let last_line = ends[ends.len() - 2];
    for at in 0..bytes.len() {
        // Another bit, a change of case, no more ASCII, a line end made or unmade.
        let flip = [0x01, 0x20, 0x80, bytes[at] ^ b'\n'][at % 4].max(1);
        file.write_all_at(&[bytes[at] ^ flip], at as u64).unwrap();
        match read(&run) {
            Ok(found) => {
                assert!(at >= last_line, "byte {at} ^ {flip}: only an end can be torn");
                assert_eq!(found, events[..events.len() - 1]);
            }
            Err(error) => assert!(
                matches!(error.kind(), StoreErrorKind::Damaged | StoreErrorKind::Newer),
                "byte {at} ^ {flip}: {error}"
            ),
        }
        file.write_all_at(&bytes[at..=at], at as u64).unwrap();
    }
    assert_eq!(read(&run).unwrap(), events, "and unchanged it is whole");
}

#[test]
fn torn_end_is_kept_aside_cut_off_and_noted() {
    let home = Home::new();
    let (run, events, bytes) = written(&home);
    let ends = ends(&bytes);
    let path = run.paths().journal();
    for cut in [ends[5] + 1, ends[8] + 40, ends[9] - 1, bytes.len() - 1, bytes.len() - 9] {
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let (kept, torn) = (&bytes[..ends[whole - 1]], &bytes[ends[whole - 1]..cut]);
        fs::write(&path, &bytes[..cut]).unwrap();
        let seen = run.replay().unwrap().torn.unwrap();
        assert_eq!((seen.seq, seen.bytes), (whole as u64 + 1, torn.len() as u64));
        assert_eq!(fs::read(&path).unwrap(), bytes[..cut], "looking changes nothing");

        let (journal, lock, replay) = open(&run).unwrap();
        assert_eq!(replay.events().cloned().collect::<Vec<_>>(), events[..events_in(whole)]);
        let repair = replay.repairs.last().unwrap();
        assert_eq!((repair.seq, repair.bytes), (seen.seq, seen.bytes));
        assert_eq!(fs::read(run.paths().root().join(&repair.kept_as)).unwrap(), torn);
        assert!(fs::read(&path).unwrap().starts_with(kept));
        drop((journal, lock));
        let again = run.replay().unwrap();
        assert_eq!(
            (again.torn, again.repairs, again.entries),
            (None, replay.repairs, replay.entries)
        );
    }
}

#[test]
fn second_torn_end_at_one_place_does_not_replace_the_first() {
    let home = Home::new();
    let (run, _, bytes) = written(&home);
    for (tail, name) in [("a", "journal.torn-28"), ("b", "journal.torn-28.1")] {
        let whole = &bytes[..ends(&bytes)[26]];
        fs::write(run.paths().journal(), [whole, tail.as_bytes()].concat()).unwrap();
        assert_eq!(open(&run).unwrap().2.repairs[0].kept_as, name);
        assert_eq!(fs::read_to_string(run.paths().root().join(name)).unwrap(), tail);
    }
}

#[test]
fn damage_within_is_refused_with_its_line_and_nothing_is_changed() {
    let home = Home::new();
    let (run, _, bytes) = written(&home);
    let lines: Vec<_> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let n = lines.len();
    let edit = |make: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut lines: Vec<_> = lines.iter().map(|line| line.to_vec()).collect();
        make(&mut lines);
        lines.concat()
    };
    let other = Home::new();
    let elsewhere = other.draft("x").unwrap();
    let mut foreign = elsewhere.tag().as_str().to_owned();
    foreign.replace_range(19.., "z");
    let foreign = forge::line(
        1,
        1,
        &format!(r#""ev":"run_created","tag":"{foreign}","manifest_sha256":"""#),
        "00000000",
    );
    let cases: [(&str, usize, Vec<u8>); 10] = [
        ("lost line", 7, edit(&|l| drop(l.remove(6)))),
        ("doubled line", 8, edit(&|l| l.insert(7, l[6].clone()))),
        ("doubled last line", n + 1, edit(&|l| l.push(l[n - 1].clone()))),
        ("swapped lines", 7, edit(&|l| l.swap(6, 7))),
        ("changed line", 7, edit(&|l| l[6][40] ^= 1)),
        (
            "lost line end before the last",
            n - 1,
            edit(&|l| l[n - 2][lines[n - 2].len() - 1] = b' '),
        ),
        ("blank line", 7, edit(&|l| l.insert(6, b"\n".to_vec()))),
        ("binary", 1, vec![0xff; 5000]),
        ("empty", 0, Vec::new()),
        ("journal of another run", 1, foreign.into_bytes()),
    ];
    for (what, line, bytes) in cases {
        fs::write(run.paths().journal(), &bytes).unwrap();
        let error = open(&run).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Damaged, "{what}: {error}");
        let said = if line == 0 { "it is empty".to_owned() } else { format!("line {line}, is") };
        assert!(error.to_string().contains(&said), "{what}: {error}");
        assert_eq!(fs::read(run.paths().journal()).unwrap(), bytes, "{what}");
        assert!(!run.paths().root().join("journal.torn-7").exists());
    }
    fs::remove_file(run.paths().journal()).unwrap();
    assert_eq!(open(&run).unwrap_err().kind(), StoreErrorKind::Damaged, "missing");
    assert_eq!(run.replay().unwrap_err().kind(), StoreErrorKind::Damaged, "missing");
}

/// Events that can follow each other: the job of the second model is looked at, the other's is not sent.
fn one_job_at_work() -> Vec<Event> {
    let every = every_event();
    let looks = every.iter().filter(|event| matches!(event, Event::Looked { .. }));
    let events = [0, 2, 4, 6].map(|at| every[at].clone());
    events.into_iter().chain(looks.cycle().take(8).cloned()).collect()
}

#[test]
fn damage_is_cut_out_when_a_person_asks_for_it() {
    let home = Home::new();
    let run = home.run("r");
    let events = one_job_at_work();
    let bytes = journal_of(&run, &events);
    let path = run.paths().journal();
    let lock = run.lock(&session(), at(90)).unwrap();
    assert_eq!(run.repair(&lock, at(91)).unwrap(), None, "nothing is wrong with it");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    let ends = ends(&bytes);
    // Within a line in the middle, twice, in the first one, and all of it gone.
    for (damaged, lines) in [(ends[9] + 3, 10), (ends[9] + 30, 10), (3, 0), (usize::MAX, 0)] {
        if damaged == usize::MAX {
            fs::remove_file(&path).unwrap();
        } else {
            let mut broken = bytes.clone();
            broken[damaged] ^= 1;
            fs::write(&path, broken).unwrap();
        }
        assert_eq!(run.replay().unwrap_err().kind(), StoreErrorKind::Damaged);
        let repair = run.repair(&lock, at(92)).unwrap().unwrap();
        assert_eq!(repair.seq, lines + 1);
        assert!(run.paths().root().join(&repair.kept_as).exists(), "{}", repair.kept_as);
        let replay = run.replay().unwrap();
        let whole = usize::try_from(lines).unwrap();
        let left: Vec<_> = replay.events().cloned().collect();
        let (kept, doubts) = left.split_at(events_in(whole));
        assert_eq!(kept, &events[..events_in(whole)], "what stands before the damage is kept");
        let state = RunState::replay(&run.plan().unwrap(), kept).unwrap();
        assert_eq!(doubts, state.doubts(), "and nothing is created before it is looked for");
        assert_eq!(doubts.len(), if whole > 0 { 1 } else { 2 }, "{doubts:?}");
        assert_eq!(replay.repairs, [repair]);
        assert!(replay.was_mended());
    }
    drop(lock);
    let (mut journal, _lock, _) = open(&run).unwrap();
    journal.append(&events[0]).unwrap();
    let kept = |name: &str| run.paths().root().join(name).exists();
    assert!(kept("journal.damaged-11") && kept("journal.damaged-11.1"), "none replaces another");
    fs::write(run.paths().manifest(), "{}").unwrap();
    assert!(RunFolder::open(run.paths().root()).is_err(), "without run.json nothing is mended");
}
