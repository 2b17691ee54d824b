//! When to look at running jobs: soon at first, rarely for old ones.

use std::time::Duration;

const FIRST: Duration = Duration::from_secs(10);
const GROWN: Duration = Duration::from_mins(1);
const OLD: Duration = Duration::from_mins(2);
const OLD_AFTER: Duration = Duration::from_hours(1);
/// Where a round of looks takes several requests, rounds are this far apart for each of them, so
/// that the first hour takes at most 70 requests all the same.
const GROWN_EACH: Duration = Duration::from_secs(75);

/// Looks are never closer together than this, whatever was asked for.
const SHORTEST: Duration = Duration::from_millis(5);

/// The schedule of looks: the first after 10 s, then each wait half as long again up to 60 s (75 s
/// a request where a round takes several), 120 s from the second hour on, each with ± 10 % jitter.
/// A fixed interval replaces all of that.
#[derive(Debug, Clone)]
pub struct Pace {
    fixed: Option<Duration>,
    began: Duration,
    wait: Duration,
    next: Duration,
    chance: u64,
}

impl Pace {
    /// A schedule that begins at `now`.
    pub fn new(now: Duration, fixed: Option<Duration>, seed: u64) -> Self {
        let fixed = fixed.map(|wait| wait.max(SHORTEST));
        let mut pace = Self { fixed, began: now, wait: FIRST, next: now, chance: seed };
        pace.next = now + pace.jittered(fixed.unwrap_or(FIRST));
        pace
    }

    /// When the next look is due.
    pub fn next(&self) -> Duration {
        self.next
    }

    /// Notes that a round of looks, which takes so many requests, was begun at `now`.
    pub fn looked(&mut self, now: Duration, requests: u32) {
        let grown = if requests > 1 { GROWN_EACH * requests } else { GROWN };
        self.wait = if now.saturating_sub(self.began) >= OLD_AFTER {
            OLD.max(grown)
        } else {
            self.wait.mul_f64(1.5).min(grown)
        };
        let wait = self.fixed.unwrap_or(self.wait);
        self.next = now + self.jittered(wait);
    }

    /// Asks for a look at `at` if none is due before.
    pub fn hasten(&mut self, at: Duration) {
        self.next = self.next.min(at);
    }

    fn jittered(&mut self, wait: Duration) -> Duration {
        wait.mul_f64(0.9 + 0.2 * unit(&mut self.chance))
    }
}

/// The next number in 0..1 of a small generator (splitmix64): good enough to spread requests.
fn unit(state: &mut u64) -> f64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or(0);
    f64::from(top) / (f64::from(u32::MAX) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(hours: u64, fixed: Option<Duration>, seed: u64, requests: u32) -> Vec<f64> {
        let mut pace = Pace::new(Duration::ZERO, fixed, seed);
        let mut times = Vec::new();
        while pace.next() < Duration::from_hours(hours) {
            let now = pace.next();
            times.push(now.as_secs_f64());
            pace.looked(now, requests);
        }
        times
    }

    #[test]
    fn first_hour_takes_at_most_seventy_requests() {
        for seed in 0..200 {
            for requests in 1..=3 {
                let times = looks(1, None, seed, requests);
                let sent = times.len() * requests as usize;
                assert!((50..=70).contains(&sent), "{sent} requests with seed {seed}");
                assert!((9.0..=11.0).contains(&times[0]), "the first look is early: {}", times[0]);
            }
        }
    }

    #[test]
    fn old_jobs_are_looked_at_every_two_minutes() {
        let times = looks(10, None, 7, 1);
        let late: Vec<f64> =
            times.windows(2).filter(|w| w[0] > 3_700.0).map(|w| w[1] - w[0]).collect();
        assert!(late.iter().all(|wait| (108.0..=132.0).contains(wait)), "{late:?}");
        assert!(late.iter().any(|wait| (wait - 120.0).abs() > 1.0), "there is jitter");
    }

    #[test]
    fn a_look_can_be_asked_for_earlier_and_not_later() {
        let seconds = Duration::from_secs;
        let mut pace = Pace::new(seconds(100), None, 1);
        let due = pace.next();
        pace.hasten(seconds(500));
        assert_eq!(pace.next(), due);
        pace.hasten(seconds(100));
        assert_eq!(pace.next(), seconds(100));
    }

    #[test]
    fn fixed_interval_wins() {
        let times = looks(1, Some(Duration::from_mins(6)), 1, 3);
        assert!((9..=11).contains(&times.len()), "{times:?}");
    }
}
