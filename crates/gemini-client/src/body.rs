//! A stretch of a payload as the body of a request: read on a blocking thread in small pieces, so
//! that memory does not grow with it.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use batch_backend::Payload;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::{mpsc, watch};
use tokio::task::spawn_blocking;

use crate::digest::SharedDigest;

const PIECE: usize = 256 * 1024;

/// Pieces that wait between the reading thread and the socket.
const PIECES_AHEAD: usize = 2;

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
    /// `len` bytes of the payload from `offset`; they pass through `digest` on the way.
    pub(crate) fn open(
        payload: &dyn Payload,
        offset: u64,
        len: u64,
        digest: &SharedDigest,
    ) -> io::Result<Self> {
        let reader = payload.open_at(offset)?;
        let (pieces, taken) = mpsc::channel(PIECES_AHEAD);
        let (beats, beat) = watch::channel(());
        let fault = Arc::new(Mutex::new(None));
        let (digest, slot) = (digest.clone(), Arc::clone(&fault));
        spawn_blocking(move || {
            let read = read_pieces(reader, offset, len, &digest, |piece| {
                pieces.blocking_send(Ok(piece)).is_ok()
            });
            if let Err(error) = read {
                let told = io::Error::new(error.kind(), "the payload could not be read");
                *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                // Nobody listens any more when the request is over; the slot keeps the error.
                let _ = pieces.blocking_send(Err(told));
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

/// Brings the digest up to byte `end` by reading what no request has read.
pub(crate) async fn hash_up_to(
    payload: &dyn Payload,
    digest: &SharedDigest,
    end: u64,
) -> io::Result<()> {
    let at = digest.lock().at();
    if at >= end {
        return Ok(());
    }
    let reader = payload.open_at(at)?;
    let digest = digest.clone();
    spawn_blocking(move || read_pieces(reader, at, end - at, &digest, |_| true))
        .await
        .map_err(io::Error::other)?
}

/// Reads `len` bytes, hashes them and hands them on until `give` says that no one wants more.
fn read_pieces(
    mut reader: Box<dyn Read + Send>,
    offset: u64,
    len: u64,
    digest: &SharedDigest,
    give: impl Fn(Bytes) -> bool,
) -> io::Result<()> {
    let mut at = offset;
    let end = offset + len;
    while at < end {
        let size = usize::try_from(end - at).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; size];
        reader.read_exact(&mut piece).map_err(|error| {
            let text = format!("the payload ends or fails after byte {at}, before byte {end}");
            io::Error::new(error.kind(), text)
        })?;
        digest.lock().take(at, &piece);
        at += size as u64;
        if !give(Bytes::from(piece)) {
            return Ok(());
        }
    }
    Ok(())
}
