//! Lines written and read back: exactly, in their place only, and never another event.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use batch_backend::{
    InputName, JobCounts, JobError, JobName, JobState, JobToken, OutputName, StoredInput,
    UploadSession,
};
use batch_orchestrator::conformance::every_event;
use batch_orchestrator::{Doubt, Ending, Event, InputId, JobId, StoredResult};
use proptest::prelude::*;

use super::*;

fn round_trip(chain: Chain, at: SystemTime, event: &Event) -> (Event, Chain, Chain) {
    let (text, next) = chain.write(at, &Record::of(event).unwrap()).unwrap();
    let text = text.strip_suffix('\n').unwrap();
    assert!(!text.contains('\n'), "one line");
    let (line, read) = chain.read(text.as_bytes()).ok().unwrap();
    assert_eq!(line.at, at);
    (line.record.event().unwrap().unwrap(), next, read)
}

#[test]
fn every_event_comes_back_as_it_was() {
    let mut chain = Chain::start();
    for event in every_event() {
        let (read, next, behind) = round_trip(chain, UNIX_EPOCH, &event);
        assert_eq!(read, event);
        assert_eq!(behind, next);
        chain = next;
    }
}

#[test]
fn line_out_of_its_place_is_refused() {
    let event = &every_event()[0];
    let record = Record::of(event).unwrap();
    let (first, second) = (Chain::start(), Chain { seq: 2, prev: 7 });
    let (text, _) = second.write(UNIX_EPOCH, &record).unwrap();
    let text = text.trim_end().as_bytes();
    assert!(second.read(text).is_ok());
    for chain in [first, Chain { prev: 8, ..second }, Chain { seq: 3, ..second }] {
        assert!(matches!(chain.read(text), Err(Fault::Misplaced(_))));
    }
}

#[test]
fn time_that_no_line_can_hold_is_an_error() {
    let far = UNIX_EPOCH + Duration::from_secs(1 << 40);
    assert!(Chain::start().write(far, &Record::Settled { job: String::new() }).is_err());
    let job = JobId { input: InputId { shard: 1, variant: 0 }, model: 0 };
    let name = JobName::new("n");
    let event = Event::Created { job, name, adopted: false, created: Some(far) };
    assert!(Record::of(&event).is_err());
}

fn times() -> impl Strategy<Value = SystemTime> {
    (0u64..=253_402_207_000, 0u32..1_000_000_000)
        .prop_map(|(secs, nanos)| UNIX_EPOCH + Duration::new(secs, nanos))
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), Just(r#"","crc":"00000000"}"#.to_owned()), "\\PC*"]
}

fn endings() -> impl Strategy<Value = Ending> {
    let states = prop_oneof![
        Just(JobState::Succeeded),
        Just(JobState::PartiallySucceeded),
        Just(JobState::Failed),
        Just(JobState::Cancelled),
        Just(JobState::Expired),
        texts().prop_map(JobState::Other),
    ];
    let errors = proptest::option::of(
        (any::<Option<i64>>(), texts()).prop_map(|(code, message)| JobError { code, message }),
    );
    let counts = any::<[Option<u64>; 4]>().prop_map(|[total, succeeded, failed, pending]| {
        JobCounts { total, succeeded, failed, pending }
    });
    let outputs = proptest::option::of(texts().prop_map(OutputName::new));
    (states, errors, counts, outputs).prop_map(|(state, error, counts, output)| Ending {
        state,
        error,
        counts,
        output,
    })
}

fn events() -> impl Strategy<Value = Event> {
    let inputs =
        (any::<u32>(), any::<u32>()).prop_map(|(shard, variant)| InputId { shard, variant });
    let jobs = (inputs, any::<u32>()).prop_map(|(input, model)| JobId { input, model });
    let (text, time) = (texts(), proptest::option::of(times()));
    (jobs, text, texts(), any::<u64>(), any::<u32>(), any::<bool>(), time, endings(), 0..14u8)
        .prop_map(|(job, text, other, number, attempt, flag, time, ending, kind)| {
            let (input, name, reason) = (job.input, JobName::new(text.as_str()), text.clone());
            let found = flag.then(|| name.clone());
            let doubt = if flag { Doubt::Unanswered } else { Doubt::Declined };
            match kind {
                0 => Event::UploadOpened { input, session: UploadSession::new(text) },
                1 => Event::InputLost { input, reason },
                2 => {
                    let name = InputName::new(other);
                    let stored = StoredInput { name, bytes: number, sha256: text, expires: time };
                    Event::InputStored { input, stored }
                }
                3 => {
                    let (token, input) = (JobToken::new(text), InputName::new(other));
                    Event::CreateIntended { job, attempt, token, input }
                }
                4 => Event::Created { job, name, adopted: flag, created: time },
                5 => Event::Doubted { job, doubt, reason },
                6 => Event::Settled { job },
                7 => Event::Refused { job, reason },
                8 => Event::Quarantined { job, name: found, reason },
                9 => Event::CancelRequested { job },
                10 => Event::Ended { job, ending },
                11 => {
                    let lines = u64::from(attempt);
                    let result = StoredResult { bytes: number, lines, sha256: text, whole: flag };
                    Event::Fetched { job, result }
                }
                12 => Event::ResultsLost { job, reason },
                _ => Event::ExtraFound { job, name },
            }
        })
}

proptest! {
    #[test]
    fn any_event_comes_back_as_it_was(event in events(), at in times(), seq in 1..u64::MAX, prev: u32) {
        let (read, next, behind) = round_trip(Chain { seq, prev }, at, &event);
        prop_assert_eq!(read, event);
        prop_assert_eq!(behind, next);
    }

    #[test]
    fn changed_bytes_are_never_a_line(event in events(), at: prop::sample::Index, flip in 1..=255u8) {
        let chain = Chain::start();
        let (text, _) = chain.write(UNIX_EPOCH, &Record::of(&event).unwrap()).unwrap();
        let mut text = text.trim_end().as_bytes().to_vec();
        let at = at.index(text.len());
        text[at] ^= flip;
        prop_assert!(chain.read(&text).is_err());
    }

    #[test]
    fn any_bytes_are_read_without_panic(text: Vec<u8>) {
        prop_assert!(Chain::start().read(&text).is_err());
        prop_assert!(!Chain::start().read_inside(&text));
    }
}
