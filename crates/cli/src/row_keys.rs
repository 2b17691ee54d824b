//! The keys of a run's rows, read from where the run keeps them: one after another, in no memory to speak of.

use std::fs::File;
use std::io;

use jsonl_transform::RowKey;

use crate::lines::Lines;
use crate::stop::{Stop, StopReader};

/// Reads the keys of a file of ours whose rows follow each other.
pub(crate) struct RowKeys {
    lines: Lines<StopReader<File>>,
}

impl RowKeys {
    pub(crate) fn new(file: File, stop: &Stop) -> Self {
        Self { lines: Lines::new(stop.reader(file)) }
    }

    /// The key of the next row, which has to have this number; `InvalidData` where it has not.
    pub(crate) fn next(&mut self, number: u64) -> io::Result<Option<RowKey>> {
        let Some(line) = self.lines.next()? else { return Ok(None) };
        let key = of_line(line).filter(|key| key.number() == number).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, format!("damaged at row {number}"))
        })?;
        Ok(Some(key))
    }
}

/// The key of a line that we wrote: it stands where we put it, `{"key":"r00000042-1f9c03ab",…`.
pub(crate) fn of_line(line: &[u8]) -> Option<RowKey> {
    let rest = line.strip_prefix(br#"{"key":""#)?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    RowKey::parse(std::str::from_utf8(&rest[..end]).ok()?).ok()
}
