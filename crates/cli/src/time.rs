//! The one place where a real clock is read.

use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use batch_orchestrator::Clock;

/// Tokio's timer and the system's clocks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SystemClock {
    started: Instant,
}

impl SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the edge: here time enters the program")]
    pub(crate) fn start() -> Self {
        Self { started: Instant::now() }
    }
}

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Duration {
        self.started.elapsed()
    }

    #[expect(clippy::disallowed_methods, reason = "the edge: here time enters the program")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    #[expect(clippy::disallowed_methods, reason = "the edge: here time enters the program")]
    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }
}
