//! Lines of a process, none of them longer than memory allows.

use std::io::{self, BufRead};

/// What was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A line without its end.
    Line(Vec<u8>),
    /// More than a line may have; the rest of it was not read.
    Overlong(Vec<u8>),
    /// There is nothing more.
    End,
}

/// Reads the next line, of at most `longest` bytes. A last line without its end is a line.
pub(crate) fn next(reader: &mut impl BufRead, longest: usize) -> io::Result<Read> {
    let mut line = Vec::new();
    loop {
        let buffer = match reader.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        if buffer.is_empty() {
            return Ok(if line.is_empty() { Read::End } else { Read::Line(line) });
        }
        let end = memchr::memchr(b'\n', buffer);
        let part = buffer.get(..end.unwrap_or(buffer.len())).unwrap_or_default();
        let room = longest - line.len();
        if part.len() > room {
            line.extend_from_slice(part.get(..room).unwrap_or_default());
            reader.consume(room);
            return Ok(Read::Overlong(line));
        }
        line.extend_from_slice(part);
        let used = part.len() + usize::from(end.is_some());
        reader.consume(used);
        if end.is_some() {
            return Ok(Read::Line(line));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    #[test]
    fn lines_end_and_are_bounded() {
        for capacity in [1, 3, 100] {
            let mut reader = BufReader::with_capacity(capacity, &b"ab\n\nabcd\nabcdef\nx"[..]);
            let mut next = || next(&mut reader, 4).unwrap();
            assert_eq!(next(), Read::Line(b"ab".to_vec()));
            assert_eq!(next(), Read::Line(Vec::new()));
            assert_eq!(next(), Read::Line(b"abcd".to_vec()));
            assert_eq!(next(), Read::Overlong(b"abcd".to_vec()));
            assert_eq!(next(), Read::Line(b"ef".to_vec()));
            assert_eq!(next(), Read::Line(b"x".to_vec()));
            assert_eq!(next(), Read::End);
        }
    }
}
