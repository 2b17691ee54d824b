//! The body of a request, as it comes in or as it was kept.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::reply::Failure;

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

#[derive(Debug)]
pub(crate) enum Payload {
    Stream {
        body: Incoming,
        /// How many bytes are still taken before the connection closes.
        left: Option<u64>,
    },
    Whole(Option<Bytes>),
}

impl Payload {
    pub(crate) fn new(body: Incoming) -> Self {
        Self::Stream { body, left: None }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Halt> {
        let (body, left) = match self {
            Self::Whole(bytes) => return Ok(bytes.take().filter(|bytes| !bytes.is_empty())),
            Self::Stream { body, left } => (body, left),
        };
        if *left == Some(0) {
            return Err(Halt::Closed);
        }
        loop {
            let Some(frame) = body.frame().await else { return Ok(None) };
            let Ok(mut piece) = frame.map_err(|_| Halt::Closed)?.into_data() else { continue };
            if let Some(left) = left {
                let taken = usize::try_from(*left).unwrap_or(usize::MAX).min(piece.len());
                piece.truncate(taken);
                *left -= taken as u64;
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
