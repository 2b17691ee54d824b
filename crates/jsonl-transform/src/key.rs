//! The key that every uploaded row carries, so that its answer finds the row again.

use std::{fmt, hash::Hasher as _, str::FromStr};

use twox_hash::XxHash3_64;

use crate::Pieces;

/// A row's own key: its number and 32 bits of its request, written `r00000042-1f9c03ab`.
///
/// The number counts the rows that were written, from 0, so that it is an index into a dense array.
/// It is written with eight digits, with more only when it needs them. The hexadecimal part is the
/// low half of `xxh3_64` over the request as uploaded: a key that was swapped or comes from another
/// dataset is noticed.
///
/// ```
/// use jsonl_transform::RowKey;
/// let key = RowKey::new(42, br#"{"contents":[]}"#);
/// assert_eq!(RowKey::parse(&key.to_string())?, key);
/// # Ok::<_, jsonl_transform::KeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    number: u64,
    hash: u32,
}

/// A text is not a key of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a row key such as r00000042-1f9c03ab")]
pub struct KeyError;

const MIN_DIGITS: usize = 8;
pub(crate) const HASH_DIGITS: usize = 8;

/// The low half of the hash of a request.
pub(crate) fn hash_of(request: &[u8]) -> u32 {
    low_half(XxHash3_64::oneshot(request))
}

/// The same of a request in pieces.
pub(crate) fn hash_of_pieces(request: Pieces<'_>) -> u32 {
    let mut hasher = XxHash3_64::new();
    request.iter().for_each(|piece| hasher.write(piece));
    low_half(hasher.finish())
}

fn low_half(hash: u64) -> u32 {
    let [a, b, c, d, ..] = hash.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}

impl RowKey {
    /// The key of row `number` whose request is uploaded as `request`.
    pub fn new(number: u64, request: &[u8]) -> Self {
        Self { number, hash: hash_of(request) }
    }

    pub(crate) fn from_parts(number: u64, hash: u32) -> Self {
        Self { number, hash }
    }

    /// The row's place among the rows written, from 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The 32 bits of the request's hash.
    pub fn hash(&self) -> u32 {
        self.hash
    }

    /// Reads a key in the one way it is written: no other spelling of the same numbers passes.
    ///
    /// # Errors
    /// Any text that [`Display`](fmt::Display) would not have written.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (number, hash) =
            text.strip_prefix('r').and_then(|rest| rest.split_once('-')).ok_or(KeyError)?;
        let decimal = number.bytes().all(|byte| byte.is_ascii_digit());
        let padded =
            number.len() == MIN_DIGITS || number.len() > MIN_DIGITS && !number.starts_with('0');
        let hex = hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !(decimal && padded && hex && hash.len() == HASH_DIGITS) {
            return Err(KeyError);
        }
        Ok(Self {
            number: number.parse().map_err(|_| KeyError)?,
            hash: u32::from_str_radix(hash, 16).map_err(|_| KeyError)?,
        })
    }
}

impl fmt::Display for RowKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "r{:08}-{:08x}", self.number, self.hash)
    }
}

impl FromStr for RowKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::RowKey;

    #[test]
    fn the_hash_is_the_low_half_of_xxh3() {
        // xxh3_64 of the empty input is 2d06800538d394c2.
        assert_eq!(RowKey::new(0, b"").to_string(), "r00000000-38d394c2");
        assert_eq!(RowKey::new(123_456_789_012, b"").to_string(), "r123456789012-38d394c2");
    }

    #[test]
    fn only_the_written_form_is_read() {
        for text in [
            "r00000042-1f9c03ab",
            "r99999999-00000000",
            "r100000000-ffffffff",
            "r18446744073709551615-00000001",
        ] {
            assert_eq!(RowKey::parse(text).expect(text).to_string(), text);
        }
        for text in [
            "",
            "r",
            "r-",
            "r00000042",
            "r0000042-1f9c03ab",
            "r000000042-1f9c03ab",
            "r00000042-1F9C03AB",
            "r00000042-1f9c03a",
            "r00000042-1f9c03abc",
            "R00000042-1f9c03ab",
            "r+0000042-1f9c03ab",
            "r00000042-+f9c03ab",
            "r18446744073709551616-00000001",
            " r00000042-1f9c03ab",
            "r00000042-1f9c03ab\n",
            "r0000004２-1f9c03ab",
        ] {
            assert!(RowKey::parse(text).is_err(), "{text}");
        }
    }
}
