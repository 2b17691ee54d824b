//! Short fingerprints of many rows: which lines came twice, and which hashes keys must have, in bounded memory.

use std::ops::Range;
use std::sync::atomic::AtomicU8;
use std::sync::atomic::Ordering::Relaxed;

use twox_hash::XxHash3_64;

use crate::RowKey;

/// Fingerprints of one kind take at most this much memory, as long as a byte a row does.
const MOST_BYTES: u64 = 8 << 20;

/// How many bytes each of `rows` fingerprints gets: 4, or as many as fit, at least one.
fn width(rows: u64) -> usize {
    let fits = |width: &usize| rows.saturating_mul(*width as u64) <= MOST_BYTES;
    [4, 2].into_iter().find(fits).unwrap_or(1)
}

/// The 64-bit fingerprint of a line.
pub(crate) fn print(line: &[u8]) -> u64 {
    XxHash3_64::oneshot(line)
}

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

/// Which rows of a range were seen, and with which lines: 4 bytes a row up to two million rows, 2 up to four, then 1.
/// Two lines that differ are taken for equal with a chance of 1 in 2^32, 65,535 or 255.
#[derive(Debug)]
pub(crate) struct Seen {
    first: u64,
    prints: Prints,
}

/// A fingerprint a row, or as much of it as there is room for; 0 stands for a row that was not seen.
#[derive(Debug)]
enum Prints {
    Four(Vec<u32>),
    Two(Vec<u16>),
    One(Vec<u8>),
}

impl Seen {
    /// `None` if there are more rows than can be addressed.
    pub(crate) fn new(rows: &Range<u64>) -> Option<Self> {
        let count = rows.end.saturating_sub(rows.start);
        let length = usize::try_from(count).ok()?;
        let prints = match width(count) {
            4 => Prints::Four(vec![0; length]),
            2 => Prints::Two(vec![0; length]),
            _ => Prints::One(vec![0; length]),
        };
        Some(Self { first: rows.start, prints })
    }

    /// Notes a line by its fingerprint; a row out of range is always `First`.
    #[expect(clippy::cast_possible_truncation, reason = "a shorter fingerprint is a part of it")]
    pub(crate) fn note(&mut self, row: u64, print: u64) -> Sighting {
        let Some(at) = row.checked_sub(self.first).and_then(|at| usize::try_from(at).ok()) else {
            return Sighting::First;
        };
        match &mut self.prints {
            Prints::Four(prints) => sighting(prints.get_mut(at), (print as u32).max(1)),
            Prints::Two(prints) => sighting(prints.get_mut(at), (print as u16).max(1)),
            Prints::One(prints) => sighting(prints.get_mut(at), (print as u8).max(1)),
        }
    }
}

fn sighting<P: Copy + Default + PartialEq>(slot: Option<&mut P>, print: P) -> Sighting {
    match slot {
        Some(slot) if *slot == P::default() => {
            *slot = print;
            Sighting::First
        }
        Some(slot) if *slot == print => Sighting::Same,
        Some(_) => Sighting::Different,
        None => Sighting::First,
    }
}

/// The hashes that the keys of a dataset's rows must have, in at most 8 MiB or a byte a row.
///
/// Up to two million rows the whole hash is kept; of more rows its lowest 16 bits up to four million, then its lowest
/// 8, so that a single wrong key of a right number passes with a chance of 1 in 65,536 or 256. A file of another
/// dataset has many.
///
/// ```
/// use scoring::{KeyHashes, RowKey};
/// let mut hashes = KeyHashes::new(2);
/// hashes.push(0x1f9c_03ab);
/// hashes.push(0xc0ff_ee00);
/// assert!(hashes.has(RowKey { number: 1, hash: 0xc0ff_ee00 }));
/// assert!(!hashes.has(RowKey { number: 0, hash: 0xc0ff_ee00 }));
/// assert!(!hashes.has(RowKey { number: 2, hash: 0 }), "no such row");
/// ```
#[derive(Debug)]
pub struct KeyHashes {
    width: usize,
    bytes: Vec<AtomicU8>,
}

impl KeyHashes {
    /// Room for the hashes of about `rows` rows.
    pub fn new(rows: u64) -> Self {
        let (width, mut bytes) = (width(rows), Vec::new());
        // A number of rows that no memory holds is a matter for whoever counts them.
        let _ = bytes.try_reserve_exact(usize::try_from(rows).unwrap_or(0).saturating_mul(width));
        Self { width, bytes }
    }

    /// The hashes of `rows` rows, none of them known: they are [learnt](Self::learn).
    ///
    /// ```
    /// use scoring::{KeyHashes, RowKey};
    /// let hashes = KeyHashes::unknown(2);
    /// assert!(hashes.learn(RowKey { number: 1, hash: 0xc0ff_ee00 }));
    /// assert!(hashes.has(RowKey { number: 1, hash: 0xc0ff_ee00 }));
    /// assert!(!hashes.learn(RowKey { number: 2, hash: 0 }), "no such row");
    /// ```
    pub fn unknown(rows: u64) -> Self {
        let mut hashes = Self::new(rows);
        // Where there was no room there are no rows.
        hashes.bytes.resize_with(hashes.bytes.capacity(), AtomicU8::default);
        hashes.bytes.truncate(usize::try_from(rows).unwrap_or(0).saturating_mul(hashes.width));
        hashes
    }

    /// Adds the hash of the next row.
    pub fn push(&mut self, hash: u32) {
        let hash = hash.to_le_bytes();
        let kept = hash.get(..self.width).unwrap_or(&hash);
        self.bytes.extend(kept.iter().copied().map(AtomicU8::new));
    }

    /// Takes the hash in a key for that of its row; `false` if there is no such row. Threads may learn together.
    pub fn learn(&self, key: RowKey) -> bool {
        let Some(room) = self.of_row(key.number) else { return false };
        // Whoever reads them waits for all who learn.
        room.iter().zip(key.hash.to_le_bytes()).for_each(|(kept, byte)| kept.store(byte, Relaxed));
        true
    }

    /// How many hashes there are.
    pub fn rows(&self) -> u64 {
        (self.bytes.len() / self.width) as u64
    }

    /// The key of a row, unless there are so many rows that of its hash only a part is kept.
    pub fn key(&self, row: u64) -> Option<RowKey> {
        let hash: &[AtomicU8; 4] = self.of_row(row)?.first_chunk()?;
        let hash = hash.each_ref().map(|byte| byte.load(Relaxed));
        Some(RowKey { number: row, hash: u32::from_le_bytes(hash) })
    }

    /// Whether a key is one of these rows'.
    pub fn has(&self, key: RowKey) -> bool {
        let is_same = |(kept, byte): (&AtomicU8, u8)| kept.load(Relaxed) == byte;
        let kept = self.of_row(key.number);
        kept.is_some_and(|kept| kept.iter().zip(key.hash.to_le_bytes()).all(is_same))
    }

    fn of_row(&self, row: u64) -> Option<&[AtomicU8]> {
        let at = usize::try_from(row).ok()?.checked_mul(self.width)?;
        self.bytes.get(at..at.checked_add(self.width)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_lines_are_told_from_different_ones_at_every_width() {
        for rows in [9, 2_200_000, 11_000_000] {
            let mut seen = Seen::new(&(5..5 + rows)).unwrap();
            let bytes = match &seen.prints {
                Prints::Four(prints) => 4 * prints.len(),
                Prints::Two(prints) => 2 * prints.len(),
                Prints::One(prints) => prints.len(),
            };
            assert!(bytes <= (8 << 20).max(usize::try_from(rows).unwrap()));
            for row in [5, 7, 4 + rows] {
                assert_eq!(seen.note(row, print(b"one")), Sighting::First);
                assert_eq!(seen.note(row, print(b"one")), Sighting::Same);
                assert_eq!(seen.note(row, print(b"other")), Sighting::Different);
            }
            assert_eq!(seen.note(5 + rows, 0), Sighting::First, "out of range");
            assert_eq!((seen.note(6, 0), seen.note(6, 0)), (Sighting::First, Sighting::Same));
        }
    }

    #[test]
    fn hashes_take_at_most_eight_mebibytes_or_a_byte_a_row() {
        for (rows, bytes) in [(10, 4), (2_000_000, 4), (2_100_000, 2), (4_200_000, 1)] {
            let mut pushed = KeyHashes::new(rows);
            pushed.push(0x0102_0304);
            pushed.push(0x0506_0708);
            assert_eq!((pushed.bytes.len(), pushed.rows()), (2 * bytes, 2));
            assert_eq!(pushed.key(2), None);
            let (key, learnt) = (RowKey { number: 1, hash: 0x0506_0708 }, KeyHashes::unknown(rows));
            assert!(learnt.learn(key) && !learnt.learn(RowKey { number: rows, ..key }));
            assert_eq!(
                (learnt.bytes.capacity() as u64, learnt.rows()),
                (rows * bytes as u64, rows)
            );
            for hashes in [pushed, learnt] {
                assert!(hashes.has(key), "{rows}");
                assert_eq!(hashes.key(1), (bytes == 4).then_some(key));
                assert!(!hashes.has(RowKey { number: 1, hash: 0x0506_0709 }), "{rows}");
            }
        }
    }
}
