//! In which order jobs are created while their inputs are still on their way.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use batch_backend::{BytesPayload, InputName, ModelId, StoredInput, UploadSession};

use crate::mind::{Effect, Hold, Mind};
use crate::{Event, InputId, JobId, Plan, PlannedInput, Policy, RunState, RunTag};

fn input(shard: u32) -> InputId {
    InputId { shard, variant: 0 }
}

/// Of three shards the second one lies at the service, and the first one is on its way.
fn mind() -> Mind {
    let planned = |shard| {
        let payload = Arc::new(BytesPayload::from(b"{}\n".to_vec()));
        PlannedInput::new(input(shard), payload)
    };
    let models = vec![ModelId::parse("a").unwrap()];
    let plan = Plan::new(RunTag::parse("t").unwrap(), [1, 2, 3].map(planned).into(), models);
    let state = RunState::new(&plan);
    let mut mind = Mind::new(plan, Policy::default(), state);
    opened(&mut mind, 1);
    opened(&mut mind, 2);
    stored(&mut mind, 2);
    mind
}

fn opened(mind: &mut Mind, shard: u32) {
    let session = UploadSession::new("x");
    mind.apply(&Event::UploadOpened { input: input(shard), session }).unwrap();
}

fn stored(mind: &mut Mind, shard: u32) {
    let name = InputName::new(format!("inputs/{shard}"));
    let stored = StoredInput { name, bytes: 3, sha256: "0123456789".to_owned(), expires: None };
    mind.apply(&Event::InputStored { input: input(shard), stored }).unwrap();
}

fn creates(mind: &mut Mind) -> Vec<JobId> {
    let decision = mind.decide(Duration::ZERO, SystemTime::UNIX_EPOCH);
    let created = |effect: &Effect| match effect {
        Effect::Create { job, .. } => Some(*job),
        _ => None,
    };
    decision.effects.iter().filter_map(created).collect()
}

fn job(shard: u32) -> JobId {
    JobId { input: input(shard), model: 0 }
}

#[test]
fn a_later_shard_waits_for_the_upload_of_an_earlier_one() {
    let mut mind = mind();
    assert_eq!(creates(&mut mind), []);
    stored(&mut mind, 1);
    assert_eq!(creates(&mut mind), [job(1), job(2)], "in order, and the third is not there yet");
}

#[test]
fn an_upload_in_trouble_holds_up_nobody_else() {
    let mut mind = mind();
    let until = Duration::from_secs(9);
    mind.held_inputs.insert(input(1), Hold { since: Duration::ZERO, tries: 1, until });
    assert_eq!(creates(&mut mind), [job(2)]);
}
