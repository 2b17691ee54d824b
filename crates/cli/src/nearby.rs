//! A buffered file in which going a little further costs no call of the system.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};

/// Reads a file at places that mostly lie close to each other: `BufReader` throws its buffer away at every
/// seek, even to where it stands.
#[derive(Debug)]
pub(crate) struct Nearby {
    reader: BufReader<File>,
    at: u64,
}

impl Nearby {
    /// The file has to stand at its beginning.
    pub(crate) fn new(file: File) -> Self {
        Self { reader: BufReader::new(file), at: 0 }
    }
}

impl Read for Nearby {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer)?;
        self.at += read as u64;
        Ok(read)
    }
}

impl BufRead for Nearby {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
        self.reader.consume(amount);
    }
}

impl Seek for Nearby {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let by = match to {
            SeekFrom::Start(to) => to.checked_signed_diff(self.at),
            _ => None,
        };
        match (by, to) {
            (Some(by), SeekFrom::Start(to)) => {
                self.reader.seek_relative(by)?;
                self.at = to;
            }
            _ => self.at = self.reader.seek(to)?,
        }
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn every_place_is_found() {
        let mut file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..40_000_u32).flat_map(u32::to_le_bytes).collect();
        file.write_all(&bytes).unwrap();
        file.rewind().unwrap();
        let mut nearby = Nearby::new(file);
        assert_eq!(nearby.seek(SeekFrom::End(0)).unwrap(), 160_000);
        for number in [0_u32, 1, 2, 39_999, 3, 5_000, 5_003, 5_001, 0, 39_999] {
            nearby.seek(SeekFrom::Start(u64::from(number) * 4)).unwrap();
            let mut found = [0; 4];
            nearby.read_exact(&mut found).unwrap();
            assert_eq!(u32::from_le_bytes(found), number);
        }
    }
}
