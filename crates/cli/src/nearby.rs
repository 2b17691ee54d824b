//! A buffered file in which going a little further costs no call of the system, and going further costs one.

use std::fs::File;
use std::io::{self, BufRead, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt as _;

use memchr::{memchr, memchr_iter};

/// What is read where the last reading ended.
const NEXT: usize = 16 << 10;
/// What is read elsewhere: about a line.
const ELSEWHERE: usize = 2 << 10;

/// Reads a file at places that mostly lie close to each other: `BufReader` throws its buffer away at every
/// seek, even to where it stands, and reads as much wherever that was.
#[derive(Debug)]
pub(crate) struct Nearby {
    file: File,
    at: u64,
    /// What was read last, and from where.
    buffer: Vec<u8>,
    begin: u64,
}

impl Nearby {
    pub(crate) fn new(file: File) -> Self {
        Self { file, at: 0, buffer: Vec::with_capacity(NEXT), begin: 0 }
    }

    /// Reads the line that begins at `offset`, its end with it, in place of what `line` holds.
    pub(crate) fn line(&mut self, offset: u64, line: &mut Vec<u8>) -> io::Result<()> {
        self.at = offset;
        line.clear();
        loop {
            let held = self.fill_buf()?;
            let end = memchr(b'\n', held).map(|at| at + 1);
            let taken = end.unwrap_or(held.len());
            line.extend_from_slice(&held[..taken]);
            self.consume(taken);
            if end.is_some() || taken == 0 {
                return Ok(());
            }
        }
    }

    /// Goes on behind the next `count` line ends, or as many as there are, from `offset`; says how many it passed, and
    /// where the last of them ends, or the file where there are fewer.
    pub(crate) fn skip_lines(&mut self, offset: u64, count: u64) -> io::Result<(u64, u64)> {
        self.at = offset;
        let mut left = count;
        while left > 0 {
            let held = self.fill_buf()?;
            let length = held.len();
            if length == 0 {
                break;
            }
            let mut last = length;
            for end in memchr_iter(b'\n', held).take(usize::try_from(left).unwrap_or(usize::MAX)) {
                left -= 1;
                last = end + 1;
            }
            self.consume(if left == 0 { last } else { length });
        }
        Ok((count - left, self.at))
    }

    /// Which byte of the buffer comes next, if one does.
    fn place(&self) -> Option<usize> {
        let place = usize::try_from(self.at.checked_sub(self.begin)?).ok()?;
        (place < self.buffer.len()).then_some(place)
    }

    fn fill(&mut self) -> io::Result<()> {
        let is_next = self.at == self.begin + self.buffer.len() as u64;
        self.buffer.resize(if is_next { NEXT } else { ELSEWHERE }, 0);
        let read = loop {
            match self.file.read_at(&mut self.buffer, self.at) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.begin = self.at;
        self.buffer.truncate(*read.as_ref().unwrap_or(&0));
        read.map(drop)
    }
}

impl Read for Nearby {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(buffer)?;
        self.consume(read);
        Ok(read)
    }
}

impl BufRead for Nearby {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.place().is_none() {
            self.fill()?;
        }
        Ok(self.place().and_then(|place| self.buffer.get(place..)).unwrap_or_default())
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
    }
}

impl Seek for Nearby {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let outside = || io::Error::from(io::ErrorKind::InvalidInput);
        self.at = match to {
            SeekFrom::Start(to) => to,
            SeekFrom::Current(by) => self.at.checked_add_signed(by).ok_or_else(outside)?,
            SeekFrom::End(by) => {
                self.file.metadata()?.len().checked_add_signed(by).ok_or_else(outside)?
            }
        };
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
        let mut nearby = Nearby::new(file);
        assert_eq!(nearby.seek(SeekFrom::End(0)).unwrap(), 160_000);
        for number in [0_u32, 1, 2, 39_999, 3, 5_000, 5_003, 5_001, 0, 39_999] {
            nearby.seek(SeekFrom::Start(u64::from(number) * 4)).unwrap();
            let mut found = [0; 4];
            nearby.read_exact(&mut found).unwrap();
            assert_eq!(u32::from_le_bytes(found), number);
        }
        assert_eq!(nearby.seek(SeekFrom::Current(-8)).unwrap(), 39_998 * 4);
        assert!(nearby.seek(SeekFrom::Current(-1_000_000)).is_err());
        let mut rest = Vec::new();
        nearby.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [39_998_u32, 39_999].map(u32::to_le_bytes).concat());
    }

    #[test]
    fn lines_come_whole_from_wherever_they_begin() {
        let mut file = tempfile::tempfile().unwrap();
        let lines = [0, 1, ELSEWHERE - 1, ELSEWHERE, 3 * NEXT, 5, 2 * ELSEWHERE]
            .map(|length| "x".repeat(length));
        let text = lines.join("\n");
        file.write_all(text.as_bytes()).unwrap();
        let starts: Vec<usize> =
            std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        let (mut nearby, mut line) = (Nearby::new(file), b"before".to_vec());
        for number in [0, 1, 2, 3, 4, 5, 6, 4, 4, 0, 6, 2] {
            nearby.line(starts[number] as u64, &mut line).unwrap();
            let end = if number == 6 { "" } else { "\n" };
            assert!(line == format!("{}{end}", lines[number]).as_bytes(), "line {number}");
        }
        for (from, count) in
            [(0, 0), (0, 1), (0, 4), (1, 3), (2, 2), (4, 1), (3, 3), (0, 6), (5, 1)]
        {
            let passed = nearby.skip_lines(starts[from] as u64, count as u64).unwrap();
            assert_eq!(passed, (count as u64, starts[from + count] as u64));
        }
        // The last line has no end, and beyond the end there is none.
        let end = text.len() as u64;
        assert_eq!(nearby.skip_lines(starts[5] as u64, 3).unwrap(), (1, end));
        nearby.line(end + 9, &mut line).unwrap();
        assert!(line.is_empty(), "beyond the end");
    }
}
