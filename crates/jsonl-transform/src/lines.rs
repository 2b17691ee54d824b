//! Gives out the lines of a byte stream one by one, numbered, in bounded memory.

use std::{
    fmt,
    io::{self, Read},
};

use crate::blocks::{BLOCK, Block, BlockReader};

/// The longest line that is read unless told otherwise: 64 MiB without its line end.
pub const DEFAULT_MAX_LINE: usize = 64 << 20;

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
    blocks: BlockReader<R>,
    block: Block,
    /// How many lines of the block were given out.
    given: usize,
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

impl<R: Read> LineReader<R> {
    /// Reads the first bytes and passes over a byte order mark. `max_line` is in bytes.
    ///
    /// # Errors
    /// When the input can't be read.
    pub fn open(input: R, max_line: usize) -> io::Result<Self> {
        let blocks = BlockReader::open(input, max_line, BLOCK)?;
        Ok(Self { blocks, block: Block::default(), given: 0 })
    }

    /// Whether the input began with a UTF-8 byte order mark.
    pub fn had_bom(&self) -> bool {
        self.blocks.had_bom()
    }

    /// How many bytes were read from the input so far.
    pub fn bytes_read(&self) -> u64 {
        self.blocks.bytes_read()
    }

    /// The next line, or `None` after the last.
    ///
    /// # Errors
    /// When the input can't be read; interrupted reads are taken up again.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        if self.given == self.block.len() {
            self.given = 0;
            if !self.blocks.next(&mut self.block)? {
                return Ok(None);
            }
        }
        self.given += 1;
        Ok(Some(self.block.line(self.given - 1)))
    }
}

impl<R> fmt::Debug for LineReader<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("LineReader").field(&self.blocks).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Read};

    use super::{LineContent, LineReader};
    use crate::blocks::BLOCK;

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
        let long = vec![b'x'; 3 * BLOCK + 17];
        let input = [&long[..], b"\r\nnext\n"].concat();
        let mut reader = LineReader::open(&input[..], long.len()).expect("opens");
        let first = reader.next_line().expect("reads").expect("a line");
        assert_eq!(first.content, LineContent::Text(&long));
        let next = reader.next_line().expect("reads").expect("a line");
        assert_eq!(next.content, LineContent::Text(b"next"));
    }

    #[test]
    fn a_line_over_the_limit_does_not_grow_memory() {
        let max_line = 2 * BLOCK;
        let endless = io::repeat(b'x').take(200 << 20);
        let mut reader = LineReader::open(endless.chain(&b"\nnext"[..]), max_line).expect("opens");
        let line = reader.next_line().expect("reads").expect("a line");
        assert!(matches!(line.content, LineContent::TooLong { bytes, .. } if bytes == 200 << 20));
        let next = reader.next_line().expect("reads").expect("a line");
        assert_eq!(next.content, LineContent::Text(b"next"));
        assert!(reader.block.capacity() <= max_line + 2 + 64);
    }
}
