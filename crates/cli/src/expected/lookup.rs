//! From a row's number or key to a place in a file, by an index on disk.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io;
use std::os::unix::fs::FileExt as _;

use scoring::View;
use serde_json::value::RawValue;

use super::table::line_at;

/// Bytes of a place, and of a hash with its place.
const PLACE: u64 = 8;
const SLOT: u64 = 16;

/// An index on disk. A place is kept plus one, so that what was never written is no place.
#[derive(Debug)]
pub(super) enum Lookup {
    /// The place of row `n` stands at `8 n`.
    Numbers(File),
    /// A table of hashes with their places, probed from one slot to the next.
    Keys { slots: File, many: u64 },
}

impl Lookup {
    pub(super) fn is_keyed(&self) -> bool {
        matches!(self, Self::Keys { .. })
    }

    /// An index for `entries` keys, in an empty file.
    pub(super) fn of_keys(slots: File, entries: u64) -> Self {
        Self::Keys { slots, many: (2 * entries).next_power_of_two() }
    }

    /// Where the value of row `number` stands.
    pub(super) fn by_number(&self, number: u64) -> io::Result<Option<u64>> {
        match self {
            Self::Numbers(file) => {
                word(file, number.saturating_mul(PLACE)).map(|word| word.checked_sub(1))
            }
            Self::Keys { .. } => Ok(None),
        }
    }

    /// Where the value of a key stands among the lines of `values`.
    pub(super) fn by_key(&self, key: &str, values: &File) -> io::Result<Option<u64>> {
        Ok(match self {
            Self::Keys { .. } => self.probe(key, values)?.ok(),
            Self::Numbers(_) => None,
        })
    }

    /// Enters a key. The place of an earlier line of the same key is given back instead.
    pub(super) fn enter(&self, key: &str, offset: u64, values: &File) -> io::Result<Option<u64>> {
        match self.probe(key, values)? {
            Ok(earlier) => Ok(Some(earlier)),
            Err(slot) => {
                if let Self::Keys { slots, .. } = self {
                    let mut bytes = [0; 16];
                    bytes[..8].copy_from_slice(&hash(key).to_le_bytes());
                    bytes[8..].copy_from_slice(&(offset + 1).to_le_bytes());
                    slots.write_all_at(&bytes, slot * SLOT)?;
                }
                Ok(None)
            }
        }
    }

    /// Enters the place of row `number`.
    pub(super) fn enter_number(&self, number: u64, offset: u64) -> io::Result<Option<u64>> {
        let Self::Numbers(file) = self else { return Ok(None) };
        let at = number.saturating_mul(PLACE);
        let earlier = word(file, at)?.checked_sub(1);
        if earlier.is_none() {
            file.write_all_at(&(offset + 1).to_le_bytes(), at)?;
        }
        Ok(earlier)
    }

    /// Where the value of a key stands, or the free slot where it would be found.
    fn probe(&self, key: &str, values: &File) -> io::Result<Result<u64, u64>> {
        let Self::Keys { slots, many } = self else { return Ok(Err(0)) };
        let wanted = hash(key);
        let mut slot = wanted & (many - 1);
        loop {
            match word(slots, slot * SLOT + 8)?.checked_sub(1) {
                None => return Ok(Err(slot)),
                Some(offset) if word(slots, slot * SLOT)? == wanted => {
                    let line = line_at(values, offset)?;
                    let line: &RawValue = serde_json::from_slice(&line)?;
                    if View::new(line).get("key").and_then(View::as_str).as_deref() == Some(key) {
                        return Ok(Ok(offset));
                    }
                }
                Some(_) => {}
            }
            slot = (slot + 1) & (many - 1);
        }
    }
}

/// An index is never read by another build than made it.
fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(key.as_bytes());
    hasher.finish()
}

/// The number at a place in a file; 0 beyond its end.
fn word(file: &File, at: u64) -> io::Result<u64> {
    let mut bytes = [0; 8];
    match file.read_exact_at(&mut bytes, at) {
        Ok(()) => Ok(u64::from_le_bytes(bytes)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        Err(error) => Err(error),
    }
}
