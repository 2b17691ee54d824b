//! Finished rows on their way to a sink: whole blocks of lines, cut at row borders at will.

use std::{fmt, ops::Range};

use crate::{RowKey, render::FRAME};

/// How many digits a row's number has at least; the lines are rendered with this many.
const DIGITS: usize = 8;

/// A keyed line begins with this, and then come the digits of its row's number.
pub(crate) const KEY_START: &[u8] = b"{\"key\":\"r";

/// Lines of consecutive rows, each with its line feed.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) text: Vec<u8>,
    /// Where each line ends.
    pub(crate) ends: Vec<usize>,
    /// The low half of the hash of each line's request; none for logged lines.
    pub(crate) hashes: Vec<u32>,
}

impl Lines {
    /// Forgets all lines and makes room for about so many bytes at once: growing by doubling would
    /// hold twice the longest row. Memory that is never written costs nothing.
    pub(crate) fn clear(&mut self, n_bytes: usize) {
        self.text.clear();
        self.text.reserve_exact(n_bytes + n_bytes / 8 + FRAME);
        self.ends.clear();
        self.hashes.clear();
    }

    pub(crate) fn capacity(&self) -> usize {
        self.text.capacity() + self.ends.capacity() * size_of::<usize>()
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).map_or(0, |before| self.ends[before])
    }

    fn bytes(&self, rows: Range<usize>) -> &[u8] {
        &self.text[self.start(rows.start)..self.start(rows.end)]
    }

    /// Leaves the lines of some rows empty; the lines behind them move up.
    pub(crate) fn empty(&mut self, is_empty: impl Fn(usize) -> bool) {
        let (mut start, mut to) = (0, 0);
        for (row, end) in self.ends.iter_mut().enumerate() {
            let line = start..*end;
            start = *end;
            if !is_empty(row) {
                self.text.copy_within(line.clone(), to);
                to += line.len();
            }
            *end = to;
        }
        self.text.truncate(to);
    }

    /// Writes the rows' numbers, counted from `first`, where eight digits were left open.
    pub(crate) fn number(&mut self, first: u64) {
        if first + self.ends.len() as u64 > 10_u64.pow(8) {
            return self.number_wide(first);
        }
        let mut start = 0;
        for (number, &end) in (first..).zip(&self.ends) {
            if start < end {
                let digits = start + KEY_START.len()..start + KEY_START.len() + DIGITS;
                self.text[digits].copy_from_slice(&eight_digits(number));
            }
            start = end;
        }
    }

    /// Numbers that need more digits than were left open move all that follows.
    fn number_wide(&mut self, first: u64) {
        let narrow = std::mem::take(&mut self.text);
        let mut start = 0;
        for (number, end) in (first..).zip(&mut self.ends) {
            let line = &narrow[start..*end];
            if let Some(rest) = line.get(KEY_START.len() + DIGITS..) {
                self.text.extend_from_slice(KEY_START);
                self.text.extend_from_slice(format!("{number:0DIGITS$}").as_bytes());
                self.text.extend_from_slice(rest);
            }
            start = *end;
            *end = self.text.len();
        }
    }
}

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
/// The lines of one stream lie one after another, so that a block is written with one call.
#[derive(Clone, Copy)]
pub struct Rows<'a> {
    first: u64,
    /// The part of the lines that is meant.
    start: usize,
    end: usize,
    inputs: &'a [Lines],
    logged: &'a Lines,
    /// For each row the one that it is a copy of; empty where nobody looked.
    firsts: &'a [Option<u64>],
}

impl<'a> Rows<'a> {
    pub(crate) fn new(
        first: u64,
        inputs: &'a [Lines],
        logged: &'a Lines,
        firsts: &'a [Option<u64>],
    ) -> Self {
        Self { first, start: 0, end: logged.ends.len(), inputs, logged, firsts }
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
    pub fn input(&self, variant: usize) -> &'a [u8] {
        self.inputs[variant].bytes(self.start..self.end)
    }

    /// The lines with what was taken out or stood beside the requests, each with its line feed.
    pub fn logged(&self) -> &'a [u8] {
        self.logged.bytes(self.start..self.end)
    }

    /// Where row `index` of these begins in [`input`](Self::input) of `variant`; for `len()` its end.
    pub fn input_start(&self, variant: usize, index: usize) -> usize {
        let lines = &self.inputs[variant];
        lines.start(self.start + index) - lines.start(self.start)
    }

    /// Where row `index` of these begins in [`logged`](Self::logged); for `len()` its end.
    pub fn logged_start(&self, index: usize) -> usize {
        self.logged.start(self.start + index) - self.logged.start(self.start)
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
    pub input: &'a [u8],
    /// The line with what was taken out or stood beside the request, with its line feed.
    pub logged: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::Lines;

    fn lines(tails: &[&str]) -> Lines {
        let mut lines = Lines::default();
        for tail in tails {
            lines.text.extend_from_slice(format!("{{\"key\":\"r00000000-{tail}\n").as_bytes());
            lines.ends.push(lines.text.len());
        }
        lines
    }

    #[track_caller]
    fn check(first: u64, expect: &[&str]) {
        let mut lines = lines(&["a", "bcd", ""]);
        lines.number(first);
        let mut start = 0;
        for (&end, expect) in lines.ends.iter().zip(expect) {
            let line = String::from_utf8_lossy(&lines.text[start..end]);
            assert_eq!(line, format!("{{\"key\":\"r{expect}\n"));
            start = end;
        }
        assert_eq!(start, lines.text.len());
    }

    #[test]
    fn lines_that_are_left_empty_stay_empty() {
        let mut lines = lines(&["a", "bcd", "", "e"]);
        lines.empty(|row| row == 0 || row == 2);
        let first = 99_999_998;
        lines.number(first);
        let text = String::from_utf8_lossy(&lines.text).into_owned();
        assert_eq!(text, "{\"key\":\"r99999999-bcd\n{\"key\":\"r100000001-e\n");
        assert_eq!(lines.ends, [0, 22, 22, text.len()]);
    }

    #[test]
    fn numbers_are_filled_in_and_widened_when_eight_digits_are_too_few() {
        check(0, &["00000000-a", "00000001-bcd", "00000002-"]);
        check(99_999_997, &["99999997-a", "99999998-bcd", "99999999-"]);
        check(99_999_998, &["99999998-a", "99999999-bcd", "100000000-"]);
        check(12_345_678_901, &["12345678901-a", "12345678902-bcd", "12345678903-"]);
    }
}
