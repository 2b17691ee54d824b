//! Cuts the input at row borders into shards that the service takes, the same rows in every variant.

use std::{
    fmt,
    io::{self, IoSlice, Write},
};

use crate::{RowSink, Rows, Streams, WriteError};

/// How much a shard may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShardLimits {
    /// Lines of one input file.
    pub rows: u64,
    /// Bytes of one input file.
    pub bytes: u64,
}

impl Default for ShardLimits {
    /// As many rows as fit into 1.9 GB: the service takes files of up to 2 GB.
    fn default() -> Self {
        Self { rows: u64::MAX, bytes: 1_900_000_000 }
    }
}

/// Makes the files that shards are written to. Shards and variants are numbered from 0.
pub trait ShardFiles {
    /// A file that is open for writing.
    type File: Write;

    /// Makes the file of a shard of a variant.
    ///
    /// # Errors
    /// When it can't be made.
    fn open(&mut self, shard: usize, variant: usize) -> io::Result<Self::File>;

    /// Takes back a file that is complete. It is not called for files of a transform that failed.
    ///
    /// # Errors
    /// When it can't be made durable.
    fn close(&mut self, shard: usize, variant: usize, file: Self::File) -> io::Result<()>;
}

/// What one shard holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shard {
    /// The number of its first row.
    pub first_row: u64,
    /// How many lines each of its files has; rows that are copies have none.
    pub rows: u64,
    /// How long its files are, variant by variant.
    pub bytes: Vec<u64>,
}

/// Writes rows to as many input files as it takes, and logged lines and indexes as [`Streams`] does.
///
/// A new shard begins where the file of any variant would grow beyond the limits. Offsets in the
/// index go on from shard to shard: the shard is where the running sum of their lengths falls.
pub struct Shards<'w, F: ShardFiles, L: Write, X: Write> {
    limits: ShardLimits,
    files: F,
    streams: Streams<'w, Part<F::File>, L, X>,
    made: Vec<Shard>,
}

impl<'w, F: ShardFiles, L: Write, X: Write> Shards<'w, F, L, X> {
    /// Writes to `files`, with an index for each variant.
    pub fn new(
        limits: ShardLimits,
        files: F,
        indexes: impl IntoIterator<Item = X>,
        logged: L,
    ) -> Self {
        let variants = indexes.into_iter().map(|index| (Part(None), index));
        let streams = Streams::of_variants(variants, logged);
        Self { limits, files, streams, made: Vec::new() }
    }

    /// Adds a stream for the rows that are copies of earlier ones; see [`Streams::copies`].
    #[must_use]
    pub fn copies(mut self, copies: impl Write + Send + 'w) -> Self {
        self.streams = self.streams.copies(copies);
        self
    }

    /// The shards so far, in order.
    pub fn shards(&self) -> &[Shard] {
        &self.made
    }

    /// What made the files.
    pub fn into_files(self) -> F {
        self.files
    }

    /// How many of `rows` the current shard takes, and how long they are in each variant.
    fn fitting(&self, rows: &Rows<'_>) -> usize {
        let Some(shard) = self.made.last() else {
            return 0;
        };
        let mut lines = shard.rows;
        for index in 0..rows.len() {
            lines += u64::from(rows.copy_of(index).is_none());
            let fits = lines <= self.limits.rows
                && (0..rows.variants()).all(|variant| {
                    let more = rows.input_start(variant, index + 1) as u64;
                    shard.bytes[variant] + more <= self.limits.bytes
                });
            if !fits {
                return index;
            }
        }
        rows.len()
    }

    /// Closes the files of the current shard.
    fn close(&mut self) -> Result<(), WriteError> {
        let Some(shard) = self.made.len().checked_sub(1) else {
            return Ok(());
        };
        for variant in 0..self.streams.n_variants() {
            if let Some(file) = self.streams.flush_input(variant)?.0.take() {
                self.files.close(shard, variant, file).map_err(failed)?;
            }
        }
        Ok(())
    }

    fn next_shard(&mut self, first_row: u64) -> Result<(), WriteError> {
        self.close()?;
        for variant in 0..self.streams.n_variants() {
            let file = self.files.open(self.made.len(), variant).map_err(failed)?;
            self.streams.flush_input(variant)?.0 = Some(file);
        }
        let bytes = vec![0; self.streams.n_variants()];
        self.made.push(Shard { first_row, rows: 0, bytes });
        Ok(())
    }

    fn write(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        self.streams.rows(rows)?;
        if let Some(shard) = self.made.last_mut() {
            for (variant, bytes) in shard.bytes.iter_mut().enumerate() {
                *bytes += rows.input(variant).len() as u64;
            }
            let sent = (0..rows.len()).filter(|&index| rows.copy_of(index).is_none());
            shard.rows += sent.count() as u64;
        }
        Ok(())
    }
}

impl<F: ShardFiles, L: Write, X: Write> RowSink for Shards<'_, F, L, X> {
    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        let mut rest = *rows;
        let mut is_new = false;
        while !rest.is_empty() {
            let fitting = self.fitting(&rest);
            if fitting > 0 {
                self.write(&rest.slice(0..fitting))?;
                rest = rest.slice(fitting..rest.len());
                is_new = false;
            }
            if rest.is_empty() {
                break;
            }
            if fitting == 0 && is_new {
                return Err(failed(too_large(&rest, self.limits)));
            }
            self.next_shard(rest.first_number())?;
            is_new = true;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        self.close()?;
        self.streams.finish()
    }
}

impl<F: ShardFiles, L: Write, X: Write> fmt::Debug for Shards<'_, F, L, X> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Shards")
            .field("limits", &self.limits)
            .field("shards", &self.made)
            .finish_non_exhaustive()
    }
}

fn failed(source: io::Error) -> WriteError {
    WriteError { stream: "input", source }
}

fn too_large(rows: &Rows<'_>, limits: ShardLimits) -> io::Error {
    let row = rows.slice(0..1);
    let bytes = (0..row.variants()).map(|variant| row.input(variant).len()).max().unwrap_or(0);
    let (number, ShardLimits { rows, bytes: most }) = (row.first_number(), limits);
    let what = if rows == 0 {
        "a shard of no rows takes none".to_owned()
    } else {
        format!("row {number} has {bytes} bytes, and a shard takes {most}")
    };
    io::Error::new(io::ErrorKind::FileTooLarge, what)
}

/// The file of the current shard; there is none before the first row.
struct Part<W>(Option<W>);

impl<W: Write> Write for Part<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Some(file) => file.write(bytes),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match &mut self.0 {
            Some(file) => file.write_vectored(pieces),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.as_mut().map_or(Ok(()), Write::flush)
    }
}
