//! Counts and digests what is read through it.

use std::io::{self, Read};

use sha2::{Digest, Sha256};

/// Length and digest of bytes as they go by.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally {
    hash: Sha256,
    bytes: u64,
}

impl Tally {
    pub(crate) fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes, and their lower-case hex SHA-256.
    pub(crate) fn finish(self) -> (u64, String) {
        (self.bytes, hex(&self.hash.finalize()))
    }
}

/// A reader that keeps account of what it gave.
#[derive(Debug)]
pub(crate) struct Hashing<R> {
    inner: R,
    tally: Tally,
}

impl<R> Hashing<R> {
    pub(crate) fn new(inner: R) -> Self {
        Self { inner, tally: Tally::default() }
    }

    /// Bytes read, and their lower-case hex SHA-256.
    pub(crate) fn finish(self) -> (u64, String) {
        self.tally.finish()
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.tally.add(&buffer[..read]);
        Ok(read)
    }
}

/// Lower-case hex of the SHA-256 of `bytes`.
pub(crate) fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}
