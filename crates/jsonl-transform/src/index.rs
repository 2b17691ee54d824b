//! The index file: from a row's number to where its lines begin, in constant time.

use std::{
    fmt,
    io::{self, Read, Seek, SeekFrom},
};

/// Length of the header: eight magic bytes, the version and the record length as u32.
pub const INDEX_HEADER_LEN: u64 = 16;

/// Length of one record.
pub const INDEX_RECORD_LEN: u64 = 16;

const MAGIC: [u8; 8] = *b"beindex\n";
const VERSION: u32 = 1;

/// Set in the input offset of a copy; the rest is the number of the row that it is a copy of.
const COPY: u64 = 1 << 63;

/// The record of a row that is not uploaded, because its request equals that of row `first`.
pub(crate) fn copy_record(first: u64, logged: u64) -> [u8; 16] {
    IndexRecord { input: COPY | first, logged }.to_bytes()
}

/// Where the lines of one row begin, in bytes from the start of their files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexRecord {
    /// In the input file.
    pub input: u64,
    /// In the logged file.
    pub logged: u64,
}

impl IndexRecord {
    pub(crate) fn to_bytes(self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.input.to_le_bytes());
        bytes[8..].copy_from_slice(&self.logged.to_le_bytes());
        bytes
    }
}

pub(crate) fn header() -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..].copy_from_slice(&16_u32.to_le_bytes());
    bytes
}

/// An index file can't be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// The file does not begin as an index does.
    #[error("not an index file")]
    NotAnIndex,
    /// The file was written by a newer version.
    #[error("index format {found}, but this program reads format {VERSION}")]
    Version {
        /// The format's number.
        found: u32,
    },
    /// The length fits no whole number of records.
    #[error("index file ends inside a record")]
    Torn,
    /// A copy names no earlier row that was sent.
    #[error("index names no request for row {row}")]
    LostFirst {
        /// The row's number.
        row: u64,
    },
    /// Reading failed.
    #[error("failed to read the index")]
    Io(#[from] io::Error),
}

/// Looks rows up in an index file.
///
/// Format 1, all numbers little-endian: `beindex\n`, the format (u32), the record length (u32, 16);
/// then one record a row, in the order of the row numbers from 0: where its line begins in the
/// input file (u64) and in the logged file (u64). Where the first number has its highest bit set,
/// the row is a copy: the other bits are the number of the row whose request, and so whose answer,
/// is its own. Where a dataset was cut into shards, the input file is all of them in order.
pub struct IndexReader<R> {
    file: R,
    rows: u64,
}

impl<R: Read + Seek> IndexReader<R> {
    /// Reads the header and the length.
    ///
    /// # Errors
    /// When the file is not a whole index in a known format, or can't be read.
    pub fn open(mut file: R) -> Result<Self, IndexError> {
        let length = file.seek(SeekFrom::End(0))?;
        file.rewind()?;
        let mut bytes = [0; 16];
        if length < INDEX_HEADER_LEN {
            return Err(IndexError::NotAnIndex);
        }
        file.read_exact(&mut bytes)?;
        let ours = header();
        if bytes[..8] != ours[..8] {
            return Err(IndexError::NotAnIndex);
        }
        if bytes != ours {
            let found = u32::from_le_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]);
            return Err(IndexError::Version { found });
        }
        let records = length - INDEX_HEADER_LEN;
        if !records.is_multiple_of(INDEX_RECORD_LEN) {
            return Err(IndexError::Torn);
        }
        Ok(Self { file, rows: records / INDEX_RECORD_LEN })
    }

    /// How many rows the index holds.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The record of row `number`, or `None` if there is no such row. For a copy the input line is
    /// that of the row that was sent in its place.
    ///
    /// # Errors
    /// When reading fails.
    pub fn get(&mut self, number: u64) -> Result<Option<IndexRecord>, IndexError> {
        let Some(record) = self.raw(number)? else {
            return Ok(None);
        };
        let Some(first) = copied(record) else {
            return Ok(Some(record));
        };
        let sent = self.raw(first)?.filter(|sent| first < number && copied(*sent).is_none());
        let input = sent.ok_or(IndexError::LostFirst { row: number })?.input;
        Ok(Some(IndexRecord { input, ..record }))
    }

    /// The row that was sent in place of row `number`, if that is a copy.
    ///
    /// # Errors
    /// When reading fails.
    pub fn copy_of(&mut self, number: u64) -> Result<Option<u64>, IndexError> {
        Ok(self.raw(number)?.and_then(copied))
    }

    fn raw(&mut self, number: u64) -> Result<Option<IndexRecord>, IndexError> {
        if number >= self.rows {
            return Ok(None);
        }
        let start = INDEX_HEADER_LEN + number * INDEX_RECORD_LEN;
        self.file.seek(SeekFrom::Start(start))?;
        let input = self.read_u64()?;
        let logged = self.read_u64()?;
        Ok(Some(IndexRecord { input, logged }))
    }

    fn read_u64(&mut self) -> io::Result<u64> {
        let mut bytes = [0; 8];
        self.file.read_exact(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
}

fn copied(record: IndexRecord) -> Option<u64> {
    (record.input & COPY != 0).then_some(record.input & !COPY)
}

impl<R> fmt::Debug for IndexReader<R> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("IndexReader").field("rows", &self.rows).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::{IndexError, IndexReader, IndexRecord, header};

    fn file(records: &[IndexRecord]) -> Vec<u8> {
        let mut bytes = header().to_vec();
        bytes.extend(records.iter().flat_map(|record| record.to_bytes()));
        bytes
    }

    #[test]
    fn records_come_back_by_number() {
        let records = [
            IndexRecord { input: 0, logged: 0 },
            IndexRecord { input: 0x0102_0304_0506_0708, logged: u64::MAX },
        ];
        let mut reader = IndexReader::open(Cursor::new(file(&records))).expect("opens");
        assert_eq!(reader.rows(), 2);
        for number in [1, 0] {
            let found = reader.get(number as u64).expect("reads");
            assert_eq!(found, Some(records[number]));
        }
        assert_eq!(reader.get(2).expect("reads"), None);
    }

    #[test]
    fn the_bytes_are_those_of_format_1() {
        let bytes = file(&[IndexRecord { input: 0x0102, logged: 3 }]);
        assert_eq!(&bytes[..16], b"beindex\n\x01\0\0\0\x10\0\0\0");
        assert_eq!(&bytes[16..], b"\x02\x01\0\0\0\0\0\0\x03\0\0\0\0\0\0\0");
    }

    #[test]
    fn other_files_are_refused() {
        let open =
            |bytes: &[u8]| IndexReader::open(Cursor::new(bytes.to_vec())).expect_err("refused");
        assert!(matches!(open(b""), IndexError::NotAnIndex));
        assert!(matches!(open(b"{\"key\":\"r00000000-00000000\"}"), IndexError::NotAnIndex));
        assert!(matches!(open(b"beindex\n\x02\0\0\0\x10\0\0\0"), IndexError::Version { found: 2 }));
        let mut torn = file(&[IndexRecord { input: 0, logged: 0 }]);
        torn.pop();
        assert!(matches!(open(&torn), IndexError::Torn));
    }
}
