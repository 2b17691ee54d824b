//! Random orders of events: what is illegal changes nothing, what is legal keeps the books right.

use std::sync::Arc;

use batch_backend::{
    BytesPayload, InputName, JobCounts, JobName, JobState, JobToken, ModelId, OutputName,
    StoredInput, UploadSession,
};
use proptest::prelude::*;

use super::*;
use crate::{Doubt, Ending, Load, Look, PlannedInput, RunTag, StoredResult, Then, Why};

fn plan() -> Plan {
    let input = |shard| {
        let payload = Arc::new(BytesPayload::from(b"{}\n".to_vec()));
        let load = Load { tokens: 3, cost: Some(5) };
        PlannedInput::new(InputId { shard, variant: 0 }, payload).with_loads(vec![load])
    };
    let models = ["a", "b"].map(|name| ModelId::parse(name).unwrap());
    Plan::new(RunTag::parse("t").unwrap(), vec![input(1), input(2)], models.into())
}

fn input_events(input: InputId) -> impl Strategy<Value = Event> {
    let stored = StoredInput {
        name: InputName::new("inputs/1"),
        bytes: 3,
        sha256: String::new(),
        expires: None,
    };
    prop_oneof![
        Just(Event::UploadOpened { input, session: UploadSession::new("x") }),
        Just(Event::InputStored { input, stored }),
        Just(Event::InputLost { input, reason: String::new() }),
    ]
}

fn ending() -> impl Strategy<Value = Ending> {
    any::<bool>().prop_map(|output| Ending {
        state: JobState::Succeeded,
        error: None,
        counts: JobCounts::default(),
        output: output.then(|| OutputName::new("results/1")),
    })
}

fn job_events(job: JobId, name: JobName) -> impl Strategy<Value = Event> {
    let look = Look { state: JobState::Running, counts: JobCounts::default(), seen: None };
    let result = StoredResult { bytes: 0, lines: 0, sha256: String::new(), whole: true };
    let reason = String::new;
    let made = name.clone();
    prop_oneof![
        6 => (1u32..4).prop_map(move |attempt| Event::CreateIntended {
            job,
            attempt,
            token: JobToken::new("t"),
            input: InputName::new("inputs/1"),
        }),
        6 => any::<bool>().prop_map(move |adopted| {
            Event::Created { job, name: made.clone(), adopted, created: None }
        }),
        2 => prop_oneof![Just(Doubt::Unanswered), Just(Doubt::Declined)]
            .prop_map(move |doubt| Event::Doubted { job, doubt, reason: reason() }),
        2 => Just(Event::Settled { job }),
        1 => Just(Event::Refused { job, reason: reason() }),
        1 => Just(Event::Quarantined { job, name: None, reason: reason() }),
        1 => Just(Event::CancelRequested { job }),
        4 => ending().prop_map(move |ending| Event::Ended { job, ending }),
        3 => Just(Event::Fetched { job, result }),
        1 => Just(Event::ResultsLost { job, reason: reason() }),
        2 => Just(Event::Reopened { job }),
        1 => Just(Event::ExtraFound { job, name: JobName::new("jobs/9") }),
        1 => Just(Event::Looked { job, look }),
        1 => prop_oneof![Just(Then::Wait), Just(Then::Cancel), Just(Then::Split)]
            .prop_map(move |then| Event::Stuck { job, then }),
        1 => Just(Event::NotAfforded { job, budget: 1 }),
        1 => (0u64..9).prop_map(move |cost| Event::Spent { job, cost }),
        1 => Just(Event::Adopted { job, name, created: None }),
        1 => Just(Event::Abandoned { job }),
    ]
}

fn attempts() -> impl Strategy<Value = Event> {
    let of = prop::collection::vec((1u32..4, 0u32..2), 0..3);
    let why = prop_oneof![Just(Why::Rows), Just(Why::Asked), Just(Why::Split)];
    (of, 1u32..6, 0u32..3, why).prop_map(|(of, shard, inputs, why)| {
        let of = of
            .into_iter()
            .map(|(shard, model)| JobId { input: InputId { shard, variant: 0 }, model });
        let inputs = (shard..shard + inputs).map(|shard| NewInput {
            id: InputId { shard, variant: 0 },
            rows: 1,
            bytes: 3,
            print: None,
            load: Load { tokens: 1, cost: None },
        });
        Event::Attempted { attempt: Attempt { why, of: of.collect(), inputs: inputs.collect() } }
    })
}

fn event() -> impl Strategy<Value = Event> {
    let jobs = (1u32..4, 0u32..3, 0u8..3).prop_flat_map(|(shard, model, name)| {
        let job = JobId { input: InputId { shard, variant: 0 }, model };
        job_events(job, JobName::new(format!("jobs/{name}")))
    });
    let inputs = (1u32..4).prop_flat_map(|shard| input_events(InputId { shard, variant: 0 }));
    prop_oneof![8 => jobs, 1 => inputs, 2 => attempts()]
}

/// The index as it would be made of the jobs and inputs that are there.
fn indexed(state: &RunState) -> Index {
    let mut index = Index::default();
    for job in state.jobs.values() {
        index.add(job);
    }
    for (input, phase) in &state.inputs {
        index.set_stored(*input, matches!(phase, InputPhase::Stored(_)));
    }
    index
}

/// Whether a job was at the service, or refused there, and does not come back to it.
fn is_behind(job: &Job) -> bool {
    matches!(job.phase, Phase::Fetching { .. } | Phase::Over(Verdict::ResultsLost { .. }))
        || job.is_done_with()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_order_of_events_keeps_the_books(events in prop::collection::vec(event(), 0..120)) {
        let plan = plan();
        let mut state = RunState::new(&plan);
        let mut legal = Vec::new();
        for event in events {
            let before = state.clone();
            match state.apply(&event) {
                Ok(()) => legal.push(event),
                Err(error) => {
                    prop_assert_eq!(&state, &before, "{} changed something", error);
                    prop_assert_eq!(error.event, event.name());
                }
            }
            prop_assert_eq!(&state.index, &indexed(&state));
            for job in state.jobs().filter(|job| state.was_sent_again(job.id)) {
                prop_assert!(is_behind(job), "{:?} and its rows are in other jobs", job.phase);
            }
        }
        prop_assert_eq!(RunState::replay(&plan, &legal).unwrap(), state, "legal events replay");
    }
}

#[test]
fn random_orders_reach_every_phase() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut phases, mut attempts) = (BTreeSet::new(), 0);
    for _ in 0..60 {
        let mut state = RunState::new(&plan());
        let events = prop::collection::vec(event(), 200).new_tree(&mut runner).unwrap().current();
        for event in events {
            let _ = state.apply(&event);
            phases.extend(state.jobs().map(|job| job.phase.name()));
        }
        attempts += state.attempts().len();
    }
    assert_eq!(phases.len(), 6, "{phases:?}");
    assert!(attempts > 5, "{attempts} attempts");
}
