//! Time and chance as an argument, so that tests neither wait nor guess.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;

/// What the client knows of time: how much has passed, how to wait, and a draw for jitter.
#[async_trait]
pub(crate) trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment; it never goes back.
    fn elapsed(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, wait: Duration);

    /// A number in `0.0..1.0`.
    fn draw(&self) -> f64;
}

/// The machine's clock, with draws from a seed.
#[derive(Debug)]
pub(crate) struct SystemClock {
    started: Instant,
    dice: AtomicU64,
}

impl SystemClock {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        #[expect(clippy::disallowed_methods, reason = "the one edge where time is read")]
        let started = Instant::now();
        // The standard library's only source of chance is the seed of its hash maps.
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one("jitter"));
        Self { started, dice: AtomicU64::new(seed) }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    async fn sleep(&self, wait: Duration) {
        #[expect(clippy::disallowed_methods, reason = "the one edge where time is waited for")]
        tokio::time::sleep(wait).await;
    }

    fn draw(&self) -> f64 {
        // SplitMix64: one addition is the whole state, so it can be shared without a lock.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.dice.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let top = u32::try_from((z ^ (z >> 31)) >> 32).unwrap_or_default();
        f64::from(top) / (f64::from(u32::MAX) + 1.0)
    }
}

#[cfg(test)]
pub(crate) mod testing {
    //! A clock that waits for nothing and keeps what it was asked.

    use std::sync::Mutex;
    use std::time::Duration;

    use async_trait::async_trait;

    use super::Clock;

    #[derive(Debug, Default)]
    pub(crate) struct RecordingClock(Mutex<Vec<Duration>>);

    impl RecordingClock {
        pub(crate) fn slept(&self) -> Vec<Duration> {
            self.0.lock().unwrap().clone()
        }
    }

    #[async_trait]
    impl Clock for RecordingClock {
        fn elapsed(&self) -> Duration {
            self.0.lock().unwrap().iter().sum()
        }

        async fn sleep(&self, wait: Duration) {
            self.0.lock().unwrap().push(wait);
        }

        fn draw(&self) -> f64 {
            0.5
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Clock, SystemClock};

    #[test]
    fn draws_follow_the_seed_and_spread() {
        let draws = |seed| {
            let clock = SystemClock::new(Some(seed));
            (0..1_000).map(|_| clock.draw()).collect::<Vec<_>>()
        };
        let one = draws(7);
        assert_eq!(one, draws(7));
        assert_ne!(one, draws(8));
        assert!(one.iter().all(|x| (0.0..1.0).contains(x)));
        let mean = one.iter().sum::<f64>() / 1_000.0;
        assert!((0.45..0.55).contains(&mean), "{mean}");
    }
}
