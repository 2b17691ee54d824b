//! Every fault of every call alone and together with every other one, with deaths at any line and with jobs
//! that end badly: each run ends, with its job made once and every row that there is.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use batch_backend::memory::{Course, Fault};
use batch_backend::{JobState, Operation};
use batch_orchestrator::{DriveError, Finish, Goal, InputPhase, Phase, StuckAfter, Then, Verdict};

use crate::invariants::a_further_session_does_nothing;
use crate::world::{Mortal, Sim, job};

/// Sessions after which a run that is not finished never will be.
const SESSIONS: usize = 30;
/// Lines of a whole run's journal, and some more.
const LINES: u64 = 12;

/// One thing that goes wrong, once.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Trouble {
    Call(Operation, Fault),
    /// The service forgets what was half uploaded when the first session is over.
    SessionsLost,
    /// The same of what was whole.
    InputsLost,
    /// The job ends like this.
    Ends(&'static str),
    /// The results have their name late.
    NamedLate,
    /// A session dies at this line, which is there or not.
    Dies(u64, bool),
}

/// How a run is worked on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    /// In one go.
    Straight,
    /// Stopped when its inputs are there, and when its job is.
    InSteps,
    /// In one go; its job is stuck and is cancelled.
    Stuck,
}

fn troubles() -> Vec<Trouble> {
    use Operation as O;
    let any = [Fault::Before, Fault::Refused, Fault::Quota, Fault::Gone];
    let asks = Fault::Asks(Duration::from_mins(3));
    let more: [(O, &[Fault]); 7] = [
        (O::OpenUpload, &[]),
        (O::Upload, &[Fault::After]),
        (O::Create, &[Fault::After, Fault::Late(7), Fault::Late(40)]),
        (O::Get, &[]),
        (O::List, &[]),
        (O::Cancel, &[Fault::After]),
        (O::Fetch, &[Fault::After, Fault::Short(0), Fault::Short(2)]),
    ];
    let mut all = Vec::new();
    for (operation, own) in more {
        let faults = any.iter().chain([&asks]).chain(own);
        all.extend(faults.map(|fault| Trouble::Call(operation, *fault)));
    }
    all.extend([Trouble::SessionsLost, Trouble::InputsLost, Trouble::NamedLate]);
    all.extend(["failed", "expired", "cancelled", "partial"].map(Trouble::Ends));
    all.extend((0..LINES).flat_map(|at| [Trouble::Dies(at, false), Trouble::Dies(at, true)]));
    all
}

/// Each trouble alone, and each two of them; where their order tells, both ways.
fn pairs() -> Vec<Vec<Trouble>> {
    let all = troubles();
    let mut pairs: Vec<Vec<Trouble>> = all.iter().map(|one| vec![*one]).collect();
    for (at, one) in all.iter().enumerate() {
        for (other_at, other) in all.iter().enumerate() {
            let orders = match (one, other) {
                (Trouble::Call(one, _), Trouble::Call(other, _)) => one == other,
                (Trouble::Dies(..), Trouble::Dies(..)) => true,
                _ => false,
            };
            if orders || at < other_at {
                pairs.push(vec![*one, *other]);
            }
        }
    }
    pairs
}

fn course(troubles: &[Trouble], way: Way) -> Course {
    let end = troubles.iter().find_map(|trouble| match trouble {
        Trouble::Ends("failed") => Some(JobState::Failed),
        Trouble::Ends("expired") => Some(JobState::Expired),
        Trouble::Ends("cancelled") => Some(JobState::Cancelled),
        Trouble::Ends(_) => Some(JobState::PartiallySucceeded),
        _ => None,
    });
    let mut course = Course::ending(end.unwrap_or(JobState::Succeeded));
    if way == Way::Stuck {
        course.states = vec![JobState::Running; 5_000];
        course.rows_at_cancel = Some(2);
    }
    if troubles.contains(&Trouble::NamedLate) {
        course.output_lag = 3;
    }
    course
}

fn world(troubles: &[Trouble], way: Way) -> Sim {
    let mut sim = Sim::new(&["sim-flash"]);
    sim.policy.stuck = Some(StuckAfter { age: Duration::from_hours(2), then: Then::Cancel });
    sim.backend.next_courses([course(troubles, way)]);
    for trouble in troubles {
        if let Trouble::Call(operation, fault) = trouble {
            sim.backend.fail(*operation, [*fault]);
        }
    }
    sim
}

/// What happens at the service between two sessions.
fn meanwhile(sim: &Sim, troubles: &[Trouble]) {
    if troubles.contains(&Trouble::SessionsLost) {
        sim.backend.lose_sessions();
    }
    if troubles.contains(&Trouble::InputsLost) {
        for (_, phase) in sim.state().inputs() {
            if let InputPhase::Stored(stored) = phase {
                sim.backend.expire_input(&stored.name);
            }
        }
    }
}

/// Sessions until the run is done.
async fn driven(sim: &mut Sim, troubles: &[Trouble], way: Way) {
    let mut deaths = troubles.iter().filter_map(|trouble| match trouble {
        Trouble::Dies(at, keeps_last) => Some((*at, *keeps_last)),
        _ => None,
    });
    let steps = if way == Way::InSteps { &[Goal::Uploaded, Goal::Submitted][..] } else { &[] };
    let mut goals = steps.iter().copied();
    sim.policy.goal = goals.next().unwrap_or(Goal::Fetched);
    for _ in 0..SESSIONS {
        let (lines_left, keeps_last) = deaths.next().unwrap_or((u64::MAX, false));
        let mut journal = Mortal { inner: sim.journal.clone(), lines_left, keeps_last };
        let ended = sim.session_with(&mut journal).await;
        meanwhile(sim, troubles);
        match ended {
            Err(DriveError::Journal(_) | DriveError::Backend(_)) => {}
            Err(error) => panic!("{error}"),
            Ok((finish, state)) => {
                assert_eq!(finish, Finish::Reached);
                let lost =
                    |phase: &Phase| matches!(phase, Phase::Over(Verdict::ResultsLost { .. }));
                if sim.policy.goal == Goal::Fetched && !state.jobs().any(|job| lost(&job.phase)) {
                    return;
                }
                sim.policy.goal = goals.next().unwrap_or(Goal::Fetched);
            }
        }
    }
    panic!("not finished after {SESSIONS} sessions");
}

async fn come_through(troubles: &[Trouble], way: Way) {
    let mut sim = world(troubles, way);
    driven(&mut sim, troubles, way).await;
    let has = |one: &Trouble| troubles.contains(one);
    let phase = sim.state().job(job(0)).unwrap().phase.clone();
    let made = sim.backend.history().len();
    let rows = sim.kept_rows(job(0)).len();
    match phase {
        Phase::Over(Verdict::Refused(_)) => {
            assert!(has(&Trouble::Call(Operation::Create, Fault::Refused)), "who refused it?");
            assert_eq!(made, 0, "it was refused");
        }
        Phase::Over(Verdict::NoResults(_)) => {
            let bad = ["failed", "expired", "cancelled"].map(Trouble::Ends).iter().any(has);
            assert!(bad && way != Way::Stuck, "its results are not here");
            assert_eq!(made, 1);
        }
        Phase::Over(Verdict::Results { .. }) => {
            assert_eq!(made, 1, "one job");
            // Two downloads that end alike are what the service has.
            let short = Trouble::Call(Operation::Fetch, Fault::Short(2));
            let short = troubles == [short, short] || way == Way::Stuck;
            let none = Trouble::Call(Operation::Fetch, Fault::Short(0));
            let whole = if troubles == [none, none] { 0 } else { 3 - usize::from(short) };
            assert_eq!(rows, whole, "rows");
        }
        other => panic!("it ends as {other:?}"),
    }
    a_further_session_does_nothing(&sim).await;
}

fn all_come_through(way: Way) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let pairs = pairs();
    assert!(pairs.len() > 2_000, "{} pairs", pairs.len());
    let mut failed = Vec::new();
    for troubles in pairs {
        let run = || runtime.block_on(come_through(&troubles, way));
        if let Err(said) = catch_unwind(AssertUnwindSafe(run)) {
            let said = said.downcast_ref::<String>().cloned().unwrap_or_default();
            failed.push(format!("{troubles:?}: {said}"));
        }
    }
    assert!(
        failed.is_empty(),
        "{way:?}: {} failed, such as {:#?}",
        failed.len(),
        failed.iter().take(20).collect::<Vec<_>>()
    );
}

#[test]
fn runs_in_one_go_come_through_every_two_faults() {
    all_come_through(Way::Straight);
}

#[test]
fn runs_step_by_step_come_through_every_two_faults() {
    all_come_through(Way::InSteps);
}

#[test]
fn runs_whose_job_is_cancelled_come_through_every_two_faults() {
    all_come_through(Way::Stuck);
}
