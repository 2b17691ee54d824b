//! Time as an argument: the trait, and a clock that tests move.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;

/// Tells the time and waits.
///
/// Implemented by tokio's timer (in `cli`) and by [`VirtualClock`].
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// Time since some fixed moment of this process; never goes back. Waits are counted in it, so
    /// that a wall clock that jumps, or a folder moved to another machine, cannot shorten one.
    fn now(&self) -> Duration;

    /// The time of day, for comparison with times the service names.
    fn wall(&self) -> SystemTime;

    /// Waits.
    async fn sleep(&self, duration: Duration);
}

/// Called with the new time whenever a [`VirtualClock`] moves.
type OnMove = Arc<dyn Fn(Duration) + Send + Sync>;

/// A clock that moves only when someone sleeps: then at once, by that long.
#[derive(Clone)]
pub struct VirtualClock {
    now: Arc<Mutex<Duration>>,
    /// The time of day when `now` was zero.
    wall: Arc<Mutex<SystemTime>>,
    on_move: OnMove,
}

impl fmt::Debug for VirtualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VirtualClock({:?})", self.now())
    }
}

impl VirtualClock {
    /// A clock at zero that tells `on_move` of every step, so that a simulated service keeps pace.
    pub fn new(on_move: impl Fn(Duration) + Send + Sync + 'static) -> Self {
        let wall = Arc::new(Mutex::new(SystemTime::UNIX_EPOCH));
        Self { now: Arc::default(), wall, on_move: Arc::new(on_move) }
    }

    /// Sets the time of day, forwards or back, as a user or a time server does.
    pub fn set_wall(&self, at: SystemTime) {
        let zero = at.checked_sub(self.now()).unwrap_or(SystemTime::UNIX_EPOCH);
        *self.wall.lock().unwrap_or_else(PoisonError::into_inner) = zero;
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Duration {
        *self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wall(&self) -> SystemTime {
        *self.wall.lock().unwrap_or_else(PoisonError::into_inner) + self.now()
    }

    async fn sleep(&self, duration: Duration) {
        let now = {
            let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
            *now += duration;
            *now
        };
        (self.on_move)(now);
    }
}
