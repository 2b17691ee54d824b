//! A machine's clock that is wrong by hours or days while inputs are uploaded and jobs made of them.

use std::time::{Duration, SystemTime};

use batch_backend::Operation;
use batch_orchestrator::{Goal, InputPhase};

use crate::world::{Sim, job};

/// Hours from the service's own time.
const WRONG: [i64; 9] = [-24 * 365, -72, -1, 0, 30, 40, 44, 72, 24 * 365];

fn off_by(time: SystemTime, hours: i64) -> SystemTime {
    let wrong = Duration::from_hours(hours.unsigned_abs());
    if hours < 0 { time - wrong } else { time + wrong }
}

/// The service forgets an input after 48 hours of its own; a clock that runs ahead only costs an upload, and one that
/// lags behind nothing: never a second job, never a run that does not end.
#[tokio::test]
async fn a_clock_that_is_wrong_by_days_costs_at_most_one_more_upload() {
    for (first, second) in WRONG.into_iter().flat_map(|a| WRONG.map(|b| (a, b))) {
        let cell = format!("{first} h wrong while it is uploaded, {second} h after");
        let mut sim = Sim::new(&["sim-flash"]);
        let now = sim.wall + Duration::from_hours(24 * 1_000);
        sim.wall = off_by(now, first);
        sim.policy.goal = Goal::Uploaded;
        let (_, state) = sim.session().await.unwrap();
        let Some(InputPhase::Stored(stored)) = state.input(job(0).input) else { panic!("{cell}") };
        let expires = stored.expires.unwrap();
        // As far from the service's time as the other clock is.
        let ours = off_by(expires - Duration::from_hours(48), second);
        sim.wall = ours;
        sim.policy.goal = Goal::Fetched;
        sim.session().await.unwrap();
        sim.assert_complete(&cell);
        let stale = ours + Duration::from_hours(8) > expires;
        assert_eq!(sim.backend.calls(Operation::Upload), 1 + u64::from(stale), "{cell}");
        assert_eq!(sim.backend.calls(Operation::Create), 1, "{cell}");
    }
}

/// What was uploaded a moment ago is used, whatever the clock says of it.
#[tokio::test]
async fn an_upload_under_a_clock_that_is_ahead_is_not_sent_over_and_over() {
    let mut sim = Sim::new(&["sim-flash", "sim-pro"]);
    sim.wall += Duration::from_hours(24 * 365);
    sim.session().await.unwrap();
    sim.assert_complete("a year ahead");
    assert_eq!(sim.backend.calls(Operation::Upload), 1);
    assert_eq!(sim.backend.calls(Operation::Create), 2);
}
