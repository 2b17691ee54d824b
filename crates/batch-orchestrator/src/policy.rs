//! How patient a run is, as values.

use std::time::Duration;

use crate::Goal;

/// What to do when it stays unknown whether a job exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnAmbiguous {
    /// After the settle wait, create it again.
    Retry,
    /// Leave it to a person.
    Stop,
}

/// The settings of a session of a run.
#[derive(Debug, Clone)]
pub struct Policy {
    /// How far to go.
    pub goal: Goal,
    /// How long a job whose creation went unanswered is looked for before it is held not to exist.
    /// Must be longer than the service takes to make a job and to list it.
    pub settle: Duration,
    /// The same after a creation that was turned away.
    pub settle_declined: Duration,
    /// What to do after the settle wait.
    pub on_ambiguous: OnAmbiguous,
    /// A fixed time between looks; `None` for the growing one of [`Pace`](crate::Pace).
    pub poll_interval: Option<Duration>,
    /// The age, by the service's time, from which a job is waited for no longer.
    pub deadline: Duration,
    /// How long trouble that is worth trying again may last.
    pub patience: Duration,
    /// Jobs alive at once.
    pub max_live: usize,
    /// Chance: jitter is drawn from it.
    pub seed: u64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            goal: Goal::Fetched,
            settle: Duration::from_mins(10),
            settle_declined: Duration::from_secs(30),
            on_ambiguous: OnAmbiguous::Retry,
            poll_interval: None,
            deadline: Duration::from_hours(50),
            patience: Duration::from_hours(6),
            max_live: 100,
            seed: 0,
        }
    }
}

/// Waits between tries of something that may work later: 1, 2, 4 … s, at most 15 min.
pub(crate) fn backoff(tries: u32) -> Duration {
    let seconds = 1u64 << tries.saturating_sub(1).min(20);
    Duration::from_secs(seconds).min(Duration::from_mins(15))
}

/// Waits before a creation that was turned away is tried again: 30 s, 1, 2, 4, 8, 15 min.
pub(crate) fn create_backoff(tries: u32) -> Duration {
    let factor = 1u32 << tries.saturating_sub(1).min(10);
    (Duration::from_secs(30) * factor).min(Duration::from_mins(15))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_their_caps() {
        let seconds = |f: fn(u32) -> Duration| [1, 2, 3, 6, 40].map(|n| f(n).as_secs());
        assert_eq!(seconds(backoff), [1, 2, 4, 32, 900]);
        assert_eq!(seconds(create_backoff), [30, 60, 120, 900, 900]);
    }
}
