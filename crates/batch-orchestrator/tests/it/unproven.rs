//! Forgotten jobs of which it has to be proven whose they are: by their bytes, by their attempt, and against a budget.

use batch_backend::memory::{Course, Fault};
use batch_backend::{BatchBackend, JobSpec, JobState, ModelId, Operation};
use batch_orchestrator::{Doubt, Event, Goal, InputPhase, Load, Phase, Verdict, Why};

use crate::forgotten::{cut, is_extra};
use crate::world::{Sim, job, shard};

const CENT: u64 = 10_000;

/// A run of one shard whose first job failed, and whose rows were then sent again.
async fn sent_again() -> Sim {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.backend.next_courses([Course::ending(JobState::Failed)]);
    sim.session().await.unwrap();
    sim.send_again(job(0), Why::Rows, 1, Load::default());
    sim.policy.goal = Goal::Submitted;
    sim.session().await.unwrap();
    assert_eq!(sim.backend.history().len(), 2);
    sim
}

fn before_the_attempt(sim: &Sim) -> Sim {
    let events = sim.journal.events();
    cut(sim, events.iter().position(|event| matches!(event, Event::Attempted { .. })).unwrap())
}

#[tokio::test]
async fn a_forgotten_job_of_rows_sent_again_is_adopted_once_its_bytes_are_known() {
    let sim = before_the_attempt(&sent_again().await);
    sim.send_again(job(0), Why::Rows, 1, Load::default());
    let (_, state) = sim.session().await.unwrap();
    let phase = &state.job(shard(2, 0)).unwrap().phase;
    assert!(matches!(phase, Phase::Over(Verdict::Results { .. })), "{phase:?}");
    assert_eq!(sim.backend.history().len(), 2, "none is made again");
    let events = sim.journal.events();
    let at = |is: fn(&Event) -> bool| events.iter().rposition(is).unwrap();
    let stored = at(|event| matches!(event, Event::InputStored { .. }));
    assert!(stored < at(|event| matches!(event, Event::Created { adopted: true, .. })));
}

#[tokio::test]
async fn a_forgotten_job_of_other_rows_under_the_same_number_is_left_to_a_person() {
    let sim = before_the_attempt(&sent_again().await);
    // This time in two inputs: the first has the number that all rows had.
    sim.send_again(job(0), Why::Rows, 2, Load::default());
    let (_, state) = sim.session().await.unwrap();
    let phase = |number| &state.job(shard(number, 0)).unwrap().phase;
    let found =
        |phase: &Phase| matches!(phase, Phase::Over(Verdict::Quarantined { name: Some(_), .. }));
    assert!(found(phase(2)), "{:?}", phase(2));
    assert!(matches!(phase(3), Phase::Over(Verdict::Results { .. })), "{:?}", phase(3));
    assert_eq!((sim.living(shard(2, 0)), sim.living(shard(3, 0))), (1, 1), "nothing is stopped");
}

#[tokio::test]
async fn an_upload_that_the_journal_forgot_is_known_by_its_bytes() {
    let ran = async || {
        let mut sim = Sim::new(&["sim-flash"]);
        sim.policy.goal = Goal::Submitted;
        // The first attempt finds its input gone, and the second is made of another upload.
        sim.backend.fail(Operation::Create, [Fault::Gone]);
        sim.session().await.unwrap();
        sim
    };
    let lines = ran().await.journal.events().len();
    for kept in 0..=lines {
        let sim = cut(&ran().await, kept);
        let (_, state) = sim.session().await.unwrap();
        sim.assert_complete(&format!("{kept} of {lines} lines"));
        assert_eq!(sim.backend.history().len(), 1, "{kept} of {lines} lines");
        assert_eq!(state.quarantined().count(), 0, "{kept} of {lines} lines");
    }
}

#[tokio::test]
async fn a_job_that_a_forgotten_session_had_the_money_for_is_adopted() {
    let mut sim = Sim::sharded(&["a", "b"], 1, Load { tokens: 0, cost: Some(CENT) });
    sim.policy.budget = Some(CENT);
    sim.session().await.unwrap();
    let lines = sim.journal.events().len();
    (sim.policy.budget, sim.policy.goal) = (None, Goal::Submitted);
    sim.session().await.unwrap();
    for budget in [Some(CENT), Some(2 * CENT), None] {
        let mut sim = cut(&sim, lines);
        sim.policy.budget = budget;
        let (_, state) = sim.session().await.unwrap();
        sim.assert_complete(&format!("with {budget:?}"));
        assert_eq!((sim.backend.history().len(), state.ledger().committed), (2, 2 * CENT));
        assert!(!sim.journal.events().iter().any(is_extra), "with {budget:?}");
    }
}

#[tokio::test]
async fn a_late_job_that_the_budget_no_longer_bears_is_stopped() {
    let mut sim = Sim::sharded(&["a", "b"], 1, Load { tokens: 0, cost: Some(CENT) });
    (sim.strict, sim.policy.budget) = (false, Some(CENT));
    sim.session().await.unwrap();
    let state = sim.state();
    let poor = state.jobs().find(|job| job.attempts == 0).unwrap().id;
    let Some(InputPhase::Stored(stored)) = state.input(poor.input) else { panic!("stored") };
    let (input, model): (_, ModelId) = (stored.name.clone(), sim.plan.models[1].clone());
    let token = poor.token(&sim.plan.tag, 1, &stored.sha256, &model);
    let (doubt, reason) = (Doubt::Unanswered, "no answer".to_owned());
    let spec = JobSpec { token: token.clone(), model, input: input.clone() };
    for event in [
        Event::Reopened { job: poor },
        Event::CreateIntended { job: poor, attempt: 1, token, input },
        Event::Doubted { job: poor, doubt, reason },
        Event::Settled { job: poor },
        Event::NotAfforded { job: poor, budget: CENT },
    ] {
        sim.append(&event);
    }
    sim.backend.create(&spec).await.unwrap();
    sim.session().await.unwrap();
    assert_eq!(sim.living(poor), 0, "{:?}", sim.backend.history());
    assert!(sim.journal.events().iter().any(is_extra));
}
