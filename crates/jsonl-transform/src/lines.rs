//! Cuts a byte stream into numbered lines in bounded memory.

use std::{
    fmt,
    io::{self, Read},
    ops::Range,
};

use memchr::memchr;

use crate::sniff::MAGIC_LEN;

/// The longest line that is read unless told otherwise: 64 MiB without its line end.
pub const DEFAULT_MAX_LINE: usize = 64 << 20;

/// What one read asks for at least; more brought nothing in measurements.
const CHUNK: usize = 256 << 10;

/// How much of an overlong line is kept to tell what it is.
const PREFIX: usize = 64;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads lines that end in LF or CRLF; the last one may end with the input.
///
/// A UTF-8 byte order mark at the start is passed over. The buffer grows with the longest line up
/// to the limit and no further: a longer line is counted and passed over up to its end. How the
/// input is cut into reads makes no difference.
///
/// ```
/// use jsonl_transform::{LineContent, LineReader};
/// let mut lines = LineReader::open(&b"one\r\ntwo"[..], 1024)?;
/// while let Some(line) = lines.next_line()? {
///     assert!(matches!(line.content, LineContent::Text(b"one" | b"two")));
/// }
/// assert_eq!(lines.bytes_read(), 8);
/// # Ok::<_, std::io::Error>(())
/// ```
pub struct LineReader<R> {
    input: R,
    buffer: Vec<u8>,
    /// The part of the buffer that was read and not yet given out.
    held: Range<usize>,
    max_line: usize,
    number: u64,
    bytes_read: u64,
    at_end: bool,
    had_bom: bool,
}

/// One line of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its number, from 1, blank lines counted.
    pub number: u64,
    /// What stands on it.
    pub content: LineContent<'a>,
}

/// The bytes of a line, or the news that there are too many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineContent<'a> {
    /// The line without its line end.
    Text(&'a [u8]),
    /// The line is longer than the limit.
    TooLong {
        /// Its length in bytes without the line feed.
        bytes: u64,
        /// Its first bytes, at most 64.
        prefix: Vec<u8>,
    },
}

/// Where a line stands in the buffer, before it is lent out.
enum Found {
    Held(Range<usize>),
    Skipped { bytes: u64, prefix: Vec<u8> },
}

impl<R: Read> LineReader<R> {
    /// Reads the first bytes and passes over a byte order mark. `max_line` is in bytes.
    ///
    /// # Errors
    /// When the input can't be read.
    pub fn open(input: R, max_line: usize) -> io::Result<Self> {
        let mut lines = Self {
            input,
            buffer: vec![0; CHUNK],
            held: 0..0,
            max_line,
            number: 0,
            bytes_read: 0,
            at_end: false,
            had_bom: false,
        };
        while lines.held.len() < MAGIC_LEN && !lines.at_end {
            lines.fill()?;
        }
        if lines.head().starts_with(BOM) {
            lines.had_bom = true;
            lines.held.start += BOM.len();
        }
        Ok(lines)
    }

    /// What was read and not yet given out: after `open` at least six bytes, if there are as many.
    pub(crate) fn head(&self) -> &[u8] {
        &self.buffer[self.held.clone()]
    }

    /// Whether the input began with a UTF-8 byte order mark.
    pub fn had_bom(&self) -> bool {
        self.had_bom
    }

    /// How many bytes were read from the input so far.
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// The next line, or `None` after the last.
    ///
    /// # Errors
    /// When the input can't be read; interrupted reads are taken up again.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let Some(found) = self.find()? else {
            return Ok(None);
        };
        self.number += 1;
        let content = match found {
            Found::Skipped { bytes, prefix } => LineContent::TooLong { bytes, prefix },
            Found::Held(range) => self.content(range),
        };
        Ok(Some(Line { number: self.number, content }))
    }

    fn content(&self, range: Range<usize>) -> LineContent<'_> {
        let line = &self.buffer[range];
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if text.len() <= self.max_line {
            return LineContent::Text(text);
        }
        LineContent::TooLong { bytes: line.len() as u64, prefix: self.prefix(line) }
    }

    fn prefix(&self, line: &[u8]) -> Vec<u8> {
        line[..PREFIX.min(self.max_line).min(line.len())].to_vec()
    }

    fn find(&mut self) -> io::Result<Option<Found>> {
        let mut searched = 0;
        loop {
            let start = self.held.start;
            if let Some(offset) = memchr(b'\n', &self.buffer[start + searched..self.held.end]) {
                let end = start + searched + offset;
                self.held.start = end + 1;
                return Ok(Some(Found::Held(start..end)));
            }
            searched = self.held.len();
            if self.at_end {
                let last = self.held.clone();
                self.held = 0..0;
                return Ok((!last.is_empty()).then_some(Found::Held(last)));
            }
            // One byte more than the limit may still be a CR that the line end will take.
            if searched > self.max_line.saturating_add(1) {
                return self.skip().map(Some);
            }
            self.fill()?;
        }
    }

    /// Passes over the rest of a line too long to hold.
    fn skip(&mut self) -> io::Result<Found> {
        let prefix = self.prefix(self.head());
        let mut bytes = 0;
        loop {
            if let Some(offset) = memchr(b'\n', self.head()) {
                bytes += offset as u64;
                self.held.start += offset + 1;
                break;
            }
            bytes += self.held.len() as u64;
            self.held = 0..0;
            if self.at_end {
                break;
            }
            self.fill()?;
        }
        Ok(Found::Skipped { bytes, prefix })
    }

    /// Reads once more behind what is held, making room first.
    fn fill(&mut self) -> io::Result<()> {
        if self.held.end == self.buffer.len() {
            self.make_room();
        }
        loop {
            match self.input.read(&mut self.buffer[self.held.end..]) {
                Ok(read) => {
                    self.at_end = read == 0;
                    self.held.end += read;
                    self.bytes_read += read as u64;
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn make_room(&mut self) {
        if self.held.start > 0 {
            self.buffer.copy_within(self.held.clone(), 0);
            self.held = 0..self.held.len();
        }
        if self.held.end == self.buffer.len() {
            // `find` gives up on a line before it needs more than this.
            let most = self.max_line.saturating_add(2).max(CHUNK);
            let wanted = self.buffer.len().saturating_mul(2).min(most);
            self.buffer.reserve_exact(wanted - self.buffer.len());
            self.buffer.resize(wanted, 0);
        }
    }
}

impl<R> fmt::Debug for LineReader<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the buffer: it holds the user's rows.
        out.debug_struct("LineReader")
            .field("line", &self.number)
            .field("bytes_read", &self.bytes_read)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::{CHUNK, LineContent, LineReader};

    /// Hands out at most `step` bytes a read, with an interruption before each.
    struct Drip<'a> {
        bytes: &'a [u8],
        step: usize,
        interrupt: bool,
    }

    impl Read for Drip<'_> {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.interrupt = !self.interrupt;
            if self.interrupt {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let step = self.step.min(out.len());
            self.bytes.read(&mut out[..step])
        }
    }

    fn lines(bytes: &[u8], step: usize, max_line: usize) -> Vec<String> {
        let drip = Drip { bytes, step, interrupt: false };
        let mut reader = LineReader::open(drip, max_line).expect("opens");
        let mut told = Vec::new();
        while let Some(line) = reader.next_line().expect("reads") {
            told.push(match line.content {
                LineContent::Text(text) => format!("{}:{}", line.number, text.escape_ascii()),
                LineContent::TooLong { bytes, prefix } => {
                    format!("{}: {bytes} bytes, {}…", line.number, prefix.escape_ascii())
                }
            });
        }
        assert_eq!(reader.bytes_read(), bytes.len() as u64);
        told
    }

    #[track_caller]
    fn check(bytes: &[u8], expect: &[&str]) {
        for step in 1..=bytes.len() + 1 {
            assert_eq!(lines(bytes, step, 8), expect, "reads of {step}");
        }
    }

    #[test]
    fn line_ends_marks_and_limits() {
        check(b"", &[]);
        check(b"a\nb", &["1:a", "2:b"]);
        check(b"a\r\n\r\n\nb\r\n", &["1:a", "2:", "3:", "4:b"]);
        check(b"\xEF\xBB\xBFa\n\xEF\xBB\xBFb\n", &["1:a", "2:\\xef\\xbb\\xbfb"]);
        check(b"\xEF\xBB\xBF", &[]);
        check(b"a\rb\n", &["1:a\\rb"]);
        check(b"12345678\r\n12345678", &["1:12345678", "2:12345678"]);
        check(b"123456789\nok", &["1: 9 bytes, 12345678…", "2:ok"]);
        check(b"ok\n1234567890123", &["1:ok", "2: 13 bytes, 12345678…"]);
    }

    #[test]
    fn a_long_line_is_held_whole_up_to_the_limit() {
        let long = vec![b'x'; 3 * CHUNK + 17];
        let input = [&long[..], b"\r\nnext\n"].concat();
        let mut reader = LineReader::open(&input[..], long.len()).expect("opens");
        let first = reader.next_line().expect("reads").expect("a line");
        assert_eq!(first.content, LineContent::Text(&long));
        let next = reader.next_line().expect("reads").expect("a line");
        assert_eq!(next.content, LineContent::Text(b"next"));
    }

    #[test]
    fn a_line_over_the_limit_does_not_grow_memory() {
        let max_line = 2 * CHUNK;
        let endless = io::repeat(b'x').take(200 << 20);
        let mut reader = LineReader::open(endless.chain(&b"\nnext"[..]), max_line).expect("opens");
        let line = reader.next_line().expect("reads").expect("a line");
        assert!(matches!(line.content, LineContent::TooLong { bytes, .. } if bytes == 200 << 20));
        let next = reader.next_line().expect("reads").expect("a line");
        assert_eq!(next.content, LineContent::Text(b"next"));
        assert!(reader.buffer.capacity() <= max_line + 2);
    }
}
