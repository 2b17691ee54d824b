//! Blocks of whole lines from a stream: what one thread works on at a time.

use std::io::{self, ErrorKind, Read};
use std::ops::Range;

/// One line of a block, without its line end and the space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it stands in its block.
    pub(crate) place: Range<usize>,
    /// The position of the line among those that are not blank, counted from 0.
    pub(crate) position: u64,
    /// Whether a line feed ended it; only the last line can lack one.
    pub(crate) terminated: bool,
    /// Whether it was longer than the limit; what is left is its beginning.
    pub(crate) overlong: bool,
}

impl Line {
    pub(crate) fn is_blank(&self) -> bool {
        self.place.is_empty()
    }
}

/// Lines that stand together in the file.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Room for bytes, of which the first `filled` are the lines'; it is kept from block to block.
    bytes: Vec<u8>,
    filled: usize,
    lines: Vec<Line>,
    /// The number of the block, counted from 0.
    pub(crate) number: u64,
    /// How many lines come before it.
    pub(crate) lines_before: u64,
    /// Where it begins in the stream.
    pub(crate) start: u64,
    /// What ended reading after these lines.
    pub(crate) failure: Option<io::Error>,
}

impl Block {
    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// The lines as they stand in the file.
    pub(crate) fn text(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }

    /// The same as text, if all of it is UTF-8.
    pub(crate) fn as_str(&self) -> Option<&str> {
        simdutf8::basic::from_utf8(self.text()).ok()
    }

    /// Forgets what it held, and gives back room beyond `room`.
    fn clear(&mut self, room: usize) {
        self.lines.clear();
        self.filled = 0;
        self.bytes.truncate(room);
        self.bytes.shrink_to(room);
    }

    fn append(&mut self, more: &[u8]) {
        let end = self.filled + more.len();
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        if let Some(room) = self.bytes.get_mut(self.filled..end) {
            room.copy_from_slice(more);
        }
        self.filled = end;
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (&Line, &[u8])> {
        self.lines.iter().map(|line| (line, self.bytes.get(line.place.clone()).unwrap_or_default()))
    }
}

/// Cuts a stream into blocks of about one size; a block is larger only if a single line is.
#[derive(Debug)]
pub(crate) struct Blocks<R> {
    reader: R,
    size: usize,
    longest_line: usize,
    /// What was read beyond the last line end.
    rest: Vec<u8>,
    /// How much was read in all.
    taken: u64,
    ended: bool,
    next: u64,
    lines: u64,
    positions: u64,
}

impl<R: Read> Blocks<R> {
    pub(crate) fn new(reader: R, size: usize, longest_line: usize) -> Self {
        let size = size.max(1);
        Self {
            reader,
            size,
            longest_line,
            rest: Vec::new(),
            taken: 0,
            ended: false,
            next: 0,
            lines: 0,
            positions: 0,
        }
    }

    /// Whether the last block was read.
    pub(crate) fn ended(&self) -> bool {
        self.ended && self.rest.is_empty()
    }

    /// Whether a block holds one long line, of which there should not be many at a time.
    pub(crate) fn is_long(&self, block: &Block) -> bool {
        block.filled > 2 * self.size
    }

    /// Fills a block with the next lines; `false` if there are none.
    pub(crate) fn fill(&mut self, block: &mut Block) -> bool {
        if self.ended() {
            return false;
        }
        block.clear(2 * self.size);
        block.start = self.taken - self.rest.len() as u64;
        block.append(&std::mem::take(&mut self.rest));
        block.number = self.next;
        block.lines_before = self.lines;
        block.failure = self.read_lines(block).err();
        if block.failure.is_some() {
            // Without its end nobody knows what the last line was to be.
            block.filled = memchr::memrchr(b'\n', block.text()).map_or(0, |at| at + 1);
            self.ended = true;
        }
        self.next += 1;
        self.split(block);
        true
    }

    /// Reads until at least one line ends, and keeps what follows the last line end for the next block.
    fn read_lines(&mut self, block: &mut Block) -> io::Result<()> {
        let mut looked_at = 0;
        loop {
            let length = self.size.max(block.filled + block.filled / 2 + 1);
            self.read_to(block, length)?;
            if self.ended {
                return Ok(());
            }
            let fresh = block.text().get(looked_at..).unwrap_or_default();
            if let Some(at) = memchr::memrchr(b'\n', fresh) {
                let end = looked_at + at + 1;
                self.rest.extend_from_slice(block.text().get(end..).unwrap_or_default());
                block.filled = end;
                return Ok(());
            }
            looked_at = block.filled;
            if looked_at > self.longest_line {
                return self.pass_overlong(block);
            }
        }
    }

    /// Reads until a block holds `length` bytes or the stream ends.
    fn read_to(&mut self, block: &mut Block, length: usize) -> io::Result<()> {
        if block.bytes.len() < length {
            block.bytes.resize(length, 0);
        }
        while let Some(room) = block.bytes.get_mut(block.filled..length) {
            if self.ended || room.is_empty() {
                break;
            }
            match self.reader.read(room) {
                Ok(0) => self.ended = true,
                Ok(read) => {
                    block.filled += read;
                    self.taken += read as u64;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads on to the end of a line that is too long to be kept, of which a bit more than the limit stays.
    fn pass_overlong(&mut self, block: &mut Block) -> io::Result<()> {
        block.filled = self.longest_line.saturating_add(1);
        let mut more = Block::default();
        while !self.ended {
            more.filled = 0;
            self.read_to(&mut more, self.size)?;
            if let Some(at) = memchr::memchr(b'\n', more.text()) {
                block.append(b"\n");
                self.rest.extend_from_slice(more.text().get(at + 1..).unwrap_or_default());
                break;
            }
        }
        Ok(())
    }

    fn split(&mut self, block: &mut Block) {
        let mut start = 0;
        let all = block.bytes.get(..block.filled).unwrap_or_default();
        while start < all.len() {
            let rest = all.get(start..).unwrap_or_default();
            let end = memchr::memchr(b'\n', rest);
            let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let overlong = line.len() > self.longest_line;
            let kept = line.get(..self.longest_line).unwrap_or(line);
            let unmarked = || kept.strip_prefix(b"\xef\xbb\xbf");
            let kept = if self.lines == 0 { unmarked().unwrap_or(kept) } else { kept };
            let skipped = line.len().min(self.longest_line) - kept.len();
            let text = kept.trim_ascii_start();
            let from = start + skipped + kept.len() - text.len();
            let place = from..from + text.trim_ascii_end().len();
            let line =
                Line { place, position: self.positions, terminated: end.is_some(), overlong };
            self.lines += 1;
            self.positions += u64::from(!line.is_blank());
            block.lines.push(line);
            start += end.map_or(rest.len(), |end| end + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str, limit: usize, size: usize) -> Vec<(String, u64, bool, bool)> {
        let mut blocks = Blocks::new(text.as_bytes(), size, limit);
        let (mut all, mut block) = (Vec::new(), Block::default());
        while blocks.fill(&mut block) {
            assert_eq!(block.lines_before, all.len() as u64);
            all.extend(block.lines().map(|(line, bytes)| {
                let text = String::from_utf8(bytes.to_vec()).unwrap();
                (text, line.position, line.terminated, line.overlong)
            }));
        }
        all
    }

    /// What stands where the lines that are not blank are said to stand.
    fn found_at(text: &str, limit: usize, size: usize) -> Vec<&str> {
        let mut blocks = Blocks::new(text.as_bytes(), size, limit);
        let (mut all, mut block) = (Vec::new(), Block::default());
        while blocks.fill(&mut block) {
            let start = usize::try_from(block.start).unwrap();
            let places = block.lines().filter(|(line, _)| !line.is_blank());
            all.extend(
                places.map(|(line, _)| &text[start + line.place.start..][..line.place.len()]),
            );
        }
        all
    }

    #[test]
    fn lines_are_the_same_at_every_block_size() {
        for size in 1..40 {
            let text = "\u{feff}ab\r\n \t\n\nlonger line\nxy\n\u{feff}z";
            assert_eq!(found_at(text, 6, size), ["ab", "longer", "xy", "\u{feff}z"]);
            let got = lines(text, 6, size);
            let want = [
                ("ab", 0, true, false),
                ("", 1, true, false),
                ("", 1, true, false),
                ("longer", 1, true, true),
                ("xy", 2, true, false),
                ("\u{feff}z", 3, false, false),
            ];
            let want =
                want.map(|(text, position, end, long)| (text.to_owned(), position, end, long));
            assert_eq!(got, want, "blocks of {size}");
        }
        assert_eq!(lines("", 6, 4), []);
    }

    #[test]
    fn an_endless_line_takes_no_more_than_the_limit() {
        let reader = io::repeat(b'x').take(50_000_000);
        let mut blocks = Blocks::new(reader, 1000, 5000);
        let mut block = Block::default();
        assert!(blocks.fill(&mut block) && blocks.ended());
        let (line, bytes) = block.lines().next().unwrap();
        assert!(line.overlong && !line.terminated && bytes.len() == 5000);
        assert!(block.bytes.capacity() < 20_000 && blocks.rest.is_empty());
        assert!(!blocks.fill(&mut block));
    }
}
