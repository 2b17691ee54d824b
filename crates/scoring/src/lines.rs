//! Lines of a stream with a limit: a line of any length takes no more memory than the limit.

use std::io::{self, BufRead, ErrorKind};

/// Beyond this a buffer is given back after the long line that needed it.
const KEPT: usize = 1 << 20;

/// One line without its line end.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether a line feed ended it; only the last line can lack one.
    pub(crate) terminated: bool,
    /// Whether it was longer than the limit; `bytes` is then its beginning.
    pub(crate) overlong: bool,
}

#[derive(Debug)]
pub(crate) struct Lines<R> {
    reader: R,
    limit: usize,
    buffer: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(reader: R, limit: usize) -> Self {
        Self { reader, limit, buffer: Vec::new() }
    }

    /// The next line, or `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT);
        let (mut any, mut terminated, mut overlong) = (false, false, false);
        while !terminated {
            let chunk = match self.reader.fill_buf() {
                Ok(chunk) => chunk,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if chunk.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', chunk);
            let part = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or(chunk);
            let room = self.limit - self.buffer.len();
            overlong |= part.len() > room;
            self.buffer.extend_from_slice(part.get(..room).unwrap_or(part));
            terminated = end.is_some();
            let taken = part.len() + usize::from(terminated);
            self.reader.consume(taken);
        }
        Ok(any.then_some(Line { bytes: &self.buffer, terminated, overlong }))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn lines(text: &str, limit: usize, chunk: usize) -> Vec<(String, bool, bool)> {
        let mut lines = Lines::new(BufReader::with_capacity(chunk, text.as_bytes()), limit);
        let mut all = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            let text = String::from_utf8(line.bytes.to_vec()).unwrap();
            all.push((text, line.terminated, line.overlong));
        }
        all
    }

    #[test]
    fn lines_are_the_same_at_every_chunk_size() {
        for chunk in 1..12 {
            let got = lines("ab\n\nlonger line\nxyz", 6, chunk);
            let want = [
                ("ab", true, false),
                ("", true, false),
                ("longer", true, true),
                ("xyz", false, false),
            ];
            let want = want.map(|(text, end, long)| (text.to_owned(), end, long));
            assert_eq!(got, want, "chunks of {chunk}");
        }
        assert_eq!(lines("", 6, 4), []);
    }

    #[test]
    fn an_endless_line_takes_no_more_than_the_limit() {
        use std::io::Read;
        let reader = BufReader::new(io::repeat(b'x').take(50_000_000));
        let mut lines = Lines::new(reader, 1000);
        let line = lines.next().unwrap().unwrap();
        assert!(line.overlong && !line.terminated && line.bytes.len() == 1000);
        assert!(lines.buffer.capacity() < 10_000);
    }
}
