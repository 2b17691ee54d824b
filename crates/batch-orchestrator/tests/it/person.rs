//! What a person decides: a job is this one, or is given up.

use batch_backend::memory::{Course, Fault};
use batch_backend::{BatchBackend, JobName, JobSpec, JobState, JobToken, ModelId, Operation};
use batch_orchestrator::{
    Event, Finish, Goal, InputPhase, JobId, Load, MemoryJournal, OnAmbiguous, Phase, RunState,
    Verdict, Why,
};

use crate::invariants::a_further_session_does_nothing;
use crate::world::{Sim, job};

/// A run whose first job nobody knows of, with a person asked to decide.
async fn ambiguous(models: &[&str]) -> Sim {
    let mut sim = Sim::new(models);
    sim.policy.on_ambiguous = OnAmbiguous::Stop;
    let mut slow = Course::success();
    slow.states = vec![JobState::Running; 2_000];
    sim.backend.next_courses([slow]);
    sim.backend.fail(Operation::Create, [Fault::Late(1_000_000)]);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.ambiguous().map(|job| job.id).collect::<Vec<_>>(), [job(0)]);
    sim
}

/// Somebody else's job over the same rows.
async fn foreign(sim: &Sim) -> JobName {
    let state = sim.state();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let (token, model) = (JobToken::new("by hand"), ModelId::parse("sim-flash").unwrap());
    let spec = JobSpec { token, model, input: stored.name.clone() };
    sim.backend.create(&spec).await.unwrap().name
}

fn verdict(state: &RunState, job: JobId) -> &Verdict {
    match &state.job(job).unwrap().phase {
        Phase::Over(verdict) => verdict,
        phase => panic!("{phase:?}"),
    }
}

#[tokio::test]
async fn an_ambiguous_job_is_given_a_foreign_one() {
    let sim = ambiguous(&["sim-flash", "sim-pro"]).await;
    let name = foreign(&sim).await;
    sim.append(&Event::Adopted { job: job(0), name: name.clone(), created: None });
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    assert!(matches!(verdict(&state, job(0)), Verdict::Results { .. }));
    let adopted = state.job(job(0)).unwrap();
    assert_eq!((adopted.name.as_ref(), adopted.adopted), (Some(&name), true));
    assert_eq!(sim.kept_rows(job(0)).len(), 3);
    assert_eq!(sim.backend.calls(Operation::Cancel), 0, "nobody's job is stopped");
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn a_job_that_was_never_sent_takes_a_foreign_ones_results() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.policy.goal = Goal::Uploaded;
    sim.session().await.unwrap();
    let name = foreign(&sim).await;
    sim.append(&Event::Adopted { job: job(0), name, created: None });
    sim.policy.goal = Goal::Fetched;
    let (_, state) = sim.session().await.unwrap();
    assert!(matches!(verdict(&state, job(0)), Verdict::Results { .. }));
    assert_eq!(sim.backend.calls(Operation::Create), 2, "the foreign one and the other model's");
}

#[tokio::test]
async fn one_foreign_job_does_not_answer_for_two() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.policy.goal = Goal::Uploaded;
    sim.session().await.unwrap();
    let name = foreign(&sim).await;
    let mut state = sim.state();
    let adopted = |job| Event::Adopted { job, name: name.clone(), created: None };
    state.apply(&adopted(job(0))).unwrap();
    let error = state.apply(&adopted(job(1))).unwrap_err();
    assert!(error.to_string().contains("that s0001.v0.m0 waits for"), "{error}");
}

#[tokio::test]
async fn an_abandoned_job_is_never_created_again() {
    let mut sim = ambiguous(&["sim-flash", "sim-pro"]).await;
    sim.append(&Event::Abandoned { job: job(0) });
    sim.policy.on_ambiguous = OnAmbiguous::Retry;
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Reached);
    assert_eq!(verdict(&state, job(0)), &Verdict::Abandoned { name: None });
    assert_eq!(sim.backend.calls(Operation::Create), 2, "one for each model, ever");
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn rows_of_an_abandoned_job_are_sent_again_only_for_who_asks() {
    let sim = ambiguous(&["sim-flash"]).await;
    sim.append(&Event::Abandoned { job: job(0) });
    sim.session().await.unwrap();
    let state = sim.state();
    let given_up = state.job(job(0)).unwrap();
    assert!(given_up.is_put_down());
    assert!(!state.may_send_again(given_up) && state.may_send_if_asked(given_up));
    assert!(sim.try_again(job(0), Why::Rows).is_err());
    sim.send_again(job(0), Why::Asked, 1, Load::default());
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!((finish, sim.backend.calls(Operation::Create)), (Finish::Reached, 2));
    let heir = state.jobs().last().unwrap();
    assert!(matches!(verdict(&state, heir.id), Verdict::Results { .. }), "{heir:?}");
    let mut state = sim.state();
    let late = Event::Adopted { job: job(0), name: JobName::new("jobs/9"), created: None };
    assert!(state.apply(&late).is_err(), "its rows have an answer now");
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn an_abandoned_job_that_shows_up_is_stopped_and_told_of() {
    let sim = ambiguous(&["sim-flash"]).await;
    sim.append(&Event::Abandoned { job: job(0) });
    for _ in 0..1_000_000 {
        sim.backend.tick();
    }
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(state.job(job(0)).unwrap().extras.len(), 1);
    assert_eq!(sim.living(job(0)), 0);
}

#[tokio::test]
async fn what_an_abandoned_job_was_taken_for_is_left_alone() {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.goal = Goal::Uploaded;
    let (_, state) = sim.session().await.unwrap();
    let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("stored") };
    let token = job(0).token(&sim.plan.tag, 1, &stored.sha256, &sim.plan.models[0]);
    let mut slow = Course::success();
    slow.states = vec![JobState::Running; 2_000];
    sim.backend.next_courses([slow]);
    let model = ModelId::parse("another").unwrap();
    let odd = JobSpec { token, model, input: stored.name.clone() };
    let name = sim.backend.create(&odd).await.unwrap().name;
    sim.backend.fail(Operation::Create, [Fault::Before]);
    sim.policy.goal = Goal::Fetched;
    sim.session().await.unwrap();
    sim.append(&Event::Abandoned { job: job(0) });
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(verdict(&state, job(0)), &Verdict::Abandoned { name: Some(name) });
    assert_eq!(sim.backend.calls(Operation::Cancel), 0);
}

#[tokio::test]
async fn a_run_whose_journal_lost_lines_finds_its_jobs() {
    let whole = Sim::sharded(&["sim-flash", "sim-pro"], 2, Load::default());
    whole.session().await.unwrap();
    let events = whole.journal.events();
    for kept in 0..events.len() {
        let sim = Sim { journal: MemoryJournal::default(), ..whole.clone() };
        events[..kept].iter().for_each(|event| sim.append(event));
        sim.state().doubts().iter().for_each(|event| sim.append(event));
        let (finish, _) = sim.session().await.unwrap();
        assert_eq!(finish, Finish::Reached);
        sim.assert_complete(&format!("{kept} lines kept"));
        assert_eq!(sim.backend.calls(Operation::Create), 4, "{kept} lines kept");
    }
}

#[tokio::test]
async fn results_that_are_here_are_not_given_away() {
    let sim = Sim::new(&["sim-flash"]);
    let (_, mut state) = sim.session().await.unwrap();
    let other = Event::Adopted { job: job(0), name: JobName::new("jobs/9"), created: None };
    assert!(state.apply(&other).is_err());
    assert!(state.apply(&Event::Abandoned { job: job(0) }).is_err());
}
