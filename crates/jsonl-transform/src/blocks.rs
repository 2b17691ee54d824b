//! Reads an input in blocks of whole lines, in bounded memory; lines and rows are counted here.

use std::{
    fmt,
    io::{self, Read},
    mem,
    ops::Range,
};

use memchr::{memchr, memchr_iter};

use crate::{Line, LineContent, sniff::MAGIC_LEN};

/// How much is read before a block is given out; less and more were slower in measurements.
pub(crate) const BLOCK: usize = 256 << 10;

/// A block ends early when it holds so many lines, so that their ends stay small beside them.
const MAX_LINES: usize = 32 << 10;

/// How much of an overlong line is kept to tell what it is.
const PREFIX: usize = 64;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Lines that were read together, or one line that is too long to be held.
#[derive(Default)]
pub(crate) struct Block {
    /// Longer than what is filled, so that it need not be cleared again.
    bytes: Vec<u8>,
    /// Where each line's text ends; the next one begins one byte later.
    ends: Vec<usize>,
    overlong: Option<Overlong>,
    max_line: usize,
    /// Lines of the input before this block.
    lines_before: u64,
    /// Rows, which are lines that are not blank, before this block.
    pub(crate) rows_before: u64,
    pub(crate) blank: u64,
}

struct Overlong {
    bytes: u64,
    prefix: Vec<u8>,
}

impl Block {
    fn reset(&mut self, max_line: usize, lines_before: u64, rows_before: u64) {
        let (bytes, mut ends) = (mem::take(&mut self.bytes), mem::take(&mut self.ends));
        ends.clear();
        let (overlong, blank) = (None, 0);
        *self = Self { bytes, ends, overlong, max_line, lines_before, rows_before, blank };
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len() + usize::from(self.overlong.is_some())
    }

    pub(crate) fn max_line(&self) -> usize {
        self.max_line
    }

    /// How many bytes of memory it holds on to.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    /// How many bytes of lines it holds.
    pub(crate) fn n_bytes(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line<'_>> {
        (0..self.len()).map(|index| self.line(index))
    }

    /// The line at `index`, which must be less than [`len`](Self::len).
    pub(crate) fn line(&self, index: usize) -> Line<'_> {
        let content = match &self.overlong {
            Some(Overlong { bytes, prefix }) => {
                LineContent::TooLong { bytes: *bytes, prefix: prefix.clone() }
            }
            None => self.content(self.span(index)),
        };
        Line { number: self.lines_before + index as u64 + 1, content }
    }

    /// Where line `index` begins in [`bytes`](Self::bytes).
    pub(crate) fn line_start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before] + 1)
    }

    /// What the lines stand in.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn span(&self, index: usize) -> Range<usize> {
        self.line_start(index)..self.ends[index]
    }

    fn content(&self, span: Range<usize>) -> LineContent<'_> {
        let line = &self.bytes[span];
        let text = line.strip_suffix(b"\r").unwrap_or(line);
        if text.len() <= self.max_line {
            return LineContent::Text(text);
        }
        LineContent::TooLong { bytes: line.len() as u64, prefix: prefix(line, self.max_line) }
    }

    fn end_line(&mut self, end: usize) {
        self.ends.push(end);
        let line = &self.bytes[self.span(self.ends.len() - 1)];
        self.blank += u64::from(is_blank(line));
    }
}

/// Cuts an input into blocks. How the input is cut into reads makes no difference.
pub(crate) struct BlockReader<R> {
    input: R,
    block_size: usize,
    max_line: usize,
    /// What was read beyond the last block.
    carry: Vec<u8>,
    /// An error that came after whole lines, which go first.
    error: Option<io::Error>,
    lines: u64,
    rows: u64,
    bytes_read: u64,
    at_end: bool,
    had_bom: bool,
}

impl<R: Read> BlockReader<R> {
    /// Reads the first bytes and passes over a byte order mark.
    pub(crate) fn open(input: R, max_line: usize, block_size: usize) -> io::Result<Self> {
        let mut reader = Self {
            input,
            block_size: block_size.max(1),
            max_line,
            carry: vec![0; MAGIC_LEN],
            error: None,
            lines: 0,
            rows: 0,
            bytes_read: 0,
            at_end: false,
            had_bom: false,
        };
        let mut head = mem::take(&mut reader.carry);
        let mut filled = 0;
        while filled < head.len() && !reader.at_end {
            filled += reader.read(&mut head[filled..])?;
        }
        head.truncate(filled);
        if head.starts_with(BOM) {
            reader.had_bom = true;
            head.drain(..BOM.len());
        }
        reader.carry = head;
        Ok(reader)
    }

    /// What was read and not yet given out: after `open` at least six bytes, if there are as many.
    pub(crate) fn head(&self) -> &[u8] {
        &self.carry
    }

    pub(crate) fn had_bom(&self) -> bool {
        self.had_bom
    }

    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// How many lines were given out.
    pub(crate) fn lines(&self) -> u64 {
        self.lines
    }

    /// Fills `block` with the next lines, at least one; false after the last. Its memory is used
    /// again.
    pub(crate) fn next(&mut self, block: &mut Block) -> io::Result<bool> {
        if let Some(error) = self.error.take() {
            return Err(error);
        }
        block.reset(self.max_line, self.lines, self.rows);
        let filled = self.fill(block)?;
        if block.overlong.is_none() {
            let given = block.ends.last().map_or(0, |end| filled.min(end + 1));
            self.carry.extend_from_slice(&block.bytes[given..filled]);
        }
        self.lines += block.len() as u64;
        self.rows += block.len() as u64 - block.blank;
        Ok(block.len() > 0)
    }

    /// Reads until there are lines enough; returns how many bytes of the block are filled.
    fn fill(&mut self, block: &mut Block) -> io::Result<usize> {
        let mut filled = self.carry.len();
        let mut target = self.block_size.max(filled);
        make_room(&mut block.bytes, target);
        block.bytes[..filled].copy_from_slice(&self.carry);
        self.carry.clear();
        let mut searched = 0;
        loop {
            split(block, searched..filled);
            searched = filled;
            let has_lines = !block.ends.is_empty();
            if has_lines && (filled >= self.block_size || block.ends.len() >= MAX_LINES) {
                return Ok(filled);
            }
            if self.at_end {
                let rest = block.ends.last().map_or(0, |end| end + 1);
                if rest < filled {
                    block.end_line(filled);
                }
                return Ok(filled);
            }
            // One byte more than the limit may still be a CR that the line end will take.
            if !has_lines && filled > self.max_line.saturating_add(1) {
                return self.skip(block, filled);
            }
            if filled == target {
                let most = self.max_line.saturating_add(2).max(self.block_size);
                target = (target + self.block_size.max(target / 2)).min(most);
                make_room(&mut block.bytes, target);
            }
            // What comes after a long line is copied to the next block, so there should be little.
            let step = if filled < self.block_size { self.block_size } else { self.block_size / 8 };
            let end = target.min(filled + step.max(1));
            match self.read(&mut block.bytes[filled..end]) {
                Ok(read) => filled += read,
                Err(error) if has_lines => {
                    self.error = Some(error);
                    return Ok(filled);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Passes over the rest of a line too long to hold.
    fn skip(&mut self, block: &mut Block, filled: usize) -> io::Result<usize> {
        let prefix = prefix(&block.bytes[..filled], self.max_line);
        let mut bytes = filled as u64;
        while !self.at_end {
            let read = self.read(&mut block.bytes)?;
            if let Some(end) = memchr(b'\n', &block.bytes[..read]) {
                bytes += end as u64;
                self.carry.extend_from_slice(&block.bytes[end + 1..read]);
                break;
            }
            bytes += read as u64;
        }
        block.overlong = Some(Overlong { bytes, prefix });
        Ok(filled)
    }

    /// Reads once; interrupted reads are taken up again.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.input.read(into) {
                Ok(read) => {
                    self.at_end = read == 0;
                    self.bytes_read += read as u64;
                    return Ok(read);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Notes the lines that end within `span`, up to the limit.
fn split(block: &mut Block, span: Range<usize>) {
    let bytes = mem::take(&mut block.bytes);
    let mut start = block.ends.last().map_or(0, |end| end + 1);
    for offset in memchr_iter(b'\n', &bytes[span.clone()]) {
        let end = span.start + offset;
        block.blank += u64::from(is_blank(&bytes[start..end]));
        block.ends.push(end);
        start = end + 1;
        if block.ends.len() >= MAX_LINES {
            break;
        }
    }
    block.bytes = bytes;
}

fn make_room(bytes: &mut Vec<u8>, target: usize) {
    if bytes.len() < target {
        bytes.reserve_exact(target - bytes.len());
        bytes.resize(target, 0);
    }
}

fn prefix(line: &[u8], max_line: usize) -> Vec<u8> {
    line[..PREFIX.min(max_line).min(line.len())].to_vec()
}

/// Whether nothing but white space stands on a line.
pub(crate) fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

impl<R> fmt::Debug for BlockReader<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the bytes: they are the user's rows.
        out.debug_struct("BlockReader")
            .field("lines", &self.lines)
            .field("bytes_read", &self.bytes_read)
            .finish_non_exhaustive()
    }
}
