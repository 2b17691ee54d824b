//! Where transformed rows go: a sink takes them one by one, three byte streams are the usual one.

use std::{
    fmt,
    io::{self, BufWriter, Write},
};

use crate::{
    RowKey,
    index::{self, INDEX_HEADER_LEN, IndexRecord},
};

/// Takes the rows of a dataset in order.
///
/// [`Streams`] writes them to one set of files; a sink that starts a new set at a row border, by
/// rows or by bytes, cuts the dataset into shards.
pub trait RowSink {
    /// Takes one row; rows come in the order of their numbers, without gaps.
    ///
    /// # Errors
    /// When it can't be written; no further row will be offered then.
    fn row(&mut self, row: &FinishedRow<'_>) -> Result<(), WriteError>;

    /// Called once after the last row, when all rows were good: writes out what is buffered.
    ///
    /// # Errors
    /// When that fails.
    fn finish(&mut self) -> Result<(), WriteError>;
}

/// A row that is ready to be written.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FinishedRow<'a> {
    /// Its key, which holds its number.
    pub key: RowKey,
    /// The line to upload, with its line feed.
    pub input: &'a [u8],
    /// The line with what was taken out or stood beside the request, with its line feed.
    pub logged: &'a [u8],
}

impl<'a> FinishedRow<'a> {
    pub(crate) fn new(key: RowKey, input: &'a [u8], logged: &'a [u8]) -> Self {
        Self { key, input, logged }
    }
}

/// A row could not be written.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the {stream} stream")]
pub struct WriteError {
    /// Which stream it was: `input`, `logged`, `index`, or a name of the sink's own.
    pub stream: &'static str,
    /// What the stream said.
    #[source]
    pub source: io::Error,
}

/// Writes rows to three byte streams: input lines, logged lines, and the index that
/// [`IndexReader`](crate::IndexReader) reads.
///
/// Buffers on its own. Streams that are not wanted can be [`io::sink`]. Pass `&mut file` to keep
/// the file, for instance to sync it.
pub struct Streams<I: Write, L: Write, X: Write> {
    input: Stream<I>,
    logged: Stream<L>,
    index: Stream<X>,
}

const BUFFER: usize = 256 << 10;

impl<I: Write, L: Write, X: Write> Streams<I, L, X> {
    /// Nothing is written before the first row or the end.
    pub fn new(input: I, logged: L, index: X) -> Self {
        Self {
            input: Stream::new("input", input),
            logged: Stream::new("logged", logged),
            index: Stream::new("index", index),
        }
    }

    /// How many bytes the input stream was given.
    pub fn input_bytes(&self) -> u64 {
        self.input.bytes
    }

    fn start_index(&mut self) -> Result<(), WriteError> {
        match self.index.bytes {
            0 => self.index.write(&index::header()),
            _ => Ok(()),
        }
    }
}

impl<I: Write, L: Write, X: Write> RowSink for Streams<I, L, X> {
    fn row(&mut self, row: &FinishedRow<'_>) -> Result<(), WriteError> {
        self.start_index()?;
        let record = IndexRecord { input: self.input.bytes, logged: self.logged.bytes };
        self.input.write(row.input)?;
        self.logged.write(row.logged)?;
        self.index.write(&record.to_bytes())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.start_index()?;
        self.input.flush()?;
        self.logged.flush()?;
        self.index.flush()
    }
}

impl<I: Write, L: Write, X: Write> fmt::Debug for Streams<I, L, X> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Streams")
            .field("input_bytes", &self.input.bytes)
            .field("logged_bytes", &self.logged.bytes)
            .field(
                "rows",
                &(self.index.bytes.saturating_sub(INDEX_HEADER_LEN) / index::INDEX_RECORD_LEN),
            )
            .finish()
    }
}

/// A buffered stream that knows its name and how far it is.
struct Stream<W: Write> {
    name: &'static str,
    writer: BufWriter<W>,
    bytes: u64,
}

impl<W: Write> Stream<W> {
    fn new(name: &'static str, writer: W) -> Self {
        Self { name, writer: BufWriter::with_capacity(BUFFER, writer), bytes: 0 }
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), WriteError> {
        self.writer.write_all(bytes).map_err(|source| WriteError { stream: self.name, source })?;
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.writer.flush().map_err(|source| WriteError { stream: self.name, source })
    }
}
