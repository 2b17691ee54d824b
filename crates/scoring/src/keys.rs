//! From the key on a line to the row it belongs to.

use std::fmt;
use std::ops::Range;

use crate::view::digits;

/// Our own key of a row, `r00000042-1f9c03ab`: the row's number in at least eight digits and 32 bits of a hash.
///
/// ```
/// use scoring::RowKey;
/// let key: RowKey = "r00000042-1f9c03ab".parse().unwrap();
/// assert_eq!((key.number, key.hash), (42, 0x1f9c_03ab));
/// assert_eq!(key.to_string(), "r00000042-1f9c03ab");
/// assert!("row-42".parse::<RowKey>().is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKey {
    /// The row's number in the dataset, counted from 0.
    pub number: u64,
    /// 32 bits of a hash of the request as it was sent.
    pub hash: u32,
}

impl RowKey {
    /// Reads a key; only the exact spelling counts, so that number and text are one to one.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (number, hash) = bytes.strip_prefix(b"r")?.split_last_chunk::<9>()?;
        let hash = hash.strip_prefix(b"-")?;
        let canonical = number.len() == 8 || (number.len() > 8 && number.first() != Some(&b'0'));
        let (hash, seen) = hash.iter().fold((0_u32, 0), |(hash, seen), byte| {
            let digit = HEX[usize::from(*byte)];
            (hash << 4 | u32::from(digit), seen | digit)
        });
        (canonical && seen < NO_DIGIT).then_some(Self { number: digits(number)?, hash })
    }
}

/// The value of each lower-case hexadecimal digit; for every other byte one with a bit that no digit has.
const HEX: [u8; 256] = {
    let mut table = [NO_DIGIT; 256];
    let mut value = 0;
    while value < 16 {
        table[b"0123456789abcdef"[value as usize] as usize] = value;
        value += 1;
    }
    table
};

const NO_DIGIT: u8 = 0x10;

impl fmt::Display for RowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "r{:08}-{:08x}", self.number, self.hash)
    }
}

/// The text is not one of our keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a row key of the form r00000042-1f9c03ab")]
pub struct NotARowKey;

impl std::str::FromStr for RowKey {
    type Err = NotARowKey;

    fn from_str(text: &str) -> Result<Self, NotARowKey> {
        Self::of_bytes(text.as_bytes()).ok_or(NotARowKey)
    }
}

/// How the lines of a file find their rows.
#[derive(Clone)]
#[non_exhaustive]
pub enum Keys<'a> {
    /// By our own keys, in any order.
    Ours {
        /// The rows this file may hold: those of its input.
        rows: Range<u64>,
        /// Whether a key with the number of such a row is this file's; `None` for no check of its hash.
        check: Option<&'a (dyn Fn(RowKey) -> bool + Sync)>,
    },
    /// By position: each line that is not blank is the next row, whatever its key. For files without our keys.
    ByPosition {
        /// The rows this file may hold; up to `u64::MAX` if only the file itself knows.
        rows: Range<u64>,
    },
}

impl<'a> Keys<'a> {
    /// Our keys for `rows`, their hashes unchecked.
    pub fn ours(rows: Range<u64>) -> Self {
        Self::Ours { rows, check: None }
    }

    /// Our keys for `rows`; one that `check` denies, such as one with a hash that is not the row's, is foreign.
    ///
    /// [`KeyHashes`](crate::KeyHashes) keeps the hashes of many rows in little memory.
    pub fn checked(rows: Range<u64>, check: &'a (dyn Fn(RowKey) -> bool + Sync)) -> Self {
        Self::Ours { rows, check: Some(check) }
    }

    /// A file without our keys, as many rows as it has lines.
    pub fn by_position() -> Self {
        Self::ByPosition { rows: 0..u64::MAX }
    }

    /// The row of a key as it stands on a line; `None` if it is none of ours.
    pub(crate) fn row_of(&self, key: &[u8]) -> Option<u64> {
        let Self::Ours { rows, check } = self else {
            return None;
        };
        let key = RowKey::of_bytes(key).filter(|key| rows.contains(&key.number))?;
        check.is_none_or(|check| check(key)).then_some(key.number)
    }

    /// The row whose key stands on a line that is no JSON, so that damage is known to be that row's.
    pub(crate) fn salvage(&self, line: &[u8]) -> Option<u64> {
        memchr::memmem::find_iter(line, b"\"key\"").find_map(|found| {
            let rest = line.get(found + 5..)?.trim_ascii_start();
            let rest = rest.strip_prefix(b":")?.trim_ascii_start();
            let rest = rest.strip_prefix(b"\"")?;
            self.row_of(rest.get(..memchr::memchr(b'"', rest)?)?)
        })
    }
}

impl fmt::Debug for Keys<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours { rows, check } => f
                .debug_struct("Ours")
                .field("rows", rows)
                .field("checked", &check.is_some())
                .finish(),
            Self::ByPosition { rows } => f.debug_struct("ByPosition").field("rows", rows).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_exact_spelling_is_a_key() {
        for odd in [
            "",
            "r",
            "r-1f9c03ab",
            "r0000042-1f9c03ab",
            "r000000042-1f9c03ab",
            "R00000042-1f9c03ab",
            "r00000042-1F9C03AB",
            "r00000042-0000000g",
            "r00000042-1f9c03a",
            "r00000042_1f9c03ab",
            "r00000042-1f9c03ab ",
            "r+0000042-1f9c03ab",
            "r99999999999999999999999-1f9c03ab",
        ] {
            assert_eq!(odd.parse::<RowKey>(), Err(NotARowKey), "{odd:?}");
        }
    }

    #[test]
    fn a_foreign_number_or_hash_is_no_row() {
        let check = |key: RowKey| key.number == 12 || key.hash == 7;
        let keys = Keys::checked(10..20, &check);
        assert_eq!(keys.row_of(b"r00000010-00000007"), Some(10));
        assert_eq!(keys.row_of(b"r00000010-00000008"), None, "another hash");
        assert_eq!(keys.row_of(b"r00000012-00000008"), Some(12), "a hash nobody minds");
        assert_eq!(keys.row_of(b"r00000020-00000007"), None, "another shard");
    }

    #[test]
    fn keys_are_salvaged_from_broken_lines_only_as_members() {
        let keys = Keys::ours(0..100);
        let salvage = |line: &str| keys.salvage(line.as_bytes());
        assert_eq!(salvage(r#"{"key" : "r00000007-00000000","response":{"a"#), Some(7));
        assert_eq!(salvage(r#"{"text":"\"key\":\"r00000007-00000000\"","x"#), None);
        assert_eq!(salvage(r#"{"key":"mine","key":"r00000008-00000000"#), None);
        assert_eq!(salvage(r#"{"key":"mine","key":"r00000008-00000000""#), Some(8));
        assert_eq!(salvage("<html>"), None);
    }

    proptest! {
        #[test]
        fn keys_and_rows_are_one_to_one(number in any::<u64>(), hash in any::<u32>()) {
            let key = RowKey { number, hash };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }
    }
}
