//! Which rows of a file were seen, and with which bytes: a fingerprint a row, in a few bytes however many rows.

use std::ops::Range;

use twox_hash::XxHash3_64;

/// Fingerprints take at most this much memory; they get shorter as rows get more.
const MOST_BYTES: u64 = 20 << 20;

/// What a line is to the lines before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// The first line of its row.
    First,
    /// A line with the same bytes came before.
    Same,
    /// A line with other bytes came before.
    Different,
}

/// A fingerprint for each row of a range: 8 bytes up to 2.6 million rows, 4 up to 5.2 million, 2 up to 10.4 million,
/// then 1. Two lines that differ are taken for equal with a chance of 1 in 2^64, 2^32, 65,535 or 255.
#[derive(Debug)]
pub(crate) struct Seen {
    first: u64,
    width: usize,
    bytes: Vec<u8>,
}

impl Seen {
    pub(crate) fn new(rows: &Range<u64>) -> Option<Self> {
        let count = rows.end.saturating_sub(rows.start);
        let width = match count {
            0..=2_621_440 => 8,
            2_621_441..=5_242_880 => 4,
            5_242_881..=10_485_760 => 2,
            _ => 1,
        };
        debug_assert!(width == 1 || count * width <= MOST_BYTES, "the steps fit the limit");
        let length = usize::try_from(count.checked_mul(width)?).ok()?;
        Some(Self {
            first: rows.start,
            width: usize::try_from(width).ok()?,
            bytes: vec![0; length],
        })
    }

    /// Notes a line of a row; a row out of range is always `First`.
    pub(crate) fn note(&mut self, row: u64, line: &[u8]) -> Sighting {
        let index = row
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok())
            .and_then(|index| index.checked_mul(self.width));
        let slot = index.and_then(|at| self.bytes.get_mut(at..at.checked_add(self.width)?));
        let Some(slot) = slot else {
            return Sighting::First;
        };
        let mut print = XxHash3_64::oneshot(line).to_le_bytes();
        let print = print.get_mut(..slot.len()).unwrap_or_default();
        // All zeros stand for "not seen".
        if let (true, Some(byte)) = (print.iter().all(|byte| *byte == 0), print.first_mut()) {
            *byte = 1;
        }
        if slot.iter().all(|byte| *byte == 0) {
            slot.copy_from_slice(print);
            Sighting::First
        } else if slot == print {
            Sighting::Same
        } else {
            Sighting::Different
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_are_told_from_different_ones_at_every_width() {
        for (rows, width) in [(9, 8), (3_000_000, 4), (6_000_000, 2), (11_000_000, 1)] {
            let mut seen = Seen::new(&(5..5 + rows)).unwrap();
            assert_eq!(seen.width, width);
            for row in [5, 7, 4 + rows] {
                assert_eq!(seen.note(row, b"one"), Sighting::First);
                assert_eq!(seen.note(row, b"one"), Sighting::Same);
                assert_eq!(seen.note(row, b"other"), Sighting::Different);
            }
            assert!(seen.bytes.len() <= usize::try_from(MOST_BYTES).unwrap());
        }
    }
}
