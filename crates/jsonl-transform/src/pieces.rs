//! Text that stands in several places: short parts one after another, long ones where they were read.

use std::{
    fmt,
    io::{self, IoSlice, Write},
};

/// A long part of a block that was not copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Before which byte of the copied text it comes.
    pub(crate) at: usize,
    /// Where it stands in its block.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// More pieces than this are not written with one call.
const AT_ONCE: usize = 64;

/// Lines, in pieces that stand in several places: what is long is not copied together.
#[derive(Clone, Copy)]
pub struct Pieces<'a> {
    text: &'a [u8],
    /// Where `text` begins in that which the places of the runs count from.
    base: usize,
    runs: &'a [Run],
    block: &'a [u8],
    len: usize,
}

impl<'a> Pieces<'a> {
    pub(crate) fn new(text: &'a [u8], base: usize, runs: &'a [Run], block: &'a [u8]) -> Self {
        let len = text.len() + runs.iter().map(|run| run.end - run.start).sum::<usize>();
        Self { text, base, runs, block, len }
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bytes piece by piece, none of them empty.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let Self { text, base, runs, block, .. } = *self;
        let mut from = 0;
        let before_last = runs.iter().flat_map(move |run| {
            let short = &text[from..run.at - base];
            from = run.at - base;
            [short, &block[run.start..run.end]]
        });
        let last = &text[runs.last().map_or(0, |run| run.at - base)..];
        before_last.chain([last]).filter(|piece| !piece.is_empty())
    }

    /// The bytes, copied together.
    pub fn to_vec(&self) -> Vec<u8> {
        self.iter().collect::<Vec<_>>().concat()
    }

    /// Writes all of it, many pieces with one call.
    ///
    /// # Errors
    /// When that fails; how much was written before is not known then.
    pub fn write_to(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        let mut pieces = self.iter().map(IoSlice::new);
        loop {
            let mut some: Vec<IoSlice<'_>> = pieces.by_ref().take(AT_ONCE).collect();
            if some.is_empty() {
                return Ok(());
            }
            write_some(&mut some, out)?;
        }
    }
}

fn write_some(mut pieces: &mut [IoSlice<'_>], out: &mut (impl Write + ?Sized)) -> io::Result<()> {
    while !pieces.is_empty() {
        match out.write_vectored(pieces) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => IoSlice::advance_slices(&mut pieces, written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl fmt::Debug for Pieces<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes: they are the user's rows.
        out.debug_struct("Pieces").field("len", &self.len).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use super::{Pieces, Run};

    /// Takes a byte or two at a time, with interruptions.
    struct Drip(Vec<u8>, u8);

    impl Write for Drip {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let taken = bytes.len().min(usize::from(self.1 % 3));
            self.0.extend_from_slice(&bytes[..taken]);
            Ok(taken)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn runs_come_where_they_belong_and_all_is_written() {
        let runs = [(12, 0, 2), (12, 2, 3), (14, 5, 9)];
        let runs = runs.map(|(at, start, end)| Run { at, start, end });
        let pieces = Pieces::new(b"abcd", 10, &runs, b"0123456789");
        let shown: Vec<_> = pieces.iter().collect();
        assert_eq!(shown, [&b"ab"[..], b"01", b"2", b"cd", b"5678"]);
        assert_eq!((pieces.len(), pieces.is_empty()), (11, false));
        let mut drip = Drip(Vec::new(), 0);
        pieces.write_to(&mut drip).expect("takes all");
        assert_eq!(drip.0, pieces.to_vec());
        assert_eq!(drip.0, b"ab012cd5678");
        let none = Pieces::new(b"", 0, &[], b"0");
        assert!(none.is_empty() && none.iter().next().is_none());
        let many = vec![Run { at: 0, start: 1, end: 2 }; 1000];
        let mut out = Vec::new();
        Pieces::new(b"", 0, &many, b"0x").write_to(&mut out).expect("takes all");
        assert_eq!(out, b"x".repeat(1000));
        let full = pieces.write_to(&mut &mut [0; 5][..]).expect_err("no room");
        assert_eq!(full.kind(), io::ErrorKind::WriteZero);
    }
}
