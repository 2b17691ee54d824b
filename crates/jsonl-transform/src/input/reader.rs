//! Joins the inputs of a dataset to one stream of lines, and finds a line's input again.

use std::{
    fmt,
    io::{self, Cursor, Read},
    iter,
};

use memchr::memchr_iter;

use super::{Input, InputError, Inputs, unpack::unpack};
use crate::sniff;

/// How much of a first line is looked at to tell what it is.
const PEEK: usize = 4096;

const BOM: &[u8] = b"\xEF\xBB\xBF";

/// Reads the inputs of a [`Dataset`](super::Dataset) one after another.
///
/// An input that is not JSON lines is an [`InputError`] inside the error. After an error
/// [`input_at_fault`](Self::input_at_fault) tells which input it was.
pub struct DatasetReader<'d, 'a> {
    inputs: &'d [Input<'a>],
    /// For each input that was opened, how many lines stand before it.
    lines_before: Vec<u64>,
    current: Option<Box<dyn Read + Send + 'a>>,
    lines: u64,
    ends_inside_a_line: bool,
    had_bom: bool,
    failed: bool,
}

impl<'d, 'a> DatasetReader<'d, 'a> {
    pub(super) fn new(inputs: &'d [Input<'a>]) -> Self {
        Self {
            inputs,
            lines_before: Vec::with_capacity(inputs.len()),
            current: None,
            lines: 0,
            ends_inside_a_line: false,
            had_bom: false,
            failed: false,
        }
    }

    /// The place among the inputs, from 0, of line `line` of the whole, from 1, and its number
    /// there. Lines that were not read yet are taken to be in the input that is open.
    pub fn place_of(&self, line: u64) -> (usize, u64) {
        place_of(&self.lines_before, line)
    }

    /// Whether an input began with a UTF-8 byte order mark, of those read so far.
    pub fn had_bom(&self) -> bool {
        self.had_bom
    }

    /// The place among the inputs of the one that could not be read, after an error.
    pub fn input_at_fault(&self) -> Option<usize> {
        self.failed.then(|| self.lines_before.len().saturating_sub(1))
    }

    /// Where the inputs that were opened begin.
    pub(crate) fn into_inputs(self) -> Inputs {
        if self.inputs.len() == 1 {
            return Inputs::default();
        }
        let names = self.inputs.iter().map(|input| input.name().into()).collect();
        Inputs { names, lines_before: self.lines_before }
    }

    /// Reads on, opening the next input where one ends.
    fn read_on(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(current) = &mut self.current {
                let read = current.read(out)?;
                if read > 0 {
                    return Ok(read);
                }
                self.current = None;
                let goes_on = self.lines_before.len() < self.inputs.len();
                if goes_on && self.ends_inside_a_line {
                    // The next input's first row must not be glued to this one's last.
                    out[0] = b'\n';
                    return Ok(1);
                }
            }
            let Some(next) = self.inputs.get(self.lines_before.len()) else {
                return Ok(0);
            };
            self.lines_before.push(self.lines);
            self.current = Some(self.open(next)?);
        }
    }

    fn open(&mut self, input: &Input<'a>) -> io::Result<Box<dyn Read + Send + 'a>> {
        let mut unpacked = unpack((input.open)()?)?;
        let mut head = peek(&mut unpacked)?;
        if let Some(kind) = sniff::by_magic(&head) {
            return Err(InputError::Unsupported(kind).into());
        }
        if head.starts_with(BOM) {
            self.had_bom = true;
            head.drain(..BOM.len());
        }
        let blank = head.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        let rest = &head[blank..];
        let line_end = rest.iter().position(|&byte| byte == b'\n');
        let first = &rest[..line_end.unwrap_or(rest.len())];
        let is_start_only = line_end.is_none() && head.len() >= PEEK;
        if let Some(kind) = sniff::by_first_line(first, is_start_only) {
            return Err(InputError::Unsupported(kind).into());
        }
        Ok(Box::new(Cursor::new(head).chain(unpacked)))
    }
}

impl Read for DatasetReader<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        if self.failed {
            return Err(io::Error::other("reading went wrong before"));
        }
        match self.read_on(out) {
            Ok(read) => {
                let bytes = &out[..read];
                // With one input nobody asks, and counting is not free.
                if self.inputs.len() > 1 {
                    self.lines += memchr_iter(b'\n', bytes).count() as u64;
                }
                self.ends_inside_a_line = bytes.last().is_some_and(|&last| last != b'\n');
                Ok(read)
            }
            Err(error) => {
                self.failed = error.kind() != io::ErrorKind::Interrupted;
                Err(error)
            }
        }
    }
}

impl fmt::Debug for DatasetReader<'_, '_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("DatasetReader")
            .field("inputs", &self.inputs)
            .field("lines_before", &self.lines_before)
            .finish_non_exhaustive()
    }
}

/// The input that holds line `line` of the whole, and the line's number there.
pub(super) fn place_of(lines_before: &[u64], line: u64) -> (usize, u64) {
    let input = lines_before.partition_point(|&before| before < line).saturating_sub(1);
    (input, line - lines_before.get(input).copied().unwrap_or(0))
}

/// The first bytes: up to the end of the first line that is not blank, at least the magic, at most
/// [`PEEK`].
fn peek(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let has_line = |head: &[u8]| {
        let start = head.iter().position(|byte| !byte.is_ascii_whitespace());
        start.is_some_and(|start| head[start..].contains(&b'\n'))
    };
    while head.len() < sniff::MAGIC_LEN || head.len() < PEEK && !has_line(&head) {
        let start = head.len();
        head.extend(iter::repeat_n(0, PEEK - start));
        let read = loop {
            match input.read(&mut head[start..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        head.truncate(start + read);
        if read == 0 {
            break;
        }
    }
    Ok(head)
}
