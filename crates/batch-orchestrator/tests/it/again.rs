//! Rows that are sent again: by hand, and because their job was stuck.

use std::collections::BTreeSet;
use std::time::Duration;

use batch_backend::memory::{Course, Fault};
use batch_backend::{
    BatchBackend, InputName, JobCounts, JobName, JobSpec, JobState, JobToken, Operation,
};
use batch_orchestrator::{
    Attempt, Ending, Event, Finish, Goal, InputId, JobId, Load, NewInput, Phase, RunState,
    StuckAfter, Then, Verdict, Why,
};

use crate::invariants::a_further_session_does_nothing;
use crate::world::{Mortal, Sim, job, shard};

/// All rows of a cell that are here, over all attempts.
fn rows_of_cell(sim: &Sim, model: u32) -> BTreeSet<Vec<u8>> {
    let state = sim.state();
    state.cell(0, model).flat_map(|job| sim.kept_rows(job.id)).collect()
}

#[tokio::test]
async fn missing_rows_come_with_a_second_attempt() {
    let sim = Sim::sharded(&["sim-flash", "sim-pro"], 2, Load::default());
    sim.backend.fail(Operation::Fetch, [Fault::Short(1); 8]);
    sim.session().await.unwrap();
    let short: Vec<JobId> =
        sim.plan.jobs().filter(|job| !sim.missing_rows(*job).is_empty()).collect();
    assert!(!short.is_empty());
    for job in &short {
        sim.send_again(*job, Why::Rows, 1, Load::default());
    }
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    for model in 0..2 {
        assert_eq!(rows_of_cell(&sim, model).len(), 6, "model {model}");
    }
    let last = state.jobs().last().unwrap();
    assert_eq!(last.round, 1);
    assert_eq!(usize::try_from(last.id.input.shard).unwrap(), 2 + short.len());
    assert_eq!(sim.living(last.id), 1, "the first attempt's job is no double of this one");
    assert_eq!(state.added(last.id.input).unwrap().rows, 2);
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn an_attempt_dies_and_goes_on_like_any_other_job() {
    for line in 0..12 {
        for keeps_last in [false, true] {
            let sim = Sim::new(&["sim-flash"]);
            sim.backend.fail(Operation::Fetch, [Fault::Short(1); 2]);
            sim.session().await.unwrap();
            sim.send_again(job(0), Why::Rows, 2, Load::default());
            sim.backend.fail(Operation::Create, [Fault::After, Fault::Late(20)]);
            let mut journal = Mortal { inner: sim.journal.clone(), lines_left: line, keeps_last };
            let _ = sim.session_with(&mut journal).await;
            sim.session().await.unwrap();
            assert_eq!(rows_of_cell(&sim, 0).len(), 3, "died at line {line}");
            assert_eq!(sim.backend.history().len(), 3, "each part was paid for once");
        }
    }
}

#[tokio::test]
async fn attempts_that_would_send_rows_twice_are_refused() {
    let sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.backend.fail(Operation::Fetch, [Fault::Short(1); 4]);
    let running = RunState::new(&sim.plan);
    sim.session().await.unwrap();
    let state = sim.state();
    let event = |of: Vec<JobId>, shards: &[u32], variant| {
        let inputs = shards.iter().map(|shard| NewInput {
            id: InputId { shard: *shard, variant },
            rows: 1,
            bytes: 9,
            print: None,
            load: Load::default(),
        });
        Event::Attempted { attempt: Attempt { why: Why::Rows, of, inputs: inputs.collect() } }
    };
    let good = event(vec![job(0)], &[2, 3], 0);
    state.clone().apply(&good).unwrap();
    let refused = |state: &RunState, event: &Event| {
        let mut after = state.clone();
        let error = after.apply(event).unwrap_err();
        assert_eq!(&after, state, "the state is as it was after {error}");
        error.phase
    };
    assert_eq!(refused(&running, &good), "planned, of job s0001.v0.m0");
    assert_eq!(refused(&state, &event(vec![], &[2], 0)), "without any job whose rows these are");
    let two_models = event(vec![job(0), job(1)], &[2], 0);
    assert_eq!(refused(&state, &two_models), "of another model or variant than s0001.v0.m0");
    for (shards, variant) in [(&[1][..], 0), (&[3, 2], 0), (&[2, 2], 0), (&[2], 1)] {
        refused(&state, &event(vec![job(0)], shards, variant));
    }
    refused(&state, &event(vec![shard(9, 0)], &[2], 0));
    let mut under_way = state;
    under_way.apply(&good).unwrap();
    assert!(under_way.is_under_way_again(job(0)));
    let twice = event(vec![job(0)], &[4], 0);
    assert_eq!(refused(&under_way, &twice), "planned, of job s0002.v0.m0");
    under_way.apply(&event(vec![job(1)], &[4], 0)).unwrap();
}

/// A job that never ends, with so many rows when it is cancelled.
fn endless(rows_at_cancel: Option<usize>) -> Course {
    let mut course = Course::success();
    course.states = vec![JobState::Running];
    course.states.resize(1_000_000, JobState::Running);
    course.rows_at_cancel = rows_at_cancel;
    course
}

fn stuck(then: Then) -> StuckAfter {
    StuckAfter { age: Duration::from_hours(24), then }
}

#[tokio::test]
async fn a_stuck_job_is_cut_short_and_its_missing_rows_go_into_smaller_jobs() {
    for (kept, parts) in [(Some(1), 2), (None, 2), (Some(3), 0)] {
        let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
        sim.backend.next_courses([endless(kept)]);
        sim.policy.stuck = Some(stuck(Then::Split));
        let (finish, state) = sim.session().await.unwrap();
        let cut = state.to_split().collect::<Vec<_>>();
        assert_eq!((finish, cut.len()), (Finish::Split(cut.clone()), 1));
        assert_eq!(sim.kept_rows(cut[0]).len(), kept.unwrap_or(0), "what came is kept");
        let (finish, _) = sim.session().await.unwrap();
        assert_eq!(finish, Finish::Split(cut.clone()), "until somebody sees to it");
        sim.send_again(cut[0], Why::Split, 2, Load::default());
        let (finish, state) = sim.session().await.unwrap();
        assert_eq!(finish, Finish::Reached);
        for model in 0..2 {
            assert_eq!(rows_of_cell(&sim, model).len(), 3, "model {model}, {kept:?} kept");
        }
        assert_eq!(state.jobs().count(), 2 + parts);
        assert!(state.jobs().all(|job| job.round == 0), "a split is no round");
        a_further_session_does_nothing(&sim).await;
    }
}

#[tokio::test]
async fn a_split_does_not_wait_for_the_other_jobs() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    let slow = Course {
        states: [vec![JobState::Running; 9_500], vec![JobState::Succeeded]].concat(),
        ..Course::success()
    };
    sim.backend.next_courses([endless(None), slow]);
    sim.policy.stuck = Some(StuckAfter { age: Duration::from_hours(12), then: Then::Split });
    let (finish, state) = sim.session().await.unwrap();
    // Both are old; whichever is cut first, the other one is not waited for.
    assert!(matches!(finish, Finish::Split(_)));
    assert!(state.jobs().any(|job| !job.is_over()) || state.to_split().count() == 2);
}

#[tokio::test]
async fn a_stuck_job_is_cancelled_or_waited_for_as_the_policy_says() {
    for then in [Then::Cancel, Then::Wait] {
        let mut sim = Sim::new(&["sim-flash"]);
        sim.backend.next_courses([endless(Some(2))]);
        sim.policy.stuck = Some(stuck(then));
        let (finish, state) = sim.session().await.unwrap();
        let told = |event: &&Event| matches!(event, Event::Stuck { .. });
        assert_eq!(sim.journal.events().iter().filter(told).count(), 1, "{then:?}");
        let cancels = sim.backend.calls(Operation::Cancel);
        let phase = &state.job(job(0)).unwrap().phase;
        if then == Then::Cancel {
            assert_eq!((finish, cancels), (Finish::Reached, 1));
            let Phase::Over(Verdict::Results { ending, result }) = phase else {
                panic!("{phase:?}")
            };
            assert_eq!((&ending.state, result.lines), (&JobState::Cancelled, 2));
        } else {
            assert_eq!((finish, cancels), (Finish::Deadline, 0));
        }
    }
}

#[tokio::test]
async fn a_job_found_stuck_long_after_the_deadline_is_split_in_one_session() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.backend.next_courses([endless(Some(1))]);
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    for _ in 0..100 * 360 {
        sim.backend.tick();
    }
    sim.policy.goal = Goal::Fetched;
    sim.policy.stuck = Some(stuck(Then::Split));
    let (finish, _) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Split(vec![job(0)]));
}

#[tokio::test]
async fn a_split_is_asked_for_by_sessions_that_split() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.backend.next_courses([endless(Some(1))]);
    sim.policy.stuck = Some(stuck(Then::Split));
    let split = Finish::Split(vec![job(0)]);
    assert_eq!(sim.session().await.unwrap().0, split);
    for (goal, then, finish) in [
        (Goal::Fetched, None, Finish::Reached),
        (Goal::Fetched, Some(Then::Cancel), Finish::Reached),
        (Goal::Submitted, Some(Then::Split), Finish::Reached),
        (Goal::Fetched, Some(Then::Split), split),
    ] {
        (sim.policy.goal, sim.policy.stuck) = (goal, then.map(stuck));
        assert_eq!(sim.session().await.unwrap().0, finish, "{goal:?}, {then:?}");
    }
}

#[tokio::test]
async fn splits_come_to_an_end() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.backend.next_courses(vec![endless(None); 40]);
    sim.policy.stuck = Some(StuckAfter { age: Duration::from_hours(2), then: Then::Split });
    for _ in 0..8 {
        let (finish, state) = sim.session().await.unwrap();
        let Finish::Split(jobs) = finish else {
            assert_eq!(finish, Finish::Deadline, "one row does not get smaller");
            let rows: Vec<_> = state.jobs().map(|job| (job.splits, job.rows)).collect();
            let (whole, one) = ((0, None), Some(1));
            assert_eq!(rows, [whole, (1, Some(2)), (1, one), (2, one), (2, one)]);
            let waits = state.jobs().filter(|job| job.stuck == Some(Then::Wait)).count();
            assert_eq!(waits, 3);
            return;
        };
        for job in jobs {
            sim.send_again(job, Why::Split, 2, Load::default());
        }
    }
    panic!("it is split for ever");
}

#[tokio::test]
async fn smaller_jobs_are_given_longer() {
    for (hours, finish) in [(45, Finish::Deadline), (50, Finish::Split(vec![shard(2, 0)]))] {
        let mut sim = Sim::new(&["sim-flash"]);
        sim.backend.next_courses([endless(Some(1)), endless(None)]);
        sim.policy.stuck = Some(stuck(Then::Split));
        sim.policy.deadline = Duration::from_hours(hours);
        sim.session().await.unwrap();
        sim.send_again(job(0), Why::Split, 1, Load::default());
        assert_eq!(sim.session().await.unwrap().0, finish, "a day becomes two");
    }
}

#[test]
fn large_jobs_are_split_three_times() {
    let sim = Sim::new(&["sim-flash"]);
    let mut state = RunState::new(&sim.plan);
    let name = |shard: u32| JobName::new(format!("jobs/{shard}"));
    for number in 1..=4 {
        let job = shard(number, 0);
        let token = JobToken::new(format!("t{number}"));
        let ending = Ending {
            state: JobState::Cancelled,
            error: None,
            counts: JobCounts::default(),
            output: None,
        };
        let input = InputName::new("inputs/1");
        for event in [
            Event::CreateIntended { job, attempt: 1, token, input },
            Event::Created { job, name: name(number), adopted: false, created: None },
            Event::Stuck { job, then: Then::Split },
            Event::Ended { job, ending },
        ] {
            state.apply(&event).unwrap();
        }
        let id = InputId { shard: number + 1, variant: 0 };
        let inputs =
            vec![NewInput { id, rows: 1_000, bytes: 9, print: None, load: Load::default() }];
        let split =
            Event::Attempted { attempt: Attempt { why: Why::Split, of: vec![job], inputs } };
        assert_eq!(state.to_split().count(), usize::from(number <= 3));
        assert_eq!(state.apply(&split).is_ok(), number <= 3, "split {number}");
        let back = state.apply(&Event::Reopened { job });
        assert_eq!(back.is_err(), number <= 3, "never beside those that have its rows");
    }
}

#[tokio::test]
async fn a_job_that_vanished_stays_behind_once_its_rows_are_sent_again() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Submitted;
    let (_, state) = sim.session().await.unwrap();
    let name = state.job(job(0)).unwrap().name.clone().unwrap();
    sim.backend.delete(&name).await.unwrap();
    sim.policy.goal = Goal::Fetched;
    sim.session().await.unwrap();
    sim.send_again(job(0), Why::Rows, 1, Load::default());
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    assert_eq!(rows_of_cell(&sim, 0).len(), 3);
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn a_refused_job_that_is_there_all_the_same_is_stopped_once_its_rows_are_sent_again() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Create, [Fault::Refused]);
    sim.session().await.unwrap();
    sim.send_again(job(0), Why::Rows, 1, Load::default());
    let events = sim.journal.events();
    let intended = events.iter().find_map(|event| match event {
        Event::CreateIntended { token, input, .. } => Some((token.clone(), input.clone())),
        _ => None,
    });
    let (token, input) = intended.unwrap();
    sim.backend.next_courses([endless(None)]);
    let spec = JobSpec { token, model: sim.plan.models[0].clone(), input };
    let name = sim.backend.create(&spec).await.unwrap().name;
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    let refused = state.job(job(0)).unwrap();
    assert!(matches!(refused.phase, Phase::Over(Verdict::Refused(_))), "{:?}", refused.phase);
    assert_eq!((&refused.extras, sim.living(job(0))), (&vec![name], 0), "told of and stopped");
    assert_eq!(rows_of_cell(&sim, 0).len(), 3);
}

#[tokio::test]
async fn rows_of_a_stuck_job_that_a_person_sent_again_are_not_split_as_well() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.backend.next_courses([endless(Some(1))]);
    sim.policy.stuck = Some(stuck(Then::Split));
    assert_eq!(sim.session().await.unwrap().0, Finish::Split(vec![job(0)]));
    sim.send_again(job(0), Why::Rows, 1, Load::default());
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!((finish, state.jobs().count()), (Finish::Reached, 2));
    assert_eq!(rows_of_cell(&sim, 0).len(), 3);
}
