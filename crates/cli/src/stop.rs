//! Signals: the first asks for an orderly end, the second ends at once.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use batch_orchestrator::Clock as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::exit::{Exit, Failure};
use crate::time::SystemClock;
use crate::ui::Ui;

/// An orderly end takes no longer than this; killing at any moment is safe.
const GRACE: Duration = Duration::from_millis(1500);
/// How often a reader that waits for others looks whether a signal came.
const LOOK: Duration = Duration::from_millis(50);

/// Whether the user wants an end, and which.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// The exit code asked for; 0 while none is.
    code: AtomicU8,
    raised: Notify,
    /// The command that goes on, once there is something to go on with.
    next: Mutex<Option<String>>,
}

impl Stop {
    /// Listens for signals on the runtime this is called in.
    pub(crate) fn listen(clock: SystemClock, ui: Ui) -> io::Result<Self> {
        let stop = Self::default();
        let kinds = [
            (SignalKind::interrupt(), Exit::Interrupted),
            (SignalKind::terminate(), Exit::Terminated),
            (SignalKind::hangup(), Exit::HungUp),
        ];
        for (kind, exit) in kinds {
            // What was ignored when the program started stays ignored: `nohup` means it.
            if is_ignored(kind.as_raw_value()) {
                continue;
            }
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
                if let Some(failure) = stop.failure() {
                    ui.failure(&failure);
                }
                // Everything that matters is on disk: this is as safe as kill -9.
                std::process::exit(i32::from(exit as u8));
            });
        }
        Ok(stop)
    }

    /// Sets the command that goes on with what this process works on.
    pub(crate) fn goes_on_with(&self, command: String) {
        *self.0.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(command);
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
        let failure = Failure::new(self.exit()?, "stopped by a signal");
        let next = self.0.next.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Some(match next {
            Some(next) => failure
                .safe("jobs that exist run on at the service, and everything here is kept")
                .next(next),
            None => failure.safe("nothing was sent").next("the same command again"),
        })
    }

    /// An error once a signal came, for local work that takes long and does not read through [`Stop::reader`].
    pub(crate) fn check(&self) -> io::Result<()> {
        match self.exit() {
            None => Ok(()),
            Some(_) => Err(io::Error::other("stopped by a signal")),
        }
    }

    /// A reader that ends with an error once a signal came: what makes long local work stop.
    pub(crate) fn reader<R>(&self, inner: R) -> StopReader<R> {
        StopReader { inner, stop: self.clone() }
    }

    /// Standard input, read by a thread of its own, so that waiting for it can be ended too.
    pub(crate) fn stdin(&self) -> Piped {
        let (send, chunks) = sync_channel(4);
        std::thread::spawn(move || {
            let mut stdin = io::stdin().lock();
            loop {
                let mut chunk = vec![0; 1 << 16];
                let read = stdin.read(&mut chunk);
                let last = !matches!(read, Ok(1..));
                let sent = send.send(read.map(|read| {
                    chunk.truncate(read);
                    chunk
                }));
                if last || sent.is_err() {
                    return;
                }
            }
        });
        Piped { chunks, chunk: io::Cursor::default(), ended: false, stop: self.clone() }
    }
}

/// Whether this process was started with the signal ignored.
fn is_ignored(signal: i32) -> bool {
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else { return false };
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    u32::try_from(signal - 1).is_ok_and(|bit| mask.checked_shr(bit).is_some_and(|m| m & 1 == 1))
}

/// See [`Stop::stdin`].
#[derive(Debug)]
pub(crate) struct Piped {
    chunks: Receiver<io::Result<Vec<u8>>>,
    chunk: io::Cursor<Vec<u8>>,
    ended: bool,
    stop: Stop,
}

impl Read for Piped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = self.chunk.read(buffer)?;
            if read > 0 || self.ended || buffer.is_empty() {
                return Ok(read);
            }
            match self.chunks.recv_timeout(LOOK) {
                Ok(chunk) => {
                    self.chunk = io::Cursor::new(chunk?);
                    self.ended = self.chunk.get_ref().is_empty();
                }
                Err(RecvTimeoutError::Timeout) => self.stop.check()?,
                Err(RecvTimeoutError::Disconnected) => self.ended = true,
            }
        }
    }
}

/// See [`Stop::reader`].
#[derive(Debug)]
pub(crate) struct StopReader<R> {
    inner: R,
    stop: Stop,
}

impl<R: Read> Read for StopReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stop.check()?;
        self.inner.read(buffer)
    }
}

impl<R: BufRead> BufRead for StopReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.stop.check()?;
        self.inner.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.inner.consume(amount);
    }
}
