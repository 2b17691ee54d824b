//! Tells keys of the dataset's own that occur twice, in bounded memory.

use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};

use twox_hash::XxHash3_64;

/// So many keys are remembered, in some 5 MB; a later one is still held against these.
const MOST: usize = 400_000;

/// The print of a key as it stands in its row.
pub(crate) fn print(key: &[u8]) -> u64 {
    XxHash3_64::oneshot(key)
}

/// Prints of the keys met so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OwnKeys {
    seen: HashSet<u64, BuildHasherDefault<AsIs>>,
}

impl OwnKeys {
    /// Notes a key; whether it is not known to have come before.
    pub(crate) fn is_new(&mut self, print: u64) -> bool {
        if self.seen.len() < MOST { self.seen.insert(print) } else { !self.seen.contains(&print) }
    }
}

/// Prints are hashes already.
#[derive(Debug, Clone, Default)]
struct AsIs(u64);

impl Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = print(bytes);
    }

    fn write_u64(&mut self, print: u64) {
        self.0 = print;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_apart_and_memory_is_bounded() {
        let mut keys = OwnKeys::default();
        let of = |n: u64| print(format!("\"row {n}\"").as_bytes());
        assert!((0..500_000).all(|n| keys.is_new(of(n))), "all are different");
        assert!(!keys.is_new(of(0)) && !keys.is_new(of(399_999)), "early ones are known");
        assert!(keys.is_new(of(499_999)), "those beyond are not");
        assert!(keys.seen.len() == MOST && keys.seen.capacity() < 1 << 19);
    }
}
