//! Expected values in a file, and an index beside it that finds the one of a row: both on disk, so that memory is flat.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use scoring::{Place, Row, View};
use serde_json::value::RawValue;

use super::lookup::Lookup;

/// How much of a line is read at first.
const PIECE: usize = 1 << 10;
/// No line of values is longer.
pub(super) const LONGEST: usize = 64 << 20;

/// Values, and where each row's stands.
#[derive(Debug)]
pub(crate) struct Table {
    values: File,
    lookup: Lookup,
    layout: Layout,
    id: String,
}

/// Where in a line of the file its value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Layout {
    /// The whole line is the value.
    Plain,
    /// The member `expected`.
    Member,
    At(Place),
}

impl Layout {
    /// The value of a line; `None` if there is none or it is `null`.
    pub(super) fn value<'a>(&self, line: View<'a>) -> Option<View<'a>> {
        let value = match self {
            Self::Plain => Some(line),
            Self::Member => line.get("expected"),
            Self::At(place) => place.find(line),
        };
        value.filter(|value| !value.is_null())
    }
}

impl Table {
    pub(super) fn new(values: File, lookup: Lookup, layout: Layout, id: String) -> Self {
        Self { values, lookup, layout, id }
    }

    /// The beginning of the digest of its values.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// All its lines, from the first.
    pub(super) fn values(&self) -> io::Result<FromStart> {
        Ok(FromStart { file: self.values.try_clone()?, at: 0 })
    }

    pub(super) fn place_of_key(&self, key: &str) -> io::Result<Option<u64>> {
        self.lookup.by_key(key, &self.values)
    }

    pub(super) fn place_of_number(&self, number: u64) -> io::Result<Option<u64>> {
        self.lookup.by_number(number)
    }

    /// Whether rows are found by their keys.
    pub(super) fn is_keyed(&self) -> bool {
        self.lookup.is_keyed()
    }

    /// The expected value of a row.
    pub(super) fn value(&self, row: &Row<'_>) -> io::Result<Option<Box<RawValue>>> {
        let found = if self.is_keyed() {
            self.place_of_key(row.key)?
        } else {
            self.place_of_number(row.number)?
        };
        let Some(offset) = found else { return Ok(None) };
        let line = line_at(&self.values, offset)?;
        let line: &RawValue = serde_json::from_slice(&line)?;
        let value = self.layout.value(View::new(line)).map(|view| view.text().to_owned());
        value.map(RawValue::from_string).transpose().map_err(io::Error::from)
    }
}

/// Reads a file from its beginning and leaves its own place alone.
#[derive(Debug)]
pub(super) struct FromStart {
    file: File,
    at: u64,
}

impl io::Read for FromStart {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(buffer, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The line that begins at a place in a file, without its end.
pub(super) fn line_at(file: &File, offset: u64) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    let mut piece = vec![0; PIECE];
    while line.len() < LONGEST {
        let read = file.read_at(&mut piece, offset + line.len() as u64)?;
        let bytes = &piece[..read];
        let end = memchr::memchr(b'\n', bytes);
        line.extend_from_slice(&bytes[..end.unwrap_or(read)]);
        if end.is_some() || read == 0 {
            return Ok(line);
        }
        if piece.len() < 1 << 20 {
            piece.resize(piece.len() * 4, 0);
        }
    }
    Err(io::Error::other("a line of expected values is longer than 64 MiB"))
}
