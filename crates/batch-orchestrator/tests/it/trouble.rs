//! Trouble that must not cost money or results: what a hostile reader of this crate came up with.

use std::time::Duration;

use batch_backend::memory::{Course, Fault};
use batch_backend::{BatchBackend, JobSpec, JobState, Operation};
use batch_orchestrator::{
    DriveError, Event, Finish, Goal, InputPhase, OnAmbiguous, Phase, Policy, Verdict,
};

use crate::forgotten::Stale;
use crate::world::{Sim, job};

const HOUR: Duration = Duration::from_hours(1);

fn rows(sim: &Sim, model: u32) -> usize {
    sim.sink.kept(job(model)).map_or(0, |kept| kept.split(|b| *b == b'\n').count() - 1)
}

#[tokio::test]
async fn a_download_with_fewer_rows_than_promised_is_fetched_again() {
    for short in [0, 1, 2] {
        let sim = Sim::new(&["sim-flash"]);
        sim.backend.fail(Operation::Fetch, [Fault::Short(short)]);
        sim.session().await.unwrap();
        assert_eq!(rows(&sim, 0), 3, "after one of {short} rows");
        assert_eq!(sim.backend.calls(Operation::Fetch), 2);
    }
}

#[tokio::test]
async fn two_equal_short_downloads_are_what_the_service_has() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Fetch, [Fault::Short(2); 9]);
    sim.session().await.unwrap();
    assert_eq!((rows(&sim, 0), sim.backend.calls(Operation::Fetch)), (2, 2));
}

#[tokio::test]
async fn results_that_were_gone_for_one_session_are_asked_for_in_the_next() {
    let sim = Sim::new(&["sim-flash"]);
    // As with a key of another project: not there, for as long as anybody asks.
    sim.backend.fail(Operation::Fetch, [Fault::Gone; 12]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    let phase = &state.job(job(0)).unwrap().phase;
    assert!(matches!(phase, Phase::Over(Verdict::ResultsLost { .. })), "{phase:?}");
    let asked = sim.backend.calls(Operation::Fetch);
    assert!((5..=12).contains(&asked), "asked {asked} times over the settle time");
    while sim.backend.calls(Operation::Fetch) < 12 {
        sim.session().await.unwrap();
    }
    sim.session().await.unwrap();
    sim.assert_complete("after the trouble");
}

#[tokio::test]
async fn results_that_are_longer_than_what_is_taken_are_left_there_and_can_be_asked_for_again() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    // The echo of a shard is as long as the shard.
    let len = sim.plan.inputs[0].payload.len();
    sim.policy.max_result_bytes = Some(len - 1);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!((finish, sim.backend.calls(Operation::Fetch)), (Finish::Reached, 2), "once each");
    for model in [0, 1] {
        let Phase::Over(Verdict::ResultsLost { reason, .. }) =
            &state.job(job(model)).unwrap().phase
        else {
            panic!("{state:?}");
        };
        assert!(reason.contains(&format!("longer than {} bytes", len - 1)), "{reason}");
        assert_eq!(sim.sink.kept(job(model)), None, "nothing of it is kept");
    }
    sim.policy.events_before = Some(0);
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::Fetch), 2, "the same process does not ask again");
    sim.policy.events_before = None;
    sim.session().await.unwrap();
    assert_eq!(sim.backend.calls(Operation::Fetch), 4, "the next one does");
    sim.policy.max_result_bytes = Some(len);
    sim.session().await.unwrap();
    sim.assert_complete("with just enough");
}

#[tokio::test]
async fn an_upload_that_is_lost_each_time_is_given_up() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Upload, [Fault::Gone; 5]);
    let error = sim.session().await.unwrap_err();
    assert!(matches!(error, DriveError::Backend(_)), "{error}");
    assert_eq!(sim.backend.calls(Operation::Upload), 5);
    sim.backend.fail(Operation::Upload, [Fault::Gone; 4]);
    sim.session().await.unwrap();
    sim.assert_complete("lost four times");
}

#[tokio::test]
async fn what_waiting_does_not_mend_is_not_waited_for() {
    for operation in [Operation::OpenUpload, Operation::Upload, Operation::Get, Operation::Fetch] {
        let sim = Sim::new(&["sim-flash"]);
        sim.backend.fail(operation, [Fault::Refused]);
        let error = sim.session().await.unwrap_err();
        assert!(matches!(error, DriveError::Backend(_)), "{operation:?}: {error}");
        assert_eq!(sim.backend.calls(operation), 1, "{operation:?}");
        sim.session().await.unwrap();
        sim.assert_complete("and the next one goes on");
    }
}

#[tokio::test]
async fn a_second_job_seen_at_adoption_is_stopped() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.strict = false;
    sim.policy.goal = Goal::Uploaded;
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let model = sim.plan.models[0].clone();
    let token = job(0).token(&sim.plan.tag, 1, &stored.sha256, &model);
    let twin = JobSpec { token, model, input: stored.name.clone() };
    sim.backend.create(&twin).await.unwrap();
    sim.backend.fail(Operation::Create, [Fault::After]);
    sim.policy.goal = Goal::Fetched;
    // The first list does not show it yet, so that another one is made.
    sim.session_through(Stale::before(&sim, 1)).await.unwrap();
    assert_eq!(sim.backend.history().len(), 2);
    assert_eq!(sim.living(job(0)), 1, "{:?}", sim.backend.history());
    assert!(sim.journal.events().iter().any(|event| matches!(event, Event::ExtraFound { .. })));
}

#[tokio::test]
async fn a_second_job_that_has_ended_is_told_of() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Submitted;
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let model = sim.plan.models[0].clone();
    let token = job(0).token(&sim.plan.tag, 7, &stored.sha256, &model);
    let twin = JobSpec { token, model, input: stored.name.clone() };
    sim.backend.next_courses([Course { states: vec![JobState::Succeeded], ..Course::success() }]);
    sim.backend.create(&twin).await.unwrap();
    sim.policy.goal = Goal::Fetched;
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.job(job(0)).unwrap().extras.len(), 1, "it was paid for");
    assert_eq!(sim.backend.calls(Operation::Cancel), 0, "and there is nothing to stop");
}

#[tokio::test]
async fn a_second_job_that_outlives_ours_is_stopped_and_ours_counts() {
    let mut sim = Sim::new(&["sim-flash"]);
    (sim.strict, sim.policy.goal) = (false, Goal::Submitted);
    let (_, state) = sim.session().await.unwrap();
    let ours = state.job(job(0)).unwrap().name.clone();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let model = sim.plan.models[0].clone();
    let token = job(0).token(&sim.plan.tag, 7, &stored.sha256, &model);
    let twin = JobSpec { token, model, input: stored.name.clone() };
    sim.backend
        .next_courses([Course { states: vec![JobState::Running; 500], ..Course::success() }]);
    sim.backend.create(&twin).await.unwrap();
    // Ours has ended when somebody looks again.
    (0..100).for_each(|_| sim.backend.tick());
    sim.policy.goal = Goal::Fetched;
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.job(job(0)).unwrap().name, ours);
    sim.assert_complete("ours");
    assert!(sim.backend.history()[1].1, "the other one is stopped");
}

#[tokio::test]
async fn a_refused_job_that_is_there_all_the_same_is_adopted() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::Create, [Fault::Refused]);
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let refused = state.job(job(0)).unwrap();
    let spec = JobSpec {
        token: refused.token.clone().unwrap(),
        model: sim.plan.models[0].clone(),
        input: stored.name.clone(),
    };
    sim.backend.create(&spec).await.unwrap();
    sim.policy.goal = Goal::Fetched;
    sim.session().await.unwrap();
    sim.assert_complete("adopted in spite of the refusal");
}

#[tokio::test]
async fn the_last_sweep_is_tried_again_but_not_for_ever() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::List, [Fault::Before; 2]);
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    assert_eq!(sim.backend.calls(Operation::List), 3, "two failed, one was whole");
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::List, [Fault::Before; 500]);
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached, "the results are here");
    assert!(sim.backend.calls(Operation::List) < 20);
}

#[tokio::test]
async fn a_service_that_cannot_list_keeps_no_results() {
    let sim = Sim::new(&["sim-flash"]);
    sim.backend.fail(Operation::List, [Fault::Gone; 50]);
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    assert_eq!(sim.backend.calls(Operation::List), 1);
}

#[tokio::test]
async fn a_sweep_that_is_refused_takes_nothing_from_a_finished_run() {
    let sim = Sim::new(&["sim-flash"]);
    sim.session().await.unwrap();
    sim.backend.fail(Operation::List, [Fault::Refused; 3]);
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
}

#[tokio::test]
async fn jobs_that_ended_long_ago_are_fetched_however_many_there_are() {
    let mut sim = Sim::new(&["a", "b", "c", "d", "e", "f"]);
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    // Sixty hours pass while nobody looks.
    for _ in 0..60 * 360 {
        sim.backend.tick();
    }
    sim.policy.goal = Goal::Fetched;
    assert_eq!(sim.session().await.unwrap().0, Finish::Reached);
    sim.assert_complete("ended long ago");
}

#[tokio::test]
async fn a_service_that_is_down_for_hours_is_waited_for_as_long_as_there_is_patience() {
    // Waits grow to a quarter of an hour: 29 of them are five hours, 40 are eight.
    for (failures, in_time) in [(29, true), (40, false)] {
        let mut sim = Sim::new(&["sim-flash"]);
        sim.policy.goal = Goal::Submitted;
        sim.session().await.unwrap();
        sim.policy.goal = Goal::Fetched;
        sim.backend.fail(Operation::Get, vec![Fault::Before; failures]);
        sim.backend.fail(Operation::List, vec![Fault::Before; failures]);
        let ended = sim.session().await;
        assert_eq!(ended.is_ok(), in_time, "{ended:?}");
        sim.backend.calm();
        sim.session().await.unwrap();
        sim.assert_complete("after hours");
        assert_eq!(sim.backend.calls(Operation::Create), 1);
    }
}

#[tokio::test]
async fn late_jobs_that_hold_every_place_end_the_session() {
    for goal in [Goal::Submitted, Goal::Fetched] {
        let mut sim = Sim::new(&["a", "b", "c"]);
        let mut endless = Course::success();
        (endless.states, endless.done_at_end, endless.results) =
            (vec![JobState::Running], false, false);
        sim.backend.next_courses(vec![endless; 3]);
        sim.policy.limits.live_jobs = 2;
        sim.policy.goal = goal;
        assert_eq!(sim.session().await.unwrap().0, Finish::Deadline, "{goal:?}");
    }
}

#[tokio::test]
async fn late_jobs_do_not_end_a_session_that_gets_others_further() {
    let mut endless = Course::success();
    (endless.states, endless.done_at_end, endless.results) =
        (vec![JobState::Running], false, false);
    // The second job's results cannot be had, or nobody knows whether it is there, when the first is late.
    for (operation, fault, times) in
        [(Operation::Fetch, Fault::Before, 8), (Operation::Create, Fault::Late(30), 1)]
    {
        let mut sim = Sim::new(&["a", "b"]);
        sim.policy.deadline = Duration::from_mins(2);
        sim.policy.goal = Goal::Submitted;
        sim.plan.models.truncate(1);
        sim.backend.next_courses([endless.clone()]);
        sim.session().await.unwrap();
        sim.plan.models = Sim::new(&["a", "b"]).plan.models;
        sim.policy.goal = Goal::Fetched;
        sim.backend.fail(operation, vec![fault; times]);
        assert_eq!(sim.session().await.unwrap().0, Finish::Deadline, "{operation:?}");
        assert_eq!(rows(&sim, 1), 3, "{operation:?}");
    }
}

#[tokio::test]
async fn a_service_that_asks_for_ages_ends_the_session() {
    for operation in [Operation::Create, Operation::Get, Operation::Fetch] {
        for wait in [2 * HOUR, Duration::MAX] {
            let sim = Sim::new(&["sim-flash"]);
            sim.backend.fail(operation, [Fault::Asks(wait)]);
            let error = sim.session().await.unwrap_err();
            assert!(matches!(error, DriveError::Backend(_)), "{operation:?}: {error}");
            sim.session().await.unwrap();
            sim.assert_complete("and the next one goes on");
        }
    }
}

#[tokio::test]
async fn a_person_can_decide_about_an_ambiguous_job() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy = Policy {
        on_ambiguous: OnAmbiguous::Stop,
        settle: Duration::from_mins(1),
        ..Policy::default()
    };
    sim.backend.fail(Operation::Create, [Fault::Late(1_000_000)]);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.quarantined().count(), 1);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.quarantined().count(), 1, "stop still means stop");
    sim.policy.on_ambiguous = OnAmbiguous::Retry;
    let (_, state) = sim.session().await.unwrap();
    let phase = &state.job(job(0)).unwrap().phase;
    assert!(matches!(phase, Phase::Over(Verdict::Results { .. })), "{phase:?}");
}

#[tokio::test]
async fn an_absent_job_is_not_asked_for_all_the_time() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Submitted;
    let (_, state) = sim.session().await.unwrap();
    let name = state.job(job(0)).unwrap().name.clone().unwrap();
    sim.backend.delete(&name).await.unwrap();
    sim.policy.goal = Goal::Fetched;
    sim.policy.poll_interval = Some(Duration::from_millis(1));
    sim.session().await.unwrap();
    let asked = sim.backend.calls(Operation::Get) + sim.backend.calls(Operation::List);
    assert!(asked < 60, "{asked} requests in ten minutes");
}
