//! Lines of a file of ours, each looked at where it was read to.

use std::io::{self, Read};

use memchr::memchr;

/// What is read at a time; it grows to twice the longest line.
const BUFFER: usize = 64 << 10;

/// Reads lines one after another. `BufRead::read_until` would copy each, and looks for its end at a fraction of the
/// speed.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// What of the buffer was read and not given out.
    start: usize,
    end: usize,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R) -> Self {
        Self { reader, buffer: vec![0; BUFFER], start: 0, end: 0 }
    }

    /// The next line with its end, which the last may lack; none at the end of the file.
    pub(crate) fn next(&mut self) -> io::Result<Option<&[u8]>> {
        let mut searched = 0;
        let line = loop {
            let held = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(b'\n', &held[searched..]) {
                break self.start..self.start + searched + at + 1;
            }
            searched = held.len();
            if !self.fill()? {
                break self.start..self.end;
            }
        };
        self.start = line.end;
        Ok(Some(&self.buffer[line]).filter(|line| !line.is_empty()))
    }

    /// Reads more behind what is held; says whether there was more.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        if self.end == self.buffer.len() {
            self.buffer.resize(2 * self.end, 0);
        }
        let read = loop {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.end += read;
        Ok(read > 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Gives so many bytes at a time.
    struct Drops<'a>(&'a [u8], usize);

    impl Read for Drops<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let some = self.1.min(buffer.len());
            self.0.take(some as u64).read(buffer).inspect(|read| self.0 = &self.0[*read..])
        }
    }

    proptest! {
        #[test]
        fn lines_are_those_of_the_text(
            pieces in proptest::collection::vec(prop_oneof![
                4 => "[a\n]{0,20}".prop_map(String::into_bytes),
                1 => (0..3 * BUFFER).prop_map(|length| vec![b'x'; length]),
            ], 0..6),
            drop in 1_000..2 * BUFFER,
        ) {
            let text = pieces.concat();
            let mut lines = Lines::new(Drops(&text, drop));
            let mut wanted = text.split_inclusive(|byte| *byte == b'\n');
            while let Some(line) = lines.next().unwrap() {
                prop_assert!(wanted.next() == Some(line));
            }
            prop_assert!(wanted.next().is_none() && lines.next().unwrap().is_none());
        }
    }
}
