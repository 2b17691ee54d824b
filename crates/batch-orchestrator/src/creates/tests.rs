//! In which order jobs are created while their inputs are still on their way.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use batch_backend::{
    Applied, BackendError, BytesPayload, ErrorKind, InputName, JobCounts, JobName, JobSnapshot,
    JobState, JobToken, ModelId, Operation, StoredInput, UploadSession,
};

use crate::mind::{Effect, Hold, Mind};
use crate::observe::Reaction;
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

/// Two models, three shards, all of them at the service.
fn ready_mind() -> Mind {
    let planned = |shard| {
        let payload = Arc::new(BytesPayload::from(b"{}\n".to_vec()));
        PlannedInput::new(input(shard), payload)
    };
    let models = ["a", "b"].map(|name| ModelId::parse(name).unwrap()).into();
    let plan = Plan::new(RunTag::parse("t").unwrap(), [1, 2, 3].map(planned).into(), models);
    let state = RunState::new(&plan);
    let mut mind = Mind::new(plan, Policy::default(), state);
    for shard in 1..=3 {
        opened(&mut mind, shard);
        stored(&mut mind, shard);
    }
    mind
}

fn of(shard: u32, model: u32) -> JobId {
    JobId { input: input(shard), model }
}

/// The jobs that are created at `now`, whose intents are on record then.
fn begun(mind: &mut Mind, now: Duration) -> Vec<JobId> {
    let decision = mind.decide(now, SystemTime::UNIX_EPOCH);
    for event in &decision.events {
        mind.apply(event).unwrap();
    }
    let begun = |event: &Event| match event {
        Event::CreateIntended { job, .. } => Some(*job),
        _ => None,
    };
    decision.events.iter().filter_map(begun).collect()
}

/// Says no to the creation of a job, which a list then settles.
fn refused(mind: &mut Mind, job: JobId, kind: ErrorKind, now: Duration) {
    let error = BackendError::new(Operation::Create, "a job", kind, "not now");
    let mut out = Reaction::default();
    mind.created(job, Err(error.with_applied(Applied::No)), now, &mut out);
    for event in out.events.iter().chain([&Event::Settled { job }]) {
        mind.apply(event).unwrap();
    }
}

const NO_QUOTA: ErrorKind = ErrorKind::Quota { retry_after: None };
const NOT_NOW: ErrorKind = ErrorKind::Transient { retry_after: None };
const S: fn(u64) -> Duration = Duration::from_secs;

#[test]
fn one_job_of_a_model_finds_out_whether_its_quota_is_still_used_up() {
    let mut mind = ready_mind();
    mind.throttle.insert(0, Hold { since: S(0), tries: 1, until: S(30) });
    let others = [of(1, 1), of(2, 1), of(3, 1)];
    assert_eq!(begun(&mut mind, S(29)), others, "the other model has its quota");
    for (job, name) in others.into_iter().zip(["jobs/2", "jobs/3", "jobs/4"]) {
        let name = JobName::new(name);
        mind.apply(&Event::Created { job, name, adopted: false, created: None }).unwrap();
    }
    assert_eq!(begun(&mut mind, S(30)), [of(1, 0)], "one of it, and no more");
    assert_eq!(begun(&mut mind, S(31)), [], "as long as it is not answered");
    let doubt =
        Event::Doubted { job: of(1, 0), doubt: crate::Doubt::Unanswered, reason: String::new() };
    mind.apply(&doubt).unwrap();
    assert_eq!(begun(&mut mind, S(32)), [], "or nobody knows how");
    mind.apply(&Event::Settled { job: of(1, 0) }).unwrap();
    mind.busy_jobs.remove(&of(1, 0));
    assert_eq!(begun(&mut mind, S(33)), [of(1, 0)]);
    let made = JobSnapshot {
        name: JobName::new("jobs/1"),
        token: None,
        model: None,
        input: None,
        state: JobState::Running,
        done: false,
        counts: JobCounts::default(),
        output: None,
        error: None,
        created: None,
        observed: None,
    };
    let mut out = Reaction::default();
    mind.created(of(1, 0), Ok(made), S(34), &mut out);
    out.events.iter().for_each(|event| mind.apply(event).unwrap());
    assert_eq!(begun(&mut mind, S(34)), [of(2, 0), of(3, 0)], "there is room again");
}

#[test]
fn waits_grow_with_each_refusal_of_a_job() {
    let mut mind = ready_mind();
    let mut now = S(0);
    for wait in [30, 60, 120, 240, 480, 900, 900] {
        refused(&mut mind, of(1, 0), NOT_NOW, now);
        let hold = mind.held_jobs[&of(1, 0)];
        assert_eq!((hold.since, hold.until), (S(0), now + S(wait)));
        assert!(!mind.held_jobs.contains_key(&of(2, 0)), "the others are not held back");
        now = hold.until;
    }
    // Each job for itself.
    refused(&mut mind, of(2, 0), NOT_NOW, now);
    assert_eq!(mind.held_jobs[&of(2, 0)].until, now + S(30));
    assert!(mind.throttle.is_empty());
}

#[test]
fn refusals_of_one_breath_are_one() {
    let mut mind = ready_mind();
    for shard in 1..=3 {
        refused(&mut mind, of(shard, 0), NO_QUOTA, S(shard.into()));
    }
    let hold = mind.throttle[&0];
    assert_eq!((hold.since, hold.tries, hold.until), (S(1), 1, S(33)));
    refused(&mut mind, of(1, 0), NO_QUOTA, S(33));
    let hold = mind.throttle[&0];
    assert_eq!((hold.since, hold.tries, hold.until), (S(1), 2, S(93)), "the wait was over");
    assert!(mind.held_jobs.is_empty() && !mind.throttle.contains_key(&1));
}

#[test]
fn a_quota_that_our_own_jobs_use_up_is_waited_for_as_long_as_they_run() {
    let patience = Policy::default().patience;
    for (own, late, is_fatal) in [(true, S(1), false), (false, S(0), false), (false, S(1), true)] {
        for kind in [NO_QUOTA, NOT_NOW] {
            let mut mind = ready_mind();
            if own {
                let (name, token) = (JobName::new("jobs/1"), JobToken::new("t"));
                let (job, stored) = (of(3, 0), InputName::new("inputs/3"));
                for event in [
                    Event::CreateIntended { job, attempt: 1, token, input: stored },
                    Event::Created { job, name, adopted: false, created: None },
                ] {
                    mind.apply(&event).unwrap();
                }
            }
            refused(&mut mind, of(1, 0), kind.clone(), S(0));
            refused(&mut mind, of(1, 0), kind.clone(), patience + late);
            // Our own jobs are no reason for trouble that is no quota.
            let is_fatal = is_fatal || own && kind == NOT_NOW;
            assert_eq!(mind.fatal.is_some(), is_fatal, "{own}, {late:?}, {kind:?}");
        }
    }
}
