//! Finds requests that are equal to one seen before, in less than 24 bytes a row.

use twox_hash::XxHash3_128;

/// 128 bits of a request: two that differ share them with a chance of 1 in 10²⁴ in a dataset of
/// 10⁷ rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequestHash(u128);

impl RequestHash {
    /// Of no request yet.
    pub(crate) fn none() -> Self {
        Self(0)
    }

    /// Adds the request of the next variant: rows are equal when all their variants are.
    pub(crate) fn add(&mut self, request: &[u8]) {
        let seed = self.0.to_le_bytes();
        let next = XxHash3_128::oneshot(request);
        let both = [seed, next.to_le_bytes()].concat();
        self.0 = if self.0 == 0 { next } else { XxHash3_128::oneshot(&both) };
    }
}

/// Hashes are kept in pieces of so many, so that growing copies nothing.
const PIECE: usize = 1 << 12;

/// A slot of the table that is free.
const FREE: u32 = u32::MAX;

/// Rows that share one count in [`Firsts`].
const BLOCK: u64 = 512;

/// The requests seen so far.
///
/// 16 bytes for the hash, 4 for a slot of a table that is 60 to 90 % full, a bit and a little to
/// find the row that was the n-th first: 23 bytes a row when no two are equal.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    hashes: Vec<Vec<u128>>,
    /// Numbers of hashes, in the order in which they came; at most 2^32 are told apart.
    slots: Vec<u32>,
    firsts: Firsts,
}

impl Seen {
    /// The row before whose request was equal, or `None` if this is the first. Rows are asked for
    /// in the order of their numbers from 0, without gaps.
    pub(crate) fn first_of(&mut self, request: RequestHash, row: u64) -> Option<u64> {
        debug_assert_eq!(row, self.firsts.rows, "rows come in order");
        let count = self.count();
        if count * 10 >= self.slots.len() * 9 {
            self.grow();
        }
        let slot = self.find(request.0);
        let found = self.slots[slot];
        if found != FREE {
            self.firsts.push(false);
            return Some(self.firsts.row_of(found.into()));
        }
        // Beyond 2^32 different requests further ones are all taken for firsts.
        if let Ok(number) = u32::try_from(count)
            && number != FREE
        {
            self.slots[slot] = number;
            if self.hashes.last().is_none_or(|piece| piece.len() == PIECE) {
                self.hashes.push(Vec::with_capacity(PIECE));
            }
            self.hashes.last_mut().into_iter().for_each(|piece| piece.push(request.0));
        }
        self.firsts.push(true);
        None
    }

    /// How many different requests there were.
    fn count(&self) -> usize {
        let last = self.hashes.last().map_or(0, Vec::len);
        self.hashes.len().saturating_sub(1) * PIECE + last
    }

    /// The slot where `hash` is, or where it belongs.
    fn find(&self, hash: u128) -> usize {
        let mut slot = self.home(hash);
        loop {
            let number = self.slots[slot] as usize;
            if self.slots[slot] == FREE || self.hashes[number / PIECE][number % PIECE] == hash {
                return slot;
            }
            slot = if slot + 1 == self.slots.len() { 0 } else { slot + 1 };
        }
    }

    /// Spreads hashes over slots of any number, by their upper half.
    fn home(&self, hash: u128) -> usize {
        let upper = hash >> 64;
        usize::try_from((upper * self.slots.len() as u128) >> 64).unwrap_or(0)
    }

    /// Makes a table half as large again; the old one is gone before, as the hashes are enough.
    fn grow(&mut self) {
        let wanted = (self.slots.len() + self.slots.len() / 2).max(64);
        self.slots = Vec::new();
        self.slots = vec![FREE; wanted];
        for number in 0..self.count() {
            let slot = self.find(self.hashes[number / PIECE][number % PIECE]);
            // Only numbers that fit were ever kept.
            self.slots[slot] = u32::try_from(number).unwrap_or(FREE);
        }
    }
}

/// Which rows were firsts: a bit a row, and a count every 512 rows.
#[derive(Debug, Default)]
struct Firsts {
    rows: u64,
    words: Vec<u64>,
    /// How many firsts stand before each block.
    before: Vec<u64>,
    total: u64,
}

impl Firsts {
    fn push(&mut self, is_first: bool) {
        if self.rows.is_multiple_of(BLOCK) {
            self.before.push(self.total);
        }
        if self.rows.is_multiple_of(64) {
            self.words.push(0);
        }
        if let Some(word) = self.words.last_mut() {
            *word |= u64::from(is_first) << (self.rows % 64);
        }
        self.rows += 1;
        self.total += u64::from(is_first);
    }

    /// The row that was the `number`-th first, from 0; it must have been.
    fn row_of(&self, number: u64) -> u64 {
        let block = self.before.partition_point(|&before| before <= number) - 1;
        let mut left = number - self.before[block];
        let words_a_block = (BLOCK / 64) as usize;
        let mut word = block * words_a_block;
        while left >= u64::from(self.words[word].count_ones()) {
            left -= u64::from(self.words[word].count_ones());
            word += 1;
        }
        let mut bits = self.words[word];
        for _ in 0..left {
            bits &= bits - 1;
        }
        word as u64 * 64 + u64::from(bits.trailing_zeros())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::{RequestHash, Seen};

    fn hash(request: &[u8]) -> RequestHash {
        let mut hash = RequestHash::none();
        hash.add(request);
        hash
    }

    #[test]
    fn rows_are_equal_when_all_variants_are() {
        let of = |requests: [&str; 2]| {
            let mut hash = RequestHash::none();
            for request in requests {
                hash.add(request.as_bytes());
            }
            hash
        };
        assert_eq!(of(["a", "b"]), of(["a", "b"]));
        assert_ne!(of(["a", "b"]), of(["b", "a"]));
        assert_ne!(of(["a", "b"]), of(["a", "c"]));
        assert_ne!(of(["a", "b"]), hash(b"a"));
    }

    fn bytes(seen: &Seen) -> usize {
        seen.hashes.iter().map(|piece| piece.capacity() * 16).sum::<usize>()
            + seen.hashes.capacity() * 24
            + seen.slots.capacity() * 4
            + (seen.firsts.words.capacity() + seen.firsts.before.capacity()) * 8
    }

    #[test]
    fn memory_is_below_24_bytes_a_row() {
        let mut seen = Seen::default();
        let mut most = 0.0_f64;
        for row in 0..400_000_u64 {
            assert_eq!(seen.first_of(hash(&row.to_le_bytes()), row), None);
            if row > 100_000 && row % 1000 == 0 {
                #[expect(clippy::cast_precision_loss, reason = "small numbers")]
                let each = bytes(&seen) as f64 / row as f64;
                most = most.max(each);
            }
        }
        assert!(most <= 24.0, "{most} bytes a row");
    }

    proptest! {
        #[test]
        fn equal_requests_find_the_first(requests in proptest::collection::vec(0..700_u32, 0..3000)) {
            let mut seen = Seen::default();
            let mut firsts = HashMap::new();
            for (row, request) in (0_u64..).zip(requests) {
                let found = seen.first_of(hash(&request.to_le_bytes()), row);
                let expect = firsts.get(&request).copied();
                firsts.entry(request).or_insert(row);
                prop_assert_eq!(found, expect);
            }
        }
    }
}
