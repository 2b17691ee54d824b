//! A stretch of a payload as the body of a request: read on a blocking thread into few buffers, so
//! that memory does not grow with it.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use batch_backend::Payload;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::digest::{Hashing, PIECES_BEHIND};

/// Small enough for a processor's own cache, large enough that handing it on costs little.
const PIECE: usize = 256 * 1024;

/// Pieces that wait between the reading thread and the socket.
const PIECES_AHEAD: usize = 2;

/// Pieces that are on their way at most: those that wait, and what each of the three threads holds.
const PIECES: usize = PIECES_AHEAD + PIECES_BEHIND + 3;

/// A body on its way out.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) body: reqwest::Body,
    /// Changes whenever the connection takes a piece.
    pub(crate) beat: watch::Receiver<()>,
    fault: Arc<Mutex<Option<io::Error>>>,
}

/// What is left of an [`Outgoing`] when its body is given away: whether reading failed.
#[derive(Debug)]
pub(crate) struct Fault(Arc<Mutex<Option<io::Error>>>);

impl Fault {
    pub(crate) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Outgoing {
    /// `len` bytes of the payload from `offset`; they pass by `hashing` on the way.
    pub(crate) fn open(
        payload: &dyn Payload,
        offset: u64,
        len: u64,
        hashing: &mut Hashing,
    ) -> io::Result<Self> {
        let mut pieces = Pieces::open(payload, offset, len)?;
        let hashed = hashing.take_beside();
        let (ready, taken) = mpsc::channel(PIECES_AHEAD);
        let (beats, beat) = watch::channel(());
        let fault = Arc::new(Mutex::new(None));
        let slot = Arc::clone(&fault);
        spawn_blocking(move || {
            loop {
                match pieces.next() {
                    // Each of them ends early only when nobody wants the rest.
                    Ok(Some((at, piece))) => {
                        let sent = hashed.send((at, piece.clone())).is_ok();
                        if !sent || ready.blocking_send(Ok(piece)).is_err() {
                            return;
                        }
                    }
                    Ok(None) => return,
                    Err(error) => {
                        let told = io::Error::new(error.kind(), "the payload could not be read");
                        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                        // The slot keeps the error if the request is over.
                        let _ = ready.blocking_send(Err(told));
                        return;
                    }
                }
            }
        });
        let stream = stream::unfold((taken, beats), |(mut taken, beats)| async move {
            let piece: io::Result<Bytes> = taken.recv().await?;
            let _ = beats.send(());
            Some((piece, (taken, beats)))
        });
        Ok(Self { body: reqwest::Body::wrap_stream(stream), beat, fault })
    }

    pub(crate) fn fault(&self) -> Fault {
        Fault(Arc::clone(&self.fault))
    }
}

/// A stretch of a payload, read piece by piece.
pub(crate) struct Pieces {
    reader: Box<dyn Read + Send>,
    at: u64,
    end: u64,
    buffers: Buffers,
}

impl Pieces {
    /// `len` bytes of the payload from `offset`.
    pub(crate) fn open(payload: &dyn Payload, offset: u64, len: u64) -> io::Result<Self> {
        let (at, end) = (offset, offset + len);
        Ok(Self { reader: payload.open_at(offset)?, at, end, buffers: Buffers::default() })
    }

    /// The next piece and its offset, or nothing at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<(u64, Bytes)>> {
        let (at, end) = (self.at, self.end);
        let len = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        if len == 0 {
            return Ok(None);
        }
        let mut buffer = self.buffers.take(len);
        self.reader.read_exact(&mut buffer).map_err(|error| {
            let text = format!("the payload ends or fails after byte {at}, before byte {end}");
            io::Error::new(error.kind(), text)
        })?;
        self.at += len as u64;
        Ok(Some((at, self.buffers.lend(buffer))))
    }
}

/// Buffers that are filled again once everybody has let go of them: memory that is asked for anew
/// is zeroed page by page, which costs as much as reading the file.
#[derive(Debug, Default)]
struct Buffers(VecDeque<Bytes>);

impl Buffers {
    /// A buffer of this length: the one lent first, if it is back, or a new one.
    fn take(&mut self, len: usize) -> BytesMut {
        let mut buffer = match self.0.pop_front().map(Bytes::try_into_mut) {
            Some(Ok(free)) => free,
            Some(Err(lent)) => {
                if self.0.len() + 1 < PIECES {
                    self.0.push_front(lent);
                }
                BytesMut::new()
            }
            None => BytesMut::new(),
        };
        buffer.resize(len, 0);
        buffer
    }

    fn lend(&mut self, buffer: BytesMut) -> Bytes {
        let lent = buffer.freeze();
        self.0.push_back(lent.clone());
        lent
    }
}

#[cfg(test)]
mod tests {
    use super::Buffers;

    #[test]
    fn buffers_are_used_again_when_they_are_free() {
        let mut buffers = Buffers::default();
        let first = buffers.take(100);
        let first = buffers.lend(first);
        let second = buffers.take(100);
        assert_ne!(second.as_ptr(), first.as_ptr(), "somebody still reads it");
        let second = buffers.lend(second);
        let address = first.as_ptr();
        drop(first);
        let again = buffers.take(60);
        assert_eq!((again.as_ptr(), again.len()), (address, 60));
        drop(second);
    }
}
