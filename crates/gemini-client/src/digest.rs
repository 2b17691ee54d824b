//! SHA-256 of a payload, taken while it is sent and in whatever order its pieces are sent again.

use std::fmt::Write as _;
use std::io;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_PAD_INDIFFERENT;
use batch_backend::Payload;
use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use tokio::task::{JoinHandle, spawn_blocking};

use crate::body::Pieces;

/// Pieces that the digest may be behind the reading.
pub(crate) const PIECES_BEHIND: usize = 4;

/// A digest of the bytes from the start to a position; bytes before it are not taken twice.
#[derive(Debug, Clone, Default)]
struct Digest {
    hasher: Sha256,
    at: u64,
}

impl Digest {
    /// Up to which byte it reaches.
    fn at(&self) -> u64 {
        self.at
    }

    /// Takes the part of `bytes`, which stand at `offset`, that was not taken before.
    fn take(&mut self, offset: u64, bytes: &[u8]) {
        let known = usize::try_from(self.at.saturating_sub(offset)).unwrap_or(usize::MAX);
        if offset <= self.at && known < bytes.len() {
            let fresh = &bytes[known..];
            self.hasher.update(fresh);
            self.at += fresh.len() as u64;
        }
    }

    /// Lower-case hex.
    fn hex(&self) -> String {
        hex(&self.hasher.clone().finalize())
    }
}

/// The digest of a payload on its way: taken on a thread beside the sending, which would else wait
/// for it, as a digest takes longer than a fast connection.
#[derive(Debug, Default)]
pub(crate) struct Hashing {
    digest: Arc<Mutex<Digest>>,
    /// What takes the bytes of the request sent last.
    beside: Option<JoinHandle<()>>,
}

impl Hashing {
    /// Takes pieces, each with its offset, until their sender is dropped. All that were sent
    /// before are taken first.
    pub(crate) fn take_beside(&mut self) -> SyncSender<(u64, Bytes)> {
        let (pieces, taken) = sync_channel::<(u64, Bytes)>(PIECES_BEHIND);
        let digest = Arc::clone(&self.digest);
        self.beside = Some(spawn_blocking(move || {
            for (offset, piece) in taken {
                lock(&digest).take(offset, &piece);
            }
        }));
        pieces
    }

    /// Brings the digest up to byte `end` by reading what no request has read.
    pub(crate) async fn reach(&mut self, payload: &dyn Payload, end: u64) -> io::Result<()> {
        if let Some(beside) = self.beside.take() {
            beside.await.map_err(io::Error::other)?;
        }
        let at = lock(&self.digest).at();
        if at >= end {
            return Ok(());
        }
        let mut pieces = Pieces::open(payload, at, end - at)?;
        let digest = Arc::clone(&self.digest);
        let read = spawn_blocking(move || {
            while let Some((offset, piece)) = pieces.next()? {
                lock(&digest).take(offset, &piece);
            }
            Ok(())
        });
        read.await.map_err(io::Error::other)?
    }

    /// Lower-case hex of what was reached.
    pub(crate) fn hex(&self) -> String {
        lock(&self.digest).hex()
    }
}

fn lock(digest: &Mutex<Digest>) -> MutexGuard<'_, Digest> {
    digest.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The digest in `sha256Hash` as hex. The service encodes the hex text in base64, where its
/// documents promise the 32 bytes; both are taken, and plain hex too.
pub(crate) fn hex_of_field(field: &str) -> Option<String> {
    if is_hex(field.as_bytes()) {
        return Some(field.to_ascii_lowercase());
    }
    let standard = field.replace('-', "+").replace('_', "/");
    let bytes = STANDARD_PAD_INDIFFERENT.decode(standard).ok()?;
    if is_hex(&bytes) {
        return String::from_utf8(bytes).ok().map(|text| text.to_ascii_lowercase());
    }
    (bytes.len() == 32).then(|| hex(&bytes))
}

fn is_hex(text: &[u8]) -> bool {
    text.len() == 64 && text.iter().all(u8::is_ascii_hexdigit)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{Digest, hex_of_field};

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn pieces_may_come_again_and_overlap() {
        let mut digest = Digest::default();
        digest.take(0, b"ab");
        digest.take(0, b"ab");
        digest.take(1, b"bc");
        digest.take(3, b"");
        digest.take(9, b"a gap is not taken");
        assert_eq!((digest.at(), digest.hex().as_str()), (3, ABC));
    }

    #[test]
    fn digests_are_read_in_three_spellings() {
        let of_hex = "YmE3ODE2YmY4ZjAxY2ZlYTQxNDE0MGRlNWRhZTIyMjNiMDAzNjFhMzk2MTc3YTljYjQxMGZmNjFm\
                      MjAwMTVhZA==";
        let of_bytes = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let url_safe = "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0";
        for field in [of_hex, of_bytes, url_safe, ABC, &ABC.to_uppercase()] {
            assert_eq!(hex_of_field(field).as_deref(), Some(ABC), "{field}");
        }
        for field in ["", "abc", "!!!", "AAAA"] {
            assert_eq!(hex_of_field(field), None, "{field}");
        }
    }
}
