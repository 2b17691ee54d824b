//! The file that names rows whose request equals an earlier one, so that answers reach them too.

use std::io::{self, Read};

const MAGIC: [u8; 8] = *b"becopies";
const VERSION: u32 = 1;
const RECORD_LEN: u32 = 16;

/// The header that a file of copies begins with.
pub(crate) fn header() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..].copy_from_slice(&RECORD_LEN.to_le_bytes());
    bytes
}

/// The record of one copy.
pub(crate) fn record(row: u64, first: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&row.to_le_bytes());
    bytes[8..].copy_from_slice(&first.to_le_bytes());
    bytes
}

/// A file of copies can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CopiesError {
    /// The file does not begin as one does.
    #[error("not a file of copies")]
    NotCopies,
    /// The file was written by a newer version.
    #[error("copies format {found}, but this program reads format {VERSION}")]
    Version {
        /// The format's number.
        found: u32,
    },
    /// The length fits no whole number of records.
    #[error("file of copies ends inside a record")]
    Torn,
    /// A record names a first that does not come before its row, or rows are out of order.
    #[error("file of copies is damaged at record {record}")]
    Damaged {
        /// The record's number, from 0.
        record: u64,
    },
    /// Reading failed.
    #[error("failed to read the copies")]
    Io(#[from] io::Error),
}

/// Which rows were not sent because an earlier row has the same request, with 16 bytes for each.
///
/// Format 1, all numbers little-endian: `becopies`, the format (u32), the record length (u32, 16);
/// then a record for each copy, in the order of the rows: its row's number (u64) and that of the
/// first row with that request (u64), which was sent. The answer to the first is the answer to both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Copies {
    /// First and row, in order.
    pairs: Vec<(u64, u64)>,
}

impl Copies {
    /// Reads a whole file.
    ///
    /// # Errors
    /// When it is not a whole file of copies in a known format, or can't be read.
    pub fn read(file: impl Read) -> Result<Self, CopiesError> {
        let mut file = io::BufReader::new(file);
        let mut bytes = [0; 16];
        if !fill(&mut file, &mut bytes)? || bytes[..8] != MAGIC {
            return Err(CopiesError::NotCopies);
        }
        if bytes != header() {
            let found = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
            return Err(CopiesError::Version { found });
        }
        let mut pairs: Vec<(u64, u64)> = Vec::new();
        while fill(&mut file, &mut bytes)? {
            let [row, first] = split(bytes);
            if first >= row || pairs.last().is_some_and(|&(_, before)| before >= row) {
                return Err(CopiesError::Damaged { record: pairs.len() as u64 });
            }
            pairs.push((first, row));
        }
        pairs.sort_unstable();
        Ok(Self { pairs })
    }

    /// How many copies there are.
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// Each copy with the first row of its request.
    pub fn pairs(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.pairs.iter().map(|&(first, row)| (row, first))
    }

    /// The rows that share the answer of row `first`, in order, itself left out.
    pub fn of(&self, first: u64) -> impl Iterator<Item = u64> + '_ {
        let start = self.pairs.partition_point(|&(other, _)| other < first);
        self.pairs[start..]
            .iter()
            .take_while(move |&&(other, _)| other == first)
            .map(|&(_, row)| row)
    }
}

fn split(bytes: [u8; 16]) -> [u64; 2] {
    let [low, high] = [&bytes[..8], &bytes[8..]];
    [low, high].map(|half| half.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
}

/// Fills `bytes`, or tells that the file had ended before.
fn fill(file: &mut impl Read, bytes: &mut [u8; 16]) -> Result<bool, CopiesError> {
    let mut filled = 0;
    while filled < bytes.len() {
        match file.read(&mut bytes[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(CopiesError::Torn),
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{Copies, CopiesError, header, record};

    fn file(pairs: &[(u64, u64)]) -> Vec<u8> {
        let records = pairs.iter().flat_map(|&(row, first)| record(row, first));
        header().into_iter().chain(records).collect()
    }

    #[test]
    fn copies_are_found_by_their_first() {
        let copies =
            Copies::read(&file(&[(3, 0), (5, 4), (7, 0), (u64::MAX, 4)])[..]).expect("reads");
        assert_eq!(copies.of(0).collect::<Vec<_>>(), [3, 7]);
        assert_eq!(copies.of(4).collect::<Vec<_>>(), [5, u64::MAX]);
        assert_eq!(copies.of(3).count(), 0);
        assert_eq!((copies.len(), copies.is_empty()), (4, false));
        assert!(Copies::read(&file(&[])[..]).expect("reads").is_empty());
    }

    #[test]
    fn damaged_files_are_refused() {
        let told = |bytes: &[u8]| Copies::read(bytes).expect_err("refused").to_string();
        assert_eq!(told(b""), "not a file of copies");
        assert_eq!(told(b"beindex\n\x01\0\0\0\x10\0\0\0"), "not a file of copies");
        assert_eq!(told(&file(&[(3, 0)])[..20]), "file of copies ends inside a record");
        assert_eq!(told(&file(&[(3, 3)])), "file of copies is damaged at record 0");
        assert_eq!(told(&file(&[(3, 0), (2, 0)])), "file of copies is damaged at record 1");
        let mut newer = file(&[]);
        newer[8] = 2;
        assert!(matches!(Copies::read(&newer[..]), Err(CopiesError::Version { found: 2 })));
    }
}
