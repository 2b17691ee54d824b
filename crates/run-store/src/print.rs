//! Prints of inputs: whether a file still has the bytes it was made with.

use std::hash::Hasher as _;
use std::io::{self, IoSlice, Read, Write};

use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_64;

use crate::text;

/// The XXH3 of a file's bytes: against accidents and edits, not against forgers. It stands in files as
/// sixteen hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Print(#[serde(with = "text")] u64);

impl Print {
    /// A print that was taken before.
    pub fn new(hash: u64) -> Self {
        Self(hash)
    }

    /// The hash.
    pub fn get(self) -> u64 {
        self.0
    }

    /// Takes the print of all that `from` gives.
    pub(crate) fn of(mut from: impl Read) -> io::Result<Self> {
        let mut printed = Printed::new(&mut from);
        let mut buffer = vec![0; 1 << 18];
        loop {
            match printed.read(&mut buffer) {
                Ok(0) => return Ok(printed.finish().1),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Takes the print of what is written or read through it.
///
/// ```
/// use std::io::Write;
///
/// let mut out = run_store::Printed::new(Vec::new());
/// out.write_all(b"{}\n")?;
/// let (bytes, print) = out.finish();
/// assert_eq!(bytes, b"{}\n");
/// let mut other = run_store::Printed::new(std::io::sink());
/// other.write_all(b"[]\n")?;
/// assert_ne!(other.finish().1, print);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Printed<W> {
    inner: W,
    hash: XxHash3_64,
}

impl<W> std::fmt::Debug for Printed<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Printed").finish_non_exhaustive()
    }
}

impl<W> Printed<W> {
    /// Nothing was written or read yet.
    pub fn new(inner: W) -> Self {
        Self { inner, hash: XxHash3_64::with_seed(0) }
    }

    /// What was written to or read from, and the print of what went by.
    pub fn finish(self) -> (W, Print) {
        (self.inner, Print(self.hash.finish()))
    }
}

impl<R: Read> Read for Printed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.hash.write(&buffer[..read]);
        Ok(read)
    }
}

impl<W: Write> Write for Printed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.write(&bytes[..written]);
        Ok(written)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let written = self.inner.write_vectored(pieces)?;
        let mut left = written;
        for piece in pieces {
            let taken = left.min(piece.len());
            self.hash.write(&piece[..taken]);
            left -= taken;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_and_the_whole_have_one_print() {
        let mut pieces = Printed::new(Vec::new());
        let sent = [IoSlice::new(b"one"), IoSlice::new(b""), IoSlice::new(b" two")];
        assert_eq!(pieces.write_vectored(&sent).unwrap(), 7);
        pieces.write_all(b" three").unwrap();
        let (bytes, print) = pieces.finish();
        assert_eq!(Print::of(bytes.as_slice()).unwrap(), print);
        let mut read = Printed::new(bytes.as_slice());
        io::copy(&mut read, &mut io::sink()).unwrap();
        assert_eq!(read.finish().1, print);
        assert_eq!(Print::of(b"".as_slice()).unwrap().get(), 0x2d06_8005_38d3_94c2);
    }

    #[test]
    fn prints_stand_as_hex() {
        let text = serde_json::to_string(&Print::new(0xab)).unwrap();
        assert_eq!(text, "\"00000000000000ab\"");
        assert_eq!(serde_json::from_str::<Print>(&text).unwrap(), Print::new(0xab));
        assert!(serde_json::from_str::<Print>("\"+ab\"").is_err());
    }
}
