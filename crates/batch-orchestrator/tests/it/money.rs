//! The budget holds: over shards, over attempts, over sessions.

use batch_backend::Operation;
use batch_backend::memory::Fault;
use batch_orchestrator::{Event, Finish, Goal, Job, Load, Phase, RunState, Verdict, Why};

use crate::invariants::a_further_session_does_nothing;
use crate::world::{Sim, job, shard};

const CENT: u64 = 10_000;

fn priced(shards: u32, budget: u64) -> Sim {
    let mut sim = Sim::sharded(&["a", "b"], shards, Load { tokens: 0, cost: Some(CENT) });
    sim.policy.budget = Some(budget);
    sim
}

fn not_afforded(state: &RunState) -> usize {
    let poor = |job: &&Job| matches!(job.phase, Phase::Over(Verdict::NotAfforded { .. }));
    state.jobs().filter(poor).count()
}

#[tokio::test]
async fn what_the_budget_does_not_bear_is_never_created() {
    let sim = priced(5, 7 * CENT);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!((finish, not_afforded(&state)), (Finish::Reached, 3));
    assert_eq!(sim.backend.calls(Operation::Create), 7);
    assert_eq!(state.ledger().committed, 7 * CENT);
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn money_that_was_not_needed_is_spent_on_the_next_with_the_same_budget() {
    let sim = priced(5, 7 * CENT);
    let (_, state) = sim.session().await.unwrap();
    assert!(state.affordable(Some(7 * CENT)).is_empty());
    for job in [shard(1, 0), shard(1, 1)] {
        sim.append(&Event::Spent { job, cost: CENT / 2 });
    }
    assert_eq!(sim.state().affordable(Some(7 * CENT)).len(), 1, "a cent came back");
    assert_eq!(sim.state().affordable(None).len(), 3);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!((not_afforded(&state), state.ledger().committed), (2, 7 * CENT));
    assert_eq!(sim.backend.calls(Operation::Create), 8);
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn nothing_is_refused_while_jobs_run_whose_cost_may_shrink() {
    for goal in [Goal::Fetched, Goal::Submitted] {
        let mut sim = priced(2, 3 * CENT);
        sim.policy.goal = goal;
        let (finish, state) = sim.session().await.unwrap();
        assert_eq!((finish, not_afforded(&state)), (Finish::Reached, 1));
        let events = sim.journal.events();
        let at = |is: fn(&Event) -> bool| events.iter().position(is);
        let refused = at(|event| matches!(event, Event::NotAfforded { .. })).unwrap();
        let fetched = at(|event| matches!(event, Event::Fetched { .. }));
        assert_eq!(fetched.is_some_and(|fetched| fetched < refused), goal == Goal::Fetched);
    }
}

#[tokio::test]
async fn rows_that_wait_for_money_are_not_sent_in_other_jobs() {
    let mut sim = priced(2, 3 * CENT);
    let (_, state) = sim.session().await.unwrap();
    let poor = state.affordable(None).into_iter().next().unwrap();
    let refused = state.job(poor).unwrap();
    assert!(!state.may_send_again(refused));
    let error = sim.clone().try_again(poor, Why::Rows).unwrap_err();
    assert_eq!(error.phase, format!("over, but not for good, of job {poor}"));
    // The other order: what stands behind it comes with its own job, once.
    sim.policy.budget = None;
    sim.session().await.unwrap();
    sim.assert_complete("with more money");
    assert_eq!(sim.backend.calls(Operation::Create), 4);
}

#[tokio::test]
async fn more_budget_goes_on_where_less_stopped() {
    let mut sim = priced(3, 2 * CENT);
    sim.session().await.unwrap();
    sim.policy.budget = Some(CENT);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(not_afforded(&state), 4, "less budget takes nothing back and adds nothing");
    sim.policy.budget = Some(5 * CENT);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(not_afforded(&state), 1);
    sim.policy.budget = None;
    sim.session().await.unwrap();
    sim.assert_complete("without a budget");
}

#[tokio::test]
async fn an_unknown_price_fits_no_budget() {
    let mut sim = priced(2, 100 * CENT);
    sim.plan.inputs[0].loads = vec![Load::default(); 2];
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(not_afforded(&state), 2);
    assert_eq!(sim.backend.calls(Operation::Create), 2);
}

#[tokio::test]
async fn money_that_a_refused_job_gives_back_is_spent_on_the_next() {
    let sim = priced(2, 3 * CENT);
    sim.backend.fail(Operation::Create, [Fault::Refused]);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(not_afforded(&state), 0, "it was waited for what became of the first three");
    assert_eq!(state.ledger().committed, 3 * CENT);
}

#[tokio::test]
async fn money_that_was_kept_for_a_refused_job_is_not_left_over() {
    let sim = priced(2, 2 * CENT);
    let (_, state) = sim.session().await.unwrap();
    assert_eq!(not_afforded(&state), 2);
    // There is money for one more, which is the next in order, and the service does not take it.
    sim.append(&Event::Spent { job: shard(1, 0), cost: 0 });
    sim.backend.fail(Operation::Create, [Fault::Refused]);
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!((finish, not_afforded(&state)), (Finish::Reached, 0));
    assert_eq!(state.ledger().committed, 2 * CENT);
    a_further_session_does_nothing(&sim).await;
}

#[tokio::test]
async fn a_lost_answer_is_paid_for_once() {
    let sim = priced(2, 4 * CENT);
    sim.backend.fail(Operation::Create, [Fault::After, Fault::Before, Fault::Late(20)]);
    let (_, state) = sim.session().await.unwrap();
    sim.assert_complete("lost answers");
    assert_eq!(state.ledger().committed, 4 * CENT);
}

#[tokio::test]
async fn attempts_are_paid_for_from_the_same_budget() {
    let sim = priced(1, 3 * CENT);
    sim.backend.fail(Operation::Fetch, [Fault::Short(1); 4]);
    sim.session().await.unwrap();
    for model in 0..2 {
        sim.send_again(job(model), Why::Rows, 1, Load { tokens: 0, cost: Some(CENT) });
    }
    let (finish, state) = sim.session().await.unwrap();
    assert_eq!((finish, not_afforded(&state)), (Finish::Reached, 1));
    assert_eq!(state.ledger().committed, 3 * CENT);
}

#[tokio::test]
async fn what_was_really_spent_counts_in_place_of_the_forecast() {
    let sim = priced(1, 3 * CENT);
    sim.backend.fail(Operation::Fetch, [Fault::Short(1); 4]);
    sim.session().await.unwrap();
    sim.append(&Event::Spent { job: job(0), cost: CENT / 2 });
    sim.append(&Event::Spent { job: job(1), cost: CENT / 2 });
    assert_eq!(sim.state().ledger().committed, CENT);
    for model in 0..2 {
        sim.send_again(job(model), Why::Rows, 1, Load { tokens: 0, cost: Some(CENT) });
    }
    let (_, state) = sim.session().await.unwrap();
    assert_eq!((not_afforded(&state), state.ledger().committed), (0, 3 * CENT));
    assert_eq!(state.job(shard(2, 0)).unwrap().round, 1);
}

#[tokio::test]
async fn what_a_job_cost_before_it_came_back_is_no_excuse_to_overspend() {
    let mut sim = priced(1, CENT);
    let (_, state) = sim.session().await.unwrap();
    let poor = state.affordable(None).into_iter().next().unwrap();
    sim.append(&Event::Spent { job: poor, cost: 0 });
    sim.policy.budget = Some(2 * CENT);
    sim.session().await.unwrap();
    assert_eq!(sim.state().ledger().committed, 2 * CENT);
}
