//! A file as a run of pieces, each read while the one before is being sent; memory stays constant.

use std::fs::File;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use tokio::task::{JoinHandle, spawn_blocking};

/// Large enough that handing a piece over costs nothing beside reading it.
const PIECE: u64 = 512 * 1024;

/// A piece under way, and the file that the next one comes from.
type Reading = JoinHandle<io::Result<(File, Vec<u8>)>>;

/// What is left of a file; at most one piece of it is under way or waits.
#[derive(Debug)]
pub(crate) struct ReadAhead {
    under_way: Option<Reading>,
    spare: Spare,
}

/// Buffers whose bytes are sent: fresh memory for each piece would cost as much as reading it.
#[derive(Debug, Clone, Default)]
struct Spare(Arc<Mutex<Vec<Vec<u8>>>>);

impl Spare {
    fn take(&self) -> Vec<u8> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    fn give_back(&self, buffer: Vec<u8>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }
}

/// A piece whose buffer goes back when nobody needs it any more.
struct Lent {
    piece: Vec<u8>,
    spare: Spare,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.piece
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        self.spare.give_back(std::mem::take(&mut self.piece));
    }
}

impl ReadAhead {
    /// Begins to read at once.
    pub(crate) fn new(file: File) -> Self {
        Self { under_way: Some(read(file, Vec::new())), spare: Spare::default() }
    }

    /// The next piece; an empty one at the end of the file.
    pub(crate) async fn next(&mut self) -> io::Result<Bytes> {
        let Some(under_way) = self.under_way.take() else { return Ok(Bytes::new()) };
        let (file, piece) = under_way.await.map_err(io::Error::other)??;
        if piece.is_empty() {
            return Ok(Bytes::new());
        }
        self.under_way = Some(read(file, self.spare.take()));
        Ok(Bytes::from_owner(Lent { piece, spare: self.spare.clone() }))
    }
}

fn read(mut file: File, mut piece: Vec<u8>) -> Reading {
    spawn_blocking(move || {
        piece.clear();
        (&mut file).take(PIECE).read_to_end(&mut piece)?;
        Ok((file, piece))
    })
}

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file.rewind().unwrap();
        file
    }

    #[tokio::test]
    async fn every_byte_comes_once_and_in_order_from_few_buffers() {
        let bytes: Vec<u8> = (0..=u8::MAX).cycle().take(3_000_001).collect();
        let mut ahead = ReadAhead::new(file(&bytes));
        let (mut came, mut buffers) = (Vec::new(), std::collections::BTreeSet::new());
        loop {
            let piece = ahead.next().await.unwrap();
            if piece.is_empty() {
                break;
            }
            assert!(piece.len() as u64 <= PIECE);
            buffers.insert(piece.as_ptr() as usize);
            came.extend_from_slice(&piece);
        }
        assert!(came == bytes);
        assert!(buffers.len() <= 3, "{} buffers", buffers.len());
        assert!(ahead.next().await.unwrap().is_empty(), "the end stays the end");
    }

    #[tokio::test]
    async fn an_empty_file_has_no_piece() {
        assert!(ReadAhead::new(file(b"")).next().await.unwrap().is_empty());
    }
}
