//! Finished rows on their way to a sink: whole blocks of lines, cut at row borders at will.

use std::{fmt, ops::Range};

use crate::{Pieces, RowKey, pieces::Run, render::FRAME};

/// How many digits a row's number has at least; the lines are rendered with this many.
const DIGITS: usize = 8;

/// A keyed line begins with this, and then come the digits of its row's number.
pub(crate) const KEY_START: &[u8] = b"{\"key\":\"r";

/// Lines of consecutive rows, each with its line feed. What is long in them stays in its block.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) text: Vec<u8>,
    runs: Vec<Run>,
    /// How many bytes all runs have.
    in_runs: usize,
    ends: Vec<End>,
    /// The low half of the hash of each line's request; none for logged lines.
    pub(crate) hashes: Vec<u32>,
}

/// Where a line ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct End {
    text: usize,
    runs: usize,
    in_runs: usize,
}

impl Lines {
    /// Forgets all lines and makes room for about so many bytes at once: growing by doubling would
    /// hold twice the longest row. Memory that is never written costs nothing.
    pub(crate) fn clear(&mut self, n_bytes: usize) {
        self.text.clear();
        self.text.reserve_exact(n_bytes + n_bytes / 8 + FRAME);
        self.runs.clear();
        self.in_runs = 0;
        self.ends.clear();
        self.hashes.clear();
    }

    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity()
            + self.runs.capacity() * size_of::<Run>()
            + self.ends.capacity() * size_of::<End>()
    }

    /// How many lines there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Appends a part of the block without copying it.
    pub(crate) fn run(&mut self, span: Range<usize>) {
        self.in_runs += span.len();
        self.runs.push(Run { at: self.text.len(), start: span.start, end: span.end });
    }

    /// Where the next byte goes.
    pub(crate) fn mark(&self) -> Mark {
        Mark(End { text: self.text.len(), runs: self.runs.len(), in_runs: self.in_runs })
    }

    /// What was appended since the mark was set, where all of it was copied.
    pub(crate) fn text_since(&self, Mark(start): Mark) -> Option<&[u8]> {
        (start.runs == self.runs.len()).then(|| &self.text[start.text..])
    }

    /// What was appended from one mark to another.
    pub(crate) fn between<'a>(&'a self, from: Mark, to: Mark, block: &'a [u8]) -> Pieces<'a> {
        let (Mark(from), Mark(to)) = (from, to);
        let text = &self.text[from.text..to.text];
        Pieces::new(text, from.text, &self.runs[from.runs..to.runs], block)
    }

    /// Ends the line of a row.
    pub(crate) fn end_line(&mut self) {
        let Mark(end) = self.mark();
        self.ends.push(end);
    }

    fn start(&self, index: usize) -> End {
        index.checked_sub(1).map_or(End::default(), |before| self.ends[before])
    }

    /// How many bytes come before line `index`.
    fn offset(&self, index: usize) -> usize {
        let start = self.start(index);
        start.text + start.in_runs
    }

    fn pieces<'a>(&'a self, rows: Range<usize>, block: &'a [u8]) -> Pieces<'a> {
        self.between(Mark(self.start(rows.start)), Mark(self.start(rows.end)), block)
    }

    /// Leaves the lines of some rows empty; the lines behind them move up. There are no runs where
    /// copies are looked for.
    pub(crate) fn empty(&mut self, is_empty: impl Fn(usize) -> bool) {
        debug_assert!(self.runs.is_empty(), "runs would have to move too");
        let (mut start, mut to) = (0, 0);
        for (row, end) in self.ends.iter_mut().enumerate() {
            let line = start..end.text;
            start = end.text;
            if !is_empty(row) {
                self.text.copy_within(line.clone(), to);
                to += line.len();
            }
            end.text = to;
        }
        self.text.truncate(to);
    }

    /// Writes the rows' numbers, counted from `first`, where eight digits were left open.
    pub(crate) fn number(&mut self, first: u64) {
        if first + self.ends.len() as u64 > 10_u64.pow(8) {
            return self.number_wide(first);
        }
        let mut start = 0;
        for (number, end) in (first..).zip(&self.ends) {
            if start < end.text {
                let digits = start + KEY_START.len()..start + KEY_START.len() + DIGITS;
                self.text[digits].copy_from_slice(&eight_digits(number));
            }
            start = end.text;
        }
    }

    /// Numbers that need more digits than were left open move all that follows.
    fn number_wide(&mut self, first: u64) {
        let narrow = std::mem::take(&mut self.text);
        let mut start = End::default();
        for (number, end) in (first..).zip(&mut self.ends) {
            let line = &narrow[start.text..end.text];
            if let Some(rest) = line.get(KEY_START.len() + DIGITS..) {
                self.text.extend_from_slice(KEY_START);
                self.text.extend_from_slice(format!("{number:0DIGITS$}").as_bytes());
                self.text.extend_from_slice(rest);
            }
            // Runs come after the number.
            let moved = self.text.len() - end.text;
            self.runs[start.runs..end.runs].iter_mut().for_each(|run| run.at += moved);
            start = *end;
            end.text = self.text.len();
        }
    }
}

/// A place in [`Lines`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(End);

fn eight_digits(mut number: u64) -> [u8; DIGITS] {
    let mut digits = [b'0'; DIGITS];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    digits
}

/// Consecutive rows that are ready to be written, with a line for each variant of each row.
///
/// The lines of one stream are in order, so that a block is written with one call.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    first: u64,
    /// The part of the lines that is meant.
    start: usize,
    end: usize,
    inputs: &'a [Lines],
    logged: &'a Lines,
    /// What the long parts of lines stand in.
    block: &'a [u8],
    /// For each row the one that it is a copy of; empty where nobody looked.
    firsts: &'a [Option<u64>],
}

impl<'a> Rows<'a> {
    pub(crate) fn new(
        first: u64,
        inputs: &'a [Lines],
        logged: &'a Lines,
        block: &'a [u8],
        firsts: &'a [Option<u64>],
    ) -> Self {
        Self { first, start: 0, end: logged.len(), inputs, logged, block, firsts }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// The number of the first row, from 0 among all rows written.
    pub fn first_number(&self) -> u64 {
        self.first
    }

    /// How many input lines each row has.
    pub fn variants(&self) -> usize {
        self.inputs.len()
    }

    /// The lines to upload as variant `variant`, each with its line feed.
    pub fn input(&self, variant: usize) -> Pieces<'a> {
        self.inputs[variant].pieces(self.start..self.end, self.block)
    }

    /// The lines with what was taken out or stood beside the requests, each with its line feed.
    pub fn logged(&self) -> Pieces<'a> {
        self.logged.pieces(self.start..self.end, self.block)
    }

    /// Where row `index` of these begins in [`input`](Self::input) of `variant`; for `len()` its end.
    pub fn input_start(&self, variant: usize, index: usize) -> usize {
        let lines = &self.inputs[variant];
        lines.offset(self.start + index) - lines.offset(self.start)
    }

    /// Where row `index` of these begins in [`logged`](Self::logged); for `len()` its end.
    pub fn logged_start(&self, index: usize) -> usize {
        self.logged.offset(self.start + index) - self.logged.offset(self.start)
    }

    /// The number of the row before whose request is equal to that of row `index` of these, which
    /// is then not uploaded: its input lines are empty.
    pub fn copy_of(&self, index: usize) -> Option<u64> {
        self.firsts.get(self.start + index).copied().flatten()
    }

    /// The key of row `index` of these in `variant`; that of variant 0 stands in the logged line.
    pub fn key(&self, variant: usize, index: usize) -> RowKey {
        let hash = self.inputs[variant].hashes[self.start + index];
        RowKey::from_parts(self.first + index as u64, hash)
    }

    /// The rows from `range.start` up to `range.end` of these: how a sink cuts at a row border.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "rows out of range");
        Self {
            first: self.first + range.start as u64,
            start: self.start + range.start,
            end: self.start + range.end,
            ..*self
        }
    }

    /// The rows one by one, each with its line of variant 0.
    pub fn iter(&self) -> impl Iterator<Item = FinishedRow<'a>> + use<'a> {
        let rows = *self;
        (0..rows.len()).map(move |index| {
            let row = rows.slice(index..index + 1);
            FinishedRow { key: row.key(0, 0), input: row.input(0), logged: row.logged() }
        })
    }
}

impl fmt::Debug for Rows<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the lines: they are the user's rows.
        out.debug_struct("Rows")
            .field("first", &self.first)
            .field("len", &self.len())
            .field("variants", &self.variants())
            .finish_non_exhaustive()
    }
}

/// A row that is ready to be written.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FinishedRow<'a> {
    /// Its key, which holds its number.
    pub key: RowKey,
    /// The line to upload, with its line feed; empty if the row is a copy of an earlier one.
    pub input: Pieces<'a>,
    /// The line with what was taken out or stood beside the request, with its line feed.
    pub logged: Pieces<'a>,
}

#[cfg(test)]
mod tests {
    use super::Lines;

    /// Long parts of lines stand here.
    const BLOCK: &[u8] = b"0123456789";

    /// Lines with these ends; of a capital letter on they are runs as long as the letter's place.
    fn lines(tails: &[&str]) -> Lines {
        let mut lines = Lines::default();
        for tail in tails {
            lines.text.extend_from_slice(b"{\"key\":\"r00000000-");
            for letter in tail.bytes() {
                if letter.is_ascii_uppercase() {
                    lines.run(0..usize::from(letter - b'@'));
                } else {
                    lines.text.push(letter);
                }
            }
            lines.text.push(b'\n');
            lines.end_line();
        }
        lines
    }

    fn shown(lines: &Lines, index: usize) -> String {
        String::from_utf8(lines.pieces(index..index + 1, BLOCK).to_vec()).expect("UTF-8")
    }

    #[track_caller]
    fn check(first: u64, expect: &[&str]) {
        let mut lines = lines(&["a", "bBcdAe", "", "C"]);
        lines.number(first);
        let mut offset = 0;
        for (index, expect) in expect.iter().enumerate() {
            assert_eq!(lines.offset(index), offset);
            let line = shown(&lines, index);
            assert_eq!(line, format!("{{\"key\":\"r{expect}\n"));
            offset += line.len();
        }
        let all = lines.pieces(0..lines.len(), BLOCK);
        assert_eq!((lines.offset(lines.len()), all.len()), (offset, offset));
    }

    #[test]
    fn lines_that_are_left_empty_stay_empty() {
        let mut lines = lines(&["a", "bcd", "", "e"]);
        lines.empty(|row| row == 0 || row == 2);
        let first = 99_999_998;
        lines.number(first);
        let shown = [0, 1, 2, 3].map(|index| shown(&lines, index));
        assert_eq!(shown, ["", "{\"key\":\"r99999999-bcd\n", "", "{\"key\":\"r100000001-e\n"]);
    }

    #[test]
    fn numbers_are_filled_in_and_widened_when_eight_digits_are_too_few() {
        let tails = ["a", "b01cd0e", "", "012"];
        for (first, numbers) in [
            (0, ["00000000", "00000001", "00000002", "00000003"]),
            (99_999_996, ["99999996", "99999997", "99999998", "99999999"]),
            (99_999_997, ["99999997", "99999998", "99999999", "100000000"]),
            (12_345_678_901, ["12345678901", "12345678902", "12345678903", "12345678904"]),
        ] {
            let lines: Vec<_> = numbers
                .iter()
                .zip(tails)
                .map(|(number, tail)| format!("{number}-{tail}"))
                .collect();
            check(first, &lines.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}
