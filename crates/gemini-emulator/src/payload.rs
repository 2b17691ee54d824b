//! The body of a request, as it comes in or as it was kept.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::reply::Failure;
use crate::shared::Core;

/// Why a call gives no answer of its own.
#[derive(Debug)]
pub(crate) enum Halt {
    /// The service says no.
    Fail(Failure),
    /// The connection is gone or shall go.
    Closed,
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Fail(failure)
    }
}

impl From<std::io::Error> for Halt {
    fn from(error: std::io::Error) -> Self {
        Self::Fail(error.into())
    }
}

/// So many bytes in each span, on the whole.
#[derive(Debug)]
pub(crate) struct Slow {
    pub(crate) core: Arc<Core>,
    pub(crate) bytes: u64,
    pub(crate) every: Duration,
}

impl Slow {
    async fn wait_for(&self, taken: usize) {
        let spans = (taken as u64).div_ceil(self.bytes.max(1));
        let spans = u32::try_from(spans).unwrap_or(u32::MAX);
        self.core.clock.wait(self.every.saturating_mul(spans)).await;
    }
}

#[derive(Debug)]
pub(crate) enum Payload {
    Stream {
        body: Incoming,
        /// How long the body may stand still.
        idle: Duration,
        /// How many bytes are still taken before the connection closes.
        left: Option<u64>,
        slow: Option<Slow>,
    },
    Whole(Option<Bytes>),
}

impl Payload {
    pub(crate) fn new(body: Incoming, idle: Duration) -> Self {
        Self::Stream { body, idle, left: None, slow: None }
    }

    /// Closes the connection after so many bytes.
    pub(crate) fn cut_after(&mut self, bytes: u64) {
        if let Self::Stream { left, .. } = self {
            *left = Some(bytes);
        }
    }

    /// Takes bytes no faster than this.
    pub(crate) fn slow_down(&mut self, pace: Slow) {
        if let Self::Stream { slow, .. } = self {
            *slow = Some(pace);
        }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Halt> {
        let (body, idle, left, slow) = match self {
            Self::Whole(bytes) => return Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Self::Stream { body, idle, left, slow } => (body, *idle, left, slow),
        };
        if *left == Some(0) {
            return Err(Halt::Closed);
        }
        loop {
            let Ok(frame) = tokio::time::timeout(idle, body.frame()).await else {
                tracing::debug!("a body stood still for too long");
                return Err(Halt::Closed);
            };
            let Some(frame) = frame else { return Ok(None) };
            let Ok(mut piece) = frame.map_err(|_| Halt::Closed)?.into_data() else { continue };
            if let Some(left) = left {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                piece.truncate(taken);
                *left -= taken as u64;
            }
            if let Some(slow) = slow {
                slow.wait_for(piece.len()).await;
            }
            return Ok(Some(piece));
        }
    }

    /// Reads on to the end, so that the client sees the answer and not a broken pipe.
    pub(crate) async fn drain(&mut self) -> Result<(), Halt> {
        while self.next().await?.is_some() {}
        Ok(())
    }

    /// The whole body, up to `limit` bytes.
    pub(crate) async fn collect(&mut self, limit: usize) -> Result<Bytes, Halt> {
        let mut whole = BytesMut::new();
        while let Some(piece) = self.next().await? {
            if whole.len() + piece.len() > limit {
                self.drain().await?;
                return Err(Failure::invalid(format!(
                    "Request payload size exceeds the limit: {limit} bytes."
                ))
                .into());
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole.freeze())
    }
}
