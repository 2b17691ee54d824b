//! Signals: the first asks for an orderly end, the second ends at once.

use std::io::{self, BufRead, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use batch_orchestrator::Clock as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::exit::{Exit, Failure};
use crate::time::SystemClock;

/// An orderly end takes no longer than this; killing at any moment is safe.
const GRACE: Duration = Duration::from_millis(1500);

/// Whether the user wants an end, and which.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The exit code asked for; 0 while none is.
    code: AtomicU8,
    raised: Notify,
}

impl Stop {
    /// Listens for signals on the runtime this is called in.
    pub(crate) fn listen(clock: SystemClock) -> io::Result<Self> {
        let stop = Self::default();
        let kinds = [
            (SignalKind::interrupt(), Exit::Interrupted),
            (SignalKind::terminate(), Exit::Terminated),
            (SignalKind::hangup(), Exit::HungUp),
        ];
        for (kind, exit) in kinds {
            let mut signals = signal(kind)?;
            let stop = stop.clone();
            tokio::spawn(async move {
                signals.recv().await;
                stop.0.code.store(exit as u8, Ordering::SeqCst);
                stop.0.raised.notify_waiters();
                stop.0.raised.notify_one();
                tokio::select! {
                    _ = signals.recv() => {}
                    () = clock.sleep(GRACE) => {}
                }
                // Everything that matters is on disk: this is as safe as kill -9.
                std::process::exit(i32::from(exit as u8));
            });
        }
        Ok(stop)
    }

    /// Completes when a signal came.
    pub(crate) async fn wait(&self) {
        while self.exit().is_none() {
            self.0.raised.notified().await;
        }
    }

    /// The exit code of the signal that came, if one did.
    pub(crate) fn exit(&self) -> Option<Exit> {
        match self.0.code.load(Ordering::SeqCst) {
            0 => None,
            129 => Some(Exit::HungUp),
            143 => Some(Exit::Terminated),
            _ => Some(Exit::Interrupted),
        }
    }

    /// The failure to end with if a signal came.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.exit().map(|exit| Failure::new(exit, "stopped by a signal"))
    }

    /// A reader that ends with an error once a signal came: what makes long local work stop.
    pub(crate) fn reader<R>(&self, inner: R) -> StopReader<R> {
        StopReader { inner, stop: self.clone() }
    }
}

/// See [`Stop::reader`].
#[derive(Debug)]
pub(crate) struct StopReader<R> {
    inner: R,
    stop: Stop,
}

impl<R> StopReader<R> {
    fn check(&self) -> io::Result<()> {
        match self.stop.exit() {
            None => Ok(()),
            Some(_) => Err(io::Error::other("stopped by a signal")),
        }
    }
}

impl<R: Read> Read for StopReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.check()?;
        self.inner.read(buffer)
    }
}

impl<R: BufRead> BufRead for StopReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
