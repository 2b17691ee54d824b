//! The program dies at every journal line, before and after the line is safe, and goes on.

use batch_backend::memory::{Course, Fault};
use batch_backend::{JobState, Operation};
use batch_orchestrator::{DriveError, RunState};
use proptest::prelude::*;

use crate::world::{Mortal, Sim};

async fn die_at(sim: &Sim, line: u64, keeps_last: bool) -> bool {
    let mut journal = Mortal { inner: sim.journal.clone(), lines_left: line, keeps_last };
    match sim.session_with(&mut journal).await {
        Err(DriveError::Journal(_)) => true,
        Ok(_) => false,
        Err(error) => panic!("line {line}: {error}"),
    }
}

#[tokio::test]
async fn dying_at_any_line_loses_nothing_and_doubles_nothing() {
    for keeps_last in [false, true] {
        let mut line = 0;
        loop {
            let sim = Sim::new(&["sim-flash", "sim-pro"]);
            if !die_at(&sim, line, keeps_last).await {
                assert!(line >= 10, "a run has many lines, not {line}");
                break;
            }
            sim.session().await.unwrap();
            sim.assert_complete(&format!("died at line {line}, kept: {keeps_last}"));
            line += 1;
        }
    }
}

#[tokio::test]
async fn dying_again_and_again_gets_there() {
    let sim = Sim::new(&["sim-flash", "sim-pro"]);
    let mut deaths = 0;
    // Both creations are intended in one breath, so two lines are what it takes to get further.
    while die_at(&sim, 2, false).await {
        deaths += 1;
        assert!(deaths < 100, "each session gets further");
    }
    assert!(deaths > 3, "{deaths} deaths");
    sim.assert_complete("two lines a session");
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Before),
        Just(Fault::After),
        (1u32..50).prop_map(Fault::Late),
        Just(Fault::Quota),
    ]
}

fn passing() -> impl Strategy<Value = Fault> {
    prop_oneof![Just(Fault::Before), Just(Fault::After)]
}

fn end() -> impl Strategy<Value = JobState> {
    prop_oneof![
        3 => Just(JobState::Succeeded),
        1 => Just(JobState::Failed),
        1 => Just(JobState::Expired),
        1 => Just(JobState::PartiallySucceeded),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Whatever goes wrong within the settle time: one living job a model, the run ends, the
    /// journal replays to the state the program had, and a second resume changes nothing.
    #[test]
    fn faults_and_deaths_never_double_a_job(
        creates in prop::collection::vec(fault(), 0..4),
        uploads in prop::collection::vec(passing(), 0..2),
        lists in prop::collection::vec(Just(Fault::Before), 0..4),
        gets in prop::collection::vec(passing(), 0..4),
        fetches in prop::collection::vec(passing(), 0..3),
        ends in prop::collection::vec(end(), 0..3),
        deaths in prop::collection::vec((0u64..14, any::<bool>()), 0..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let sim = Sim::new(&["sim-flash", "sim-pro"]);
            sim.backend.fail(Operation::Create, creates);
            sim.backend.fail(Operation::Upload, uploads);
            sim.backend.fail(Operation::List, lists);
            sim.backend.fail(Operation::Get, gets);
            sim.backend.fail(Operation::Fetch, fetches);
            sim.backend.next_courses(ends.into_iter().map(Course::ending));
            for (line, keeps_last) in deaths {
                die_at(&sim, line, keeps_last).await;
            }
            let (_, state) = sim.session().await.unwrap();
            for id in sim.plan.jobs() {
                prop_assert_eq!(sim.living(id), 1, "{:?}", sim.backend.history());
            }
            prop_assert!(state.jobs().all(batch_orchestrator::Job::is_over));
            let events = sim.journal.events();
            prop_assert_eq!(RunState::replay(&sim.plan, &events).unwrap(), state);
            sim.session().await.unwrap();
            prop_assert_eq!(sim.journal.events(), events, "a second resume does nothing");
            Ok(())
        })?;
    }
}
