//! What the journal alone tells of a run that is under way or dead.

use std::time::Duration;

use batch_backend::JobState;
use batch_backend::memory::Course;
use batch_orchestrator::{Event, Finish, Phase};

use crate::world::{Sim, job};

#[tokio::test]
async fn the_journal_knows_state_rows_and_age_and_stays_short() {
    let mut sim = Sim::new(&["sim-flash"]);
    let mut slow = Course::success();
    slow.states = vec![JobState::Queued; 100];
    slow.states.resize(100_000, JobState::Running);
    sim.backend.next_courses([slow]);
    sim.policy.deadline = Duration::from_hours(40);
    let (finish, _) = sim.session().await.unwrap();
    assert_eq!(finish, Finish::Deadline);
    let state = sim.state();
    let waiting = state.job(job(0)).unwrap();
    assert!(matches!(waiting.phase, Phase::Waiting(_)));
    let look = waiting.look.clone().unwrap();
    assert_eq!((look.state, look.counts.total), (JobState::Running, Some(3)));
    let age = look.seen.unwrap().duration_since(waiting.created.unwrap()).unwrap();
    assert!(age > Duration::from_mins(15), "it began to run after that: {age:?}");
    let looks = |event: &&Event| matches!(event, Event::Looked { .. });
    assert_eq!(sim.journal.events().iter().filter(looks).count(), 2, "queued, then running");
}
