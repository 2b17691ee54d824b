//! The suites that every [`Journal`] and every [`ResultSink`] passes.

#![expect(clippy::expect_used, reason = "a suite says what is wrong by panicking")]

use std::time::{Duration, SystemTime};

use batch_backend::{
    InputName, JobCounts, JobError, JobName, JobState, JobToken, OutputName, StoredInput,
    UploadSession,
};

use crate::{
    Attempt, Doubt, Ending, Event, InputId, JobId, Journal, Load, Look, NewInput, ResultSink,
    StoredResult, Then, Why,
};

/// One event of every kind, with odd texts and all optional fields both present and absent.
pub fn every_event() -> Vec<Event> {
    let input = InputId { shard: 1, variant: 0 };
    let job = JobId { input, model: 1 };
    let at = SystemTime::UNIX_EPOCH + Duration::new(1_795_000_000, 123_456_789);
    let odd = "quote \" backslash \\ newline \n escape \u{1b} \u{202e} é 漢".to_owned();
    let bare = Ending {
        state: JobState::Other("BATCH_STATE_MOON".to_owned()),
        error: None,
        counts: JobCounts::default(),
        output: None,
    };
    let counts = JobCounts { total: Some(3), succeeded: Some(2), failed: Some(1), pending: None };
    let full = Ending {
        state: JobState::PartiallySucceeded,
        error: Some(JobError { code: Some(-13), message: odd.clone() }),
        counts,
        output: Some(OutputName::new("results/1")),
    };
    let result = StoredResult { bytes: 10, lines: 2, sha256: "ab".repeat(32), whole: true };
    let stored = StoredInput {
        name: InputName::new("inputs/1"),
        bytes: u64::MAX,
        sha256: "cd".repeat(32),
        expires: Some(at),
    };
    let mut events = vec![
        Event::UploadOpened { input, session: UploadSession::new("https://x/?upload_id=s3cret") },
        Event::InputLost { input, reason: odd.clone() },
        Event::InputStored { input, stored: stored.clone() },
        Event::InputStored { input, stored: StoredInput { expires: None, ..stored } },
        Event::CreateIntended {
            job,
            attempt: 1,
            token: JobToken::new("be1.x.s0001.v0.m1.a1.00000000"),
            input: InputName::new("inputs/1"),
        },
        Event::Created { job, name: JobName::new("jobs/1"), adopted: true, created: Some(at) },
        Event::Created { job, name: JobName::new("jobs/1"), adopted: false, created: None },
        Event::Doubted { job, doubt: Doubt::Unanswered, reason: odd.clone() },
        Event::Doubted { job, doubt: Doubt::Declined, reason: String::new() },
        Event::Settled { job },
        Event::Refused { job, reason: odd.clone() },
        Event::Quarantined { job, name: Some(JobName::new("jobs/2")), reason: odd.clone() },
        Event::Quarantined { job, name: None, reason: odd.clone() },
        Event::CancelRequested { job },
        Event::Fetched { job, result },
        Event::ResultsLost { job, reason: odd },
        Event::ExtraFound { job, name: JobName::new("jobs/3") },
        Event::Reopened { job },
        Event::Looked { job, look: Look { state: JobState::Running, counts, seen: Some(at) } },
        Event::Looked {
            job,
            look: Look { state: bare.state.clone(), counts: JobCounts::default(), seen: None },
        },
        Event::NotAfforded { job, budget: u64::MAX },
        Event::Spent { job, cost: 0 },
        Event::Adopted { job, name: JobName::new("jobs/4"), created: Some(at) },
        Event::Adopted { job, name: JobName::new("jobs/4"), created: None },
        Event::Abandoned { job },
    ];
    for then in [Then::Wait, Then::Cancel, Then::Split] {
        events.push(Event::Stuck { job, then });
    }
    for (why, loads) in [
        (Why::Rows, [Load { tokens: 7, cost: Some(8) }, Load::default()].as_slice()),
        (Why::Split, &[]),
    ] {
        let shards = (2..).zip(loads);
        let inputs = shards.map(|(shard, load)| NewInput {
            id: InputId { shard, variant: 0 },
            rows: 3,
            bytes: 4,
            print: Some(u64::MAX - u64::from(shard)),
            load: *load,
        });
        let attempt = Attempt { why, of: vec![job, job], inputs: inputs.collect() };
        events.push(Event::Attempted { attempt });
    }
    for state in [
        JobState::Queued,
        JobState::Running,
        JobState::Succeeded,
        JobState::Failed,
        JobState::Cancelled,
        JobState::Expired,
    ] {
        events.push(Event::Ended { job, ending: Ending { state, ..bare.clone() } });
    }
    events.extend([Event::Ended { job, ending: bare }, Event::Ended { job, ending: full }]);
    events
}

/// A journal gives back, to whoever opens it later, every event that was appended, in order.
///
/// `open` opens the same journal again each time and returns it with the events it holds.
///
/// # Panics
/// When the journal breaks its contract.
pub fn journal<J: Journal>(mut open: impl FnMut() -> (J, Vec<Event>)) {
    let (mut first, held) = open();
    assert_eq!(held, [], "a fresh journal is empty");
    let events = every_event();
    let (early, late) = events.split_at(events.len() / 2);
    for event in early {
        first.append(event).expect("an event is taken");
    }
    drop(first);
    let (mut second, held) = open();
    assert_eq!(held, early, "what was appended is there again");
    for event in late {
        second.append(event).expect("an event is taken after a reopening");
    }
    drop(second);
    let (_, held) = open();
    assert_eq!(held, events, "appending goes on behind what was there");
}

/// A sink keeps exactly what it was given, only when told, and replaces only when told.
///
/// `kept` returns what stands under the final name of a job.
///
/// # Panics
/// When the sink breaks its contract.
pub fn sink(sink: &dyn ResultSink, kept: impl Fn(JobId) -> Option<Vec<u8>>) {
    let job = JobId { input: InputId { shard: 1, variant: 0 }, model: 0 };
    assert_eq!(kept(job), None, "nothing is there before");

    let mut dropped = sink.begin(job).expect("a place opens");
    dropped.write(b"half a li").expect("bytes are taken");
    drop(dropped);
    assert_eq!(kept(job), None, "a dropped download leaves nothing");

    let mut download = sink.begin(job).expect("a place opens");
    download.write(b"thrown away").expect("bytes are taken");
    download.restart().expect("it starts over");
    for bytes in [&b"{\"a\":1}\n{\"b\""[..], &b":2}\n"[..], &b""[..]] {
        download.write(bytes).expect("bytes are taken");
    }
    assert_eq!(kept(job), None, "nothing stands under the final name before it is kept");
    let tally = download.tally();
    let result = download.keep().expect("it is kept");
    assert_eq!(tally, result, "the tally is of what is kept");
    let bytes = b"{\"a\":1}\n{\"b\":2}\n".to_vec();
    assert_eq!((result.bytes, result.lines, result.whole), (bytes.len() as u64, 2, true));
    assert_eq!(
        result.sha256, "3881dc2ee848fe04d776737c86afbc783e482e7c5be6431d3aab36fa8fa2c928",
        "the digest is of the bytes"
    );
    assert_eq!(kept(job), Some(bytes));

    let mut cut = sink.begin(job).expect("a place opens again");
    cut.write(b"{\"c\":3}\n{\"d").expect("bytes are taken");
    let result = cut.keep().expect("it is kept");
    assert_eq!((result.lines, result.whole), (2, false), "a cut last line is noticed");
    assert_eq!(kept(job), Some(b"{\"c\":3}\n{\"d".to_vec()), "the later one replaces");

    let other = JobId { model: 1, ..job };
    assert_eq!(kept(other), None, "other jobs have places of their own");
}
