//! Whole runs under seeded trouble: faults of every call, deaths at any line, clocks that jump,
//! quotas, budgets, stuck jobs, rows sent again. `SIMULATED_RUNS` asks for more than the usual few
//! hundred, `SIMULATED_FROM` for other seeds.

use std::time::{Duration, SystemTime};

use batch_backend::memory::{Course, Fault};
use batch_backend::{JobState, Operation};
use batch_orchestrator::{
    DriveError, Event, Finish, JobId, Load, Phase, Policy, StuckAfter, Then, Verdict, Why,
};

use crate::invariants::a_further_session_does_nothing;
use crate::world::{Mortal, Sim};

/// Sessions after which a run that is not finished never will be.
const SESSIONS: u32 = 60;

/// A small generator (splitmix64): the same seed, the same trouble.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % most
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }

    fn few(&mut self, most: u64, mut fault: impl FnMut(&mut Self) -> Fault) -> Vec<Fault> {
        (0..self.below(most)).map(|_| fault(self)).collect()
    }
}

fn world(dice: &mut Dice) -> Sim {
    let models = &["a", "b", "c"][..=usize::try_from(dice.below(3)).unwrap()];
    let shards = 1 + u32::try_from(dice.below(4)).unwrap();
    let mut sim = Sim::sharded(models, shards, Load { tokens: 40, cost: Some(100) });
    let jobs = u64::from(shards) * models.len() as u64;
    if dice.one_in(3) {
        sim.policy.limits.live_jobs = 1 + usize::try_from(dice.below(4)).unwrap();
        sim.backend.limit_live(sim.policy.limits.live_jobs);
    }
    if dice.one_in(3) {
        let most = 30 + dice.below(100);
        sim.policy.limits.live_tokens = [(sim.plan.models[0].clone(), most)].into();
    }
    if dice.one_in(3) {
        sim.policy.budget = Some(100 * dice.below(jobs + 2));
    }
    let then = [Then::Cancel, Then::Split][usize::try_from(dice.below(2)).unwrap()];
    sim.policy.stuck = Some(StuckAfter { age: Duration::from_hours(24), then });
    sim.policy.seed = dice.below(u64::MAX);
    sim
}

fn course(dice: &mut Dice) -> Course {
    let end = match dice.below(8) {
        0 => JobState::Failed,
        1 => JobState::Expired,
        2 => JobState::PartiallySucceeded,
        _ => JobState::Succeeded,
    };
    let mut course = Course::ending(end);
    if dice.one_in(8) {
        // It never ends by itself; when it is stopped, some rows are there.
        course.states = vec![JobState::Running; 500_000];
        course.rows_at_cancel = dice.one_in(2).then(|| usize::try_from(dice.below(4)).unwrap());
    } else if dice.one_in(3) {
        let end = course.states.pop().unwrap();
        let long = usize::try_from(dice.below(400)).unwrap();
        course.states.resize(long + 2, JobState::Running);
        course.states.push(end);
    }
    course.output_lag = u32::try_from(dice.below(3)).unwrap();
    course
}

fn trouble(sim: &Sim, dice: &mut Dice) {
    let passing = |dice: &mut Dice| [Fault::Before, Fault::After][usize::from(dice.one_in(2))];
    sim.backend.fail(
        Operation::Create,
        dice.few(6, |dice| match dice.below(6) {
            0 => Fault::Before,
            1 | 2 => Fault::After,
            3 => Fault::Late(u32::try_from(dice.below(50)).unwrap()),
            4 => Fault::Quota,
            _ => Fault::Asks(Duration::from_secs(dice.below(600))),
        }),
    );
    for operation in [Operation::OpenUpload, Operation::Upload, Operation::Get] {
        sim.backend.fail(operation, dice.few(3, passing));
    }
    sim.backend.fail(Operation::List, dice.few(5, |_| Fault::Before));
    sim.backend.fail(Operation::Cancel, dice.few(2, passing));
    sim.backend.fail(
        Operation::Fetch,
        dice.few(4, |dice| match dice.below(3) {
            0 => Fault::Short(usize::try_from(dice.below(3)).unwrap()),
            1 => Fault::Gone,
            _ => passing(dice),
        }),
    );
    if dice.one_in(5) {
        sim.backend.lose_sessions();
    }
    sim.backend.next_courses((0..4).map(|_| course(dice)).collect::<Vec<_>>());
}

/// A session of the program: maybe it dies at some line, maybe the clock was set meanwhile.
async fn session(sim: &mut Sim, dice: &mut Dice) -> Result<Finish, DriveError> {
    let year = dice.below(80) * 365 * 24 * 3_600;
    sim.wall = SystemTime::UNIX_EPOCH + Duration::from_secs(year);
    let lines_left = if dice.one_in(2) { dice.below(30) } else { u64::MAX };
    let keeps_last = dice.one_in(2);
    let mut journal = Mortal { inner: sim.journal.clone(), lines_left, keeps_last };
    sim.session_with(&mut journal).await.map(|(finish, _)| finish)
}

/// Whoever drives: goes on until the run is finished, splits what is stuck, sends rows again once.
async fn whole_run(sim: &mut Sim, dice: &mut Dice) {
    let mut asked_again = dice.one_in(2);
    for _ in 0..SESSIONS {
        match session(sim, dice).await {
            Err(DriveError::Journal(_)) => {}
            Ok(Finish::Deadline) => call_off(sim),
            Err(DriveError::Backend(_)) => trouble_is_over(sim),
            Err(error) => panic!("{error}"),
            Ok(Finish::Split(jobs)) => {
                for job in jobs {
                    sim.send_again(job, Why::Split, 2, Load { tokens: 20, cost: Some(50) });
                }
            }
            Ok(Finish::Reached) if asked_again => {
                asked_again = false;
                again(sim, dice);
            }
            Ok(finish) => return assert_eq!(finish, Finish::Reached),
        }
    }
    panic!("not finished after {SESSIONS} sessions");
}

/// Whatever was still to go wrong does not.
fn trouble_is_over(sim: &Sim) {
    sim.backend.calm();
}

/// A person has no more patience with what is late.
fn call_off(sim: &Sim) {
    let state = sim.state();
    for job in state.jobs().filter(|job| matches!(job.phase, Phase::Waiting(_))) {
        sim.append(&Event::CancelRequested { job: job.id });
    }
}

/// Rows are sent again, and there is more money; either may come first, and each job is tried.
fn again(sim: &mut Sim, dice: &mut Dice) {
    if dice.one_in(2) {
        sim.policy.budget = None;
    }
    if dice.one_in(4) {
        let state = sim.state();
        let spent = state.jobs().filter(|job| job.is_over() && job.attempts > 0);
        spent.for_each(|job| sim.append(&Event::Spent { job: job.id, cost: 10 }));
    }
    let jobs: Vec<JobId> = sim.state().jobs().map(|job| job.id).collect();
    for job in jobs.into_iter().filter(|job| !sim.missing_rows(*job).is_empty()) {
        let state = sim.state();
        let may = state.may_send_again(state.job(job).unwrap());
        assert_eq!(sim.try_again(job, Why::Rows).is_ok(), may, "{job}");
        if may {
            sim.send_again(job, Why::Rows, 1, Load { tokens: 10, cost: Some(30) });
        }
    }
}

async fn simulate(seed: u64, settle: Duration) {
    let mut dice = Dice(seed);
    let mut sim = world(&mut dice);
    sim.policy.settle = settle;
    trouble(&sim, &mut dice);
    whole_run(&mut sim, &mut dice).await;
    sim.wall = SystemTime::UNIX_EPOCH;
    trouble_is_over(&sim);
    // Results that were gone are asked for once more.
    while sim
        .state()
        .jobs()
        .any(|job| matches!(job.phase, Phase::Over(Verdict::ResultsLost { .. })))
    {
        sim.session().await.unwrap();
    }
    for job in sim.state().jobs() {
        let living = sim.living(job.id);
        let results = matches!(job.phase, Phase::Over(Verdict::Results { .. }));
        assert!(living <= 1, "{}: {living} jobs", job.id);
        assert!(living == 1 || !results || job.cancel_requested, "{}: none", job.id);
    }
    a_further_session_does_nothing(&sim).await;
}

fn asked(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Simulates one run; what went wrong, if something did.
fn simulated(seed: u64, settle: Duration) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let run = std::panic::AssertUnwindSafe(|| runtime.block_on(simulate(seed, settle)));
    std::panic::catch_unwind(run).map_err(|panic| {
        panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "see above".to_owned())
    })
}

#[test]
fn whole_runs_end_once_and_whole() {
    let (from, runs) = (asked("SIMULATED_FROM", 0), asked("SIMULATED_RUNS", 300));
    for seed in from..from + runs {
        if let Err(said) = simulated(seed, Policy::default().settle) {
            panic!("seed {seed}: {said}");
        }
    }
}

#[test]
fn without_the_settle_wait_jobs_are_paid_for_twice() {
    let doubled =
        |seed| simulated(seed, Duration::ZERO).is_err_and(|said| said.contains("two live"));
    assert!((0..100).any(doubled), "the simulation does not see what it is made to see");
}
