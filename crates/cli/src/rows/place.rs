//! Where the result line of each row lies: sixteen bytes a row, in a file that is made again at need.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

const MAGIC: &[u8; 8] = b"beplace\n";
const VERSION: u32 = 1;
/// Magic, version, record length, rows, and a digest in hex.
pub(super) const HEADER: usize = 8 + 4 + 4 + 8 + 64;
pub(super) const RECORD: usize = 16;

/// Where the line of one row lies, and what it amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Which of the cell's result files, from 0.
    pub(super) file: u32,
    /// Whether another line of the same file contradicts it.
    pub(super) conflicts: bool,
    pub(super) offset: u64,
    /// Without the line end.
    pub(super) length: u32,
}

/// The mark of a contradicted line; a 1 in its place once told failures from answers, and means nothing now.
const CONFLICTS: u32 = 2;

impl Place {
    /// All zero is no place; files are counted from 1 in a record.
    pub(super) fn to_bytes(self) -> [u8; RECORD] {
        let mark = if self.conflicts { CONFLICTS } else { 0 };
        let mut bytes = [0; RECORD];
        bytes[..8].copy_from_slice(&self.offset.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.length.to_le_bytes());
        bytes[12..].copy_from_slice(&((self.file + 1) << 2 | mark).to_le_bytes());
        bytes
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Option<Self> {
        let (offset, rest) = bytes.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let word = u32::from_le_bytes(*rest.first_chunk()?);
        Some(Self {
            file: (word >> 2).checked_sub(1)?,
            conflicts: word & 3 == CONFLICTS,
            offset: u64::from_le_bytes(*offset),
            length: u32::from_le_bytes(*length),
        })
    }
}

/// The places of a cell, in a file.
#[derive(Debug)]
pub(super) struct Places {
    file: File,
    rows: u64,
}

impl Places {
    /// The file as it is, if it was made for these results.
    pub(super) fn open(file: File, rows: u64, digest: &str) -> Option<Self> {
        let mut found = [0; HEADER];
        file.read_exact_at(&mut found, 0).ok()?;
        let places = Self { file, rows };
        let whole = places.file.metadata().ok()?.len() == places.end();
        (whole && found == header(rows, digest)?).then_some(places)
    }

    /// An empty file made to hold the places of these rows; the header comes last, with `seal`.
    pub(super) fn begin(file: File, rows: u64) -> io::Result<Self> {
        let places = Self { file, rows };
        places.file.set_len(places.end())?;
        Ok(places)
    }

    pub(super) fn seal(&self, digest: &str) -> io::Result<()> {
        let header = header(self.rows, digest).ok_or(io::ErrorKind::InvalidInput)?;
        self.file.write_all_at(&header, 0)
    }

    pub(super) fn get(&self, row: u64) -> io::Result<Option<Place>> {
        if row >= self.rows {
            return Ok(None);
        }
        let mut bytes = [0; RECORD];
        self.file.read_exact_at(&mut bytes, start(row))?;
        Ok(Place::of_bytes(&bytes))
    }

    /// Changes the records of `rows` together; `change` gets their bytes.
    pub(super) fn change(
        &self,
        first: u64,
        count: usize,
        change: impl FnOnce(&mut [u8]),
    ) -> io::Result<()> {
        let left = usize::try_from(self.rows.saturating_sub(first)).unwrap_or(usize::MAX);
        let mut bytes = vec![0; RECORD * count.min(left)];
        self.file.read_exact_at(&mut bytes, start(first))?;
        change(&mut bytes);
        self.file.write_all_at(&bytes, start(first))
    }

    /// The whole file, to be copied.
    pub(super) fn bytes(&self) -> io::Result<impl io::Read> {
        use std::io::Seek as _;
        let mut file = self.file.try_clone()?;
        file.rewind()?;
        Ok(file)
    }

    fn end(&self) -> u64 {
        start(self.rows)
    }
}

/// Where the record of a row begins.
fn start(row: u64) -> u64 {
    HEADER as u64 + row * RECORD as u64
}

fn header(rows: u64, digest: &str) -> Option<[u8; HEADER]> {
    let mut bytes = [0; HEADER];
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..16].copy_from_slice(&16_u32.to_le_bytes());
    bytes[16..24].copy_from_slice(&rows.to_le_bytes());
    let digest: &[u8; 64] = digest.as_bytes().first_chunk()?;
    bytes[24..].copy_from_slice(digest);
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_as_they_were_put() {
        for conflicts in [false, true] {
            let place = Place { file: 70_000, conflicts, offset: 1 << 40, length: 64 << 20 };
            assert_eq!(Place::of_bytes(&place.to_bytes()), Some(place));
        }
        assert_eq!(Place::of_bytes(&[0; RECORD]), None);
    }

    #[test]
    fn a_file_of_other_results_is_not_taken() {
        let digest = "0".repeat(64);
        let file = tempfile::tempfile().unwrap();
        let places = Places::begin(file.try_clone().unwrap(), 3).unwrap();
        assert!(Places::open(file.try_clone().unwrap(), 3, &digest).is_none(), "not sealed");
        places.seal(&digest).unwrap();
        let open = |rows, digest: &str| Places::open(file.try_clone().unwrap(), rows, digest);
        assert!(open(3, &digest).is_some());
        assert!(open(4, &digest).is_none());
        assert!(open(3, &"1".repeat(64)).is_none());
    }
}
