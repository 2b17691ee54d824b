//! How much is taken of results, by what is known of their rows; and when trouble with a cancellation is over.

use std::sync::Arc;
use std::time::SystemTime;

use batch_backend::{
    BytesPayload, InputName, JobCounts, JobToken, ModelId, OutputName, StoredInput, UploadSession,
};

use super::*;
use crate::{Event, FILE_BYTES, Plan, PlannedInput, Policy, ROW_BYTES, RunState, RunTag};

const ID: JobId = JobId { input: InputId { shard: 1, variant: 0 }, model: 0 };

/// The bound of a download of a job with an input of seven bytes.
fn most(rows: Option<u64>, policy: Policy) -> u64 {
    let payload = Arc::new(BytesPayload::from(b"{}\n{  }".to_vec()));
    let planned = PlannedInput::new(ID.input, payload);
    let planned = rows.map_or(planned.clone(), |rows| planned.with_rows(rows));
    let models = vec![ModelId::parse("a").unwrap()];
    let plan = Plan::new(RunTag::parse("t").unwrap(), vec![planned], models);
    let input = InputName::new("inputs/1");
    let stored =
        StoredInput { name: input.clone(), bytes: 7, sha256: "00".to_owned(), expires: None };
    let ending = Ending {
        state: JobState::Succeeded,
        error: None,
        counts: JobCounts::default(),
        output: Some(OutputName::new("results/1")),
    };
    let (name, token) = (JobName::new("jobs/1"), JobToken::new("t"));
    let history = [
        Event::UploadOpened { input: ID.input, session: UploadSession::new("x") },
        Event::InputStored { input: ID.input, stored },
        Event::CreateIntended { job: ID, attempt: 1, token, input },
        Event::Created { job: ID, name, adopted: false, created: None },
        Event::Ended { job: ID, ending },
    ];
    let state = RunState::replay(&plan, &history).unwrap();
    let decision = Mind::new(plan, policy, state).decide(Duration::ZERO, SystemTime::UNIX_EPOCH);
    let bound = |effect: &Effect| match effect {
        Effect::Fetch { most, .. } => Some(*most),
        _ => None,
    };
    decision.effects.iter().find_map(bound).unwrap()
}

#[test]
fn results_are_taken_as_far_as_rows_can_be_long() {
    assert_eq!(most(Some(3), Policy::default()), FILE_BYTES + 3 * ROW_BYTES);
    let unknown = FILE_BYTES + 7 * ROW_BYTES;
    assert_eq!(most(None, Policy::default()), unknown, "as many rows as there are bytes");
    let said = Policy { max_result_bytes: Some(10), ..Policy::default() };
    assert_eq!((most(Some(3), said.clone()), most(None, said)), (10, 10));
}

#[test]
fn a_cancellation_that_failed_is_asked_again_when_its_wait_is_over() {
    let plan = Plan::new(RunTag::parse("t").unwrap(), Vec::new(), Vec::new());
    let state = RunState::new(&plan);
    let mut mind = Mind::new(plan, Policy::default(), state);
    let name = JobName::new("jobs/1");
    mind.cancels.insert(name.clone(), ID);
    let until = Duration::from_secs(9);
    mind.cancel_trouble = Some(Hold { since: Duration::ZERO, tries: 1, until });
    let mut at = |seconds| mind.decide(Duration::from_secs(seconds), SystemTime::UNIX_EPOCH);
    let early = at(8);
    assert_eq!((early.effects, early.wake), (vec![], Some(until)));
    assert_eq!(at(9).effects, [Effect::Cancel { job: ID, name }]);
    assert_eq!(at(10).effects, [], "it is under way");
}
