//! Emulated time: the wall clock at any speed, or a clock that a test moves by hand.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::store::write_json;

/// A moment of emulated time, in nanoseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Stamp(pub(crate) i64);

impl Stamp {
    pub(crate) fn plus(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }

    fn timestamp(self) -> jiff::Timestamp {
        jiff::Timestamp::from_nanosecond(i128::from(self.0)).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }

    /// As the service writes times: RFC 3339 with nine digits of fraction.
    pub(crate) fn rfc3339(self) -> String {
        format!("{:.9}", self.timestamp())
    }

    /// As the `Date` header writes times.
    pub(crate) fn http_date(self) -> String {
        jiff::fmt::rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&self.timestamp())
            .unwrap_or_default()
    }
}

fn nanos(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

/// A clock that stands still until a test advances it.
///
/// ```
/// use std::time::Duration;
/// let clock = gemini_emulator::ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(clock.now() - before, Duration::from_secs(30));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    nanos: Arc<watch::Sender<i64>>,
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl ManualClock {
    /// A clock that stands at the first second of 2026 (UTC).
    pub fn new() -> Self {
        const FIRST_OF_2026: u64 = 1_767_225_600;
        Self::starting_at(Duration::from_secs(FIRST_OF_2026))
    }

    /// A clock that stands at `since_epoch` after the Unix epoch.
    pub fn starting_at(since_epoch: Duration) -> Self {
        Self { nanos: Arc::new(watch::Sender::new(nanos(since_epoch))) }
    }

    /// Moves emulated time forward and wakes whoever waits for the moments passed.
    pub fn advance(&self, span: Duration) {
        self.nanos.send_modify(|now| *now = now.saturating_add(nanos(span)));
    }

    /// Returns the emulated time since the Unix epoch.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(u64::try_from(*self.nanos.borrow()).unwrap_or(0))
    }
}

/// What is kept on disk so that emulated time never goes back after a restart.
#[derive(Debug, Serialize, Deserialize)]
struct Anchor {
    emulated: i64,
    wall: i64,
    scale: f64,
}

/// How far emulated time may run ahead of the anchor on disk, in real time.
const LEASE: Duration = Duration::from_secs(1);

impl Anchor {
    fn lease(&self) -> i64 {
        scaled(LEASE, self.scale)
    }

    /// Where emulated time goes on: at its own speed up to the lease (no more can have been
    /// seen by anyone), beyond it at the speed of the wall, so that a stopped emulator does not
    /// let its files expire within minutes.
    fn resume(&self, wall: i64) -> i64 {
        let gap = Duration::from_nanos(u64::try_from(wall - self.wall).unwrap_or(0));
        let fast = scaled(gap, self.scale).min(self.lease());
        self.emulated.saturating_add(fast.max(nanos(gap)))
    }
}

#[derive(Debug)]
pub(crate) enum Clock {
    Scaled(ScaledClock),
    Manual(ManualClock),
}

#[derive(Debug)]
pub(crate) struct ScaledClock {
    started: Instant,
    first: i64,
    scale: f64,
    /// How far the clock was moved by hand.
    moved: watch::Sender<i64>,
    anchor_file: Option<PathBuf>,
    ceiling: Mutex<i64>,
}

impl ScaledClock {
    /// Starts at the wall's time, or where the anchor in `anchor_file` says.
    pub(crate) fn start(scale: f64, anchor_file: Option<PathBuf>) -> Self {
        let (started, wall) = read_wall();
        let anchor: Option<Anchor> = anchor_file
            .as_ref()
            .and_then(|path| std::fs::read(path).ok())
            .and_then(|bytes| serde_json::from_slice(&bytes).ok());
        let first = anchor.map_or(wall, |anchor| anchor.resume(wall));
        let moved = watch::Sender::new(0);
        Self { started, first, scale, moved, anchor_file, ceiling: Mutex::new(i64::MIN) }
    }

    fn now(&self) -> i64 {
        let (instant, wall) = read_wall();
        let elapsed = instant.saturating_duration_since(self.started);
        let now = self.first.saturating_add(scaled(elapsed, self.scale));
        let now = now.saturating_add(*self.moved.borrow());
        let Some(path) = &self.anchor_file else { return now };
        let mut ceiling = self.ceiling.lock().unwrap_or_else(PoisonError::into_inner);
        if now > *ceiling {
            let anchor = Anchor { emulated: now, wall, scale: self.scale };
            *ceiling = now.saturating_add(anchor.lease());
            if let Err(error) = write_json(path, &anchor) {
                tracing::warn!(?error, "failed to keep the emulated time");
            }
        }
        now
    }

    async fn sleep_until(&self, stamp: Stamp) {
        let mut moved = self.moved.subscribe();
        loop {
            let left = stamp.0.saturating_sub(self.now());
            if left <= 0 {
                return;
            }
            #[expect(clippy::cast_precision_loss, reason = "a wait needs no nanosecond")]
            let seconds = left as f64 / 1e9 / self.scale;
            tokio::select! {
                () = pause(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)) => {}
                // The sender lives in `self`, so this cannot end in an error.
                _ = moved.changed() => {}
            }
        }
    }
}

impl Clock {
    pub(crate) fn now(&self) -> Stamp {
        match self {
            Self::Scaled(clock) => Stamp(clock.now()),
            Self::Manual(clock) => Stamp(*clock.nanos.borrow()),
        }
    }

    /// How much emulated time passes while a watch shows `real`.
    pub(crate) fn emulated(&self, real: Duration) -> Duration {
        match self {
            Self::Scaled(clock) => {
                Duration::from_nanos(u64::try_from(scaled(real, clock.scale)).unwrap_or(0))
            }
            Self::Manual(_) => real,
        }
    }

    /// Moves emulated time forward by hand and wakes whoever waits for the moments passed.
    pub(crate) fn advance(&self, span: Duration) {
        match self {
            Self::Scaled(clock) => {
                clock.moved.send_modify(|moved| *moved = moved.saturating_add(nanos(span)));
                // The lease on disk counts on the clock's own speed: take a new one.
                *clock.ceiling.lock().unwrap_or_else(PoisonError::into_inner) = i64::MIN;
                clock.now();
            }
            Self::Manual(clock) => clock.advance(span),
        }
    }

    /// Waits for so long in real time, or as long on a clock that is moved by hand.
    pub(crate) async fn wait(&self, real: Duration) {
        self.sleep_until(self.now().plus(self.emulated(real))).await;
    }

    pub(crate) async fn sleep_until(&self, stamp: Stamp) {
        match self {
            Self::Scaled(clock) => clock.sleep_until(stamp).await,
            Self::Manual(clock) => {
                let mut seen = clock.nanos.subscribe();
                // The sender lives in `clock`, so the wait cannot end in an error.
                let _ = seen.wait_for(|now| *now >= stamp.0).await;
            }
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "emulated time is as exact as a float of a span; casts saturate"
)]
fn scaled(real: Duration, scale: f64) -> i64 {
    (real.as_nanos() as f64 * scale) as i64
}

#[expect(clippy::disallowed_methods, reason = "the one edge where the wall clock is read")]
fn read_wall() -> (Instant, i64) {
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    (Instant::now(), nanos(wall))
}

/// Waits in real time.
#[expect(clippy::disallowed_methods, reason = "the one edge where the emulator really waits")]
pub(crate) async fn pause(span: Duration) {
    tokio::time::sleep(span).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: i64 = 1_000_000_000;

    #[test]
    fn times_are_written_as_the_service_writes_them() {
        let stamp = Stamp(1_767_225_600 * S + 5);
        assert_eq!(stamp.rfc3339(), "2026-01-01T00:00:00.000000005Z");
        assert_eq!(stamp.http_date(), "Thu, 01 Jan 2026 00:00:00 GMT");
    }

    #[test]
    fn a_restart_never_goes_back_and_never_races_ahead() {
        let anchor = Anchor { emulated: 1_000 * S, wall: 10 * S, scale: 200.0 };
        assert_eq!(anchor.resume(10 * S + S / 2), 1_100 * S, "within the lease: full speed");
        assert_eq!(anchor.resume(60 * S), 1_200 * S, "beyond it: the lease");
        assert_eq!(anchor.resume(1_010 * S), 2_000 * S, "long after: the wall's own span");
        assert_eq!(anchor.resume(0), 1_000 * S, "a wall clock set back does no harm");
        let plain = Anchor { emulated: 10 * S, wall: 10 * S, scale: 1.0 };
        assert_eq!(plain.resume(500 * S), 500 * S);
    }

    #[test]
    fn a_scaled_clock_goes_on_from_its_anchor() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clock.json");
        let first = ScaledClock::start(1_000_000.0, Some(file.clone()));
        let seen = first.now();
        let first = Clock::Scaled(first);
        first.advance(Duration::from_hours(48));
        drop(first);
        let second = ScaledClock::start(1.0, Some(file));
        assert!(second.now() >= seen + 48 * 3600 * S, "what was moved by hand stays");
    }
}
