//! Time and chance as an argument, so that tests neither wait nor guess.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

/// A wait on its way.
pub type Wait<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// What the client knows of time: how much has passed, two ways of waiting, and a draw for jitter.
///
/// Hand one to [`ClientBuilder::clock`](crate::ClientBuilder::clock) and the client's pauses and
/// limits go by it. Only the limit on connecting is kept by the connection itself.
///
/// ```
/// use std::sync::{Arc, Mutex};
/// use std::time::Duration;
/// use batch_backend::{BatchBackend, JobName};
/// use gemini_client::{ApiKey, BaseUrl, Client, Clock, Wait};
///
/// /// Waits for nothing, and keeps what it was asked to wait.
/// #[derive(Debug, Default)]
/// struct Hurried(Mutex<Vec<Duration>>);
///
/// impl Clock for Hurried {
///     fn elapsed(&self) -> Duration {
///         self.0.lock().unwrap().iter().sum()
///     }
///     fn sleep(&self, wait: Duration) -> Wait<'_> {
///         self.0.lock().unwrap().push(wait);
///         Box::pin(async {})
///     }
///     fn limit(&self, _: Duration) -> Wait<'_> {
///         Box::pin(std::future::pending())
///     }
///     fn draw(&self) -> f64 {
///         0.5
///     }
/// }
///
/// # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = Arc::new(Hurried::default());
/// let client = Client::builder(ApiKey::new("any-key")?)
///     .base_url(BaseUrl::parse("http://127.0.0.1:1")?) // nobody listens there
///     .clock(clock.clone())
///     .build()?;
/// client.get(&JobName::new("batches/1")).await.unwrap_err();
/// let seconds: Vec<f64> = clock.0.lock().unwrap().iter().map(Duration::as_secs_f64).collect();
/// assert_eq!(seconds, [0.5, 1.0, 2.0, 4.0, 8.0]);
/// # Ok(())
/// # }
/// # tokio::runtime::Runtime::new().unwrap().block_on(demo()).unwrap();
/// ```
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment; it never goes back.
    fn elapsed(&self) -> Duration;

    /// The pause between two tries. A test's clock may end it at once.
    fn sleep(&self, wait: Duration) -> Wait<'_>;

    /// Ends when something that is being waited for has taken too long. A test's clock may never
    /// end it, or end it when the test says so.
    fn limit(&self, limit: Duration) -> Wait<'_>;

    /// A number in `0.0..1.0`, by which pauses are drawn.
    fn draw(&self) -> f64;
}

/// What `work` came to, or nothing when the limit ends first.
pub(crate) async fn before<T>(
    limit: &mut Wait<'_>,
    work: impl Future<Output = T> + Send,
) -> Option<T> {
    match select(pin!(work), limit).await {
        Either::Left((value, _)) => Some(value),
        Either::Right(_) => None,
    }
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

impl Clock for SystemClock {
    fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    fn sleep(&self, wait: Duration) -> Wait<'_> {
        #[expect(clippy::disallowed_methods, reason = "the one edge where time is waited for")]
        let timer = tokio::time::sleep(wait);
        Box::pin(timer)
    }

    fn limit(&self, limit: Duration) -> Wait<'_> {
        self.sleep(limit)
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

    use std::future::{pending, ready};
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use super::{Clock, Wait};

    #[derive(Debug, Default)]
    pub(crate) struct RecordingClock {
        slept: Mutex<Vec<Duration>>,
        limits: Mutex<Vec<Duration>>,
        real_limits: AtomicBool,
    }

    impl RecordingClock {
        pub(crate) fn slept(&self) -> Vec<Duration> {
            self.slept.lock().unwrap().clone()
        }

        /// The limits that were set, in order.
        pub(crate) fn limits(&self) -> Vec<Duration> {
            self.limits.lock().unwrap().clone()
        }

        /// From now on limits end by the machine's clock; before, never.
        pub(crate) fn with_real_limits(self) -> Self {
            self.real_limits.store(true, Ordering::Relaxed);
            self
        }
    }

    impl Clock for RecordingClock {
        fn elapsed(&self) -> Duration {
            self.slept.lock().unwrap().iter().sum()
        }

        fn sleep(&self, wait: Duration) -> Wait<'_> {
            self.slept.lock().unwrap().push(wait);
            Box::pin(ready(()))
        }

        fn limit(&self, limit: Duration) -> Wait<'_> {
            self.limits.lock().unwrap().push(limit);
            if self.real_limits.load(Ordering::Relaxed) {
                Box::pin(async move {
                    let _ = tokio::time::timeout(limit, pending::<()>()).await;
                })
            } else {
                Box::pin(pending())
            }
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
