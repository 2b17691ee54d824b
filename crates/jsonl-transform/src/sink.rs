//! Where transformed rows go: a sink takes them in blocks, byte streams are the usual one.

use std::{
    fmt,
    io::{self, BufWriter, Write},
};

use crate::{
    Pieces, Rows, copies,
    index::{self, INDEX_HEADER_LEN, IndexRecord},
};

/// Takes the rows of a dataset in order.
///
/// [`Streams`] writes them to one set of files; a sink that starts a new set at a row border, by
/// rows or by bytes, cuts the dataset into shards with [`Rows::slice`].
pub trait RowSink {
    /// Takes the next rows; rows come in the order of their numbers, without gaps. How many come at
    /// once means nothing.
    ///
    /// # Errors
    /// When they can't be written; no further rows will be offered then.
    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), WriteError>;

    /// Whether logged lines are wanted; where they are not, they come empty and cost nothing.
    fn wants_logged(&self) -> bool {
        true
    }

    /// Called once after the last row, when all rows were good: writes out what is buffered.
    ///
    /// # Errors
    /// When that fails.
    fn finish(&mut self) -> Result<(), WriteError>;
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

/// Writes rows to byte streams: logged lines, and for each variant its input lines and the index
/// into both that [`IndexReader`](crate::IndexReader) reads.
///
/// Buffers on its own. Streams that are not wanted can be [`io::sink`]. Pass `&mut file` to keep
/// the file, for instance to sync it.
pub struct Streams<'w, I: Write, L: Write, X: Write> {
    variants: Vec<Variant<I, X>>,
    logged: Stream<L>,
    copies: Option<Stream<Box<dyn Write + Send + 'w>>>,
    wants_logged: bool,
    records: Vec<u8>,
}

struct Variant<I: Write, X: Write> {
    input: Stream<I>,
    index: Stream<X>,
}

/// Blocks are longer as a rule and pass by; what is shorter gathers here.
const BUFFER: usize = 64 << 10;

impl<'w, I: Write, L: Write, X: Write> Streams<'w, I, L, X> {
    /// Streams for rows of one variant. Nothing is written before the first row or the end.
    pub fn new(input: I, logged: L, index: X) -> Self {
        Self::of_variants([(input, index)], logged)
    }

    /// Streams for rows of several variants: an input and an index for each, in their order.
    pub fn of_variants(variants: impl IntoIterator<Item = (I, X)>, logged: L) -> Self {
        let variant = |(input, index)| Variant {
            input: Stream::new("input", input),
            index: Stream::new("index", index),
        };
        Self {
            variants: variants.into_iter().map(variant).collect(),
            logged: Stream::new("logged", logged),
            copies: None,
            wants_logged: true,
            records: Vec::new(),
        }
    }

    /// Adds a stream for the rows that are copies of earlier ones, which
    /// [`Copies`](crate::Copies) reads.
    #[must_use]
    pub fn copies(mut self, copies: impl Write + Send + 'w) -> Self {
        self.copies = Some(Stream::new("copies", Box::new(copies)));
        self
    }

    /// Writes out what the input stream of `variant` holds, and gives that stream.
    pub(crate) fn flush_input(&mut self, variant: usize) -> Result<&mut I, WriteError> {
        let input = &mut self.variants[variant].input;
        input.flush()?;
        Ok(input.writer.get_mut())
    }

    /// How many variants there are streams for.
    pub(crate) fn n_variants(&self) -> usize {
        self.variants.len()
    }

    fn write_copies(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        let Some(stream) = &mut self.copies else {
            return Ok(());
        };
        if stream.bytes == 0 {
            stream.write(&copies::header())?;
        }
        for (index, row) in (0..rows.len()).zip(rows.first_number()..) {
            if let Some(first) = rows.copy_of(index) {
                stream.write(&copies::record(row, first))?;
            }
        }
        Ok(())
    }

    /// How many bytes the input stream of `variant` was given.
    pub fn input_bytes(&self, variant: usize) -> u64 {
        self.variants[variant].input.bytes
    }
}

impl<I: Write> Streams<'_, I, io::Sink, io::Sink> {
    /// A stream for the input lines of one variant alone: what was taken out is not kept.
    pub fn input_only(input: I) -> Self {
        Self { wants_logged: false, ..Self::new(input, io::sink(), io::sink()) }
    }
}

impl<I: Write, X: Write> Variant<I, X> {
    fn start_index(&mut self) -> Result<(), WriteError> {
        match self.index.bytes {
            0 => self.index.write(&index::header()),
            _ => Ok(()),
        }
    }
}

impl<I: Write, L: Write, X: Write> RowSink for Streams<'_, I, L, X> {
    fn rows(&mut self, rows: &Rows<'_>) -> Result<(), WriteError> {
        for (number, variant) in self.variants.iter_mut().enumerate() {
            variant.start_index()?;
            self.records.clear();
            for index in 0..rows.len() {
                let input = variant.input.bytes + rows.input_start(number, index) as u64;
                let logged = self.logged.bytes + rows.logged_start(index) as u64;
                let record = match rows.copy_of(index) {
                    Some(first) => index::copy_record(first, logged),
                    None => IndexRecord { input, logged }.to_bytes(),
                };
                self.records.extend_from_slice(&record);
            }
            variant.input.write_pieces(rows.input(number))?;
            variant.index.write(&self.records)?;
        }
        self.write_copies(rows)?;
        self.logged.write_pieces(rows.logged())
    }

    fn wants_logged(&self) -> bool {
        self.wants_logged
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        for variant in &mut self.variants {
            variant.start_index()?;
            variant.input.flush()?;
            variant.index.flush()?;
        }
        if let Some(copies) = &mut self.copies {
            if copies.bytes == 0 {
                copies.write(&copies::header())?;
            }
            copies.flush()?;
        }
        self.logged.flush()
    }
}

impl<I: Write, L: Write, X: Write> fmt::Debug for Streams<'_, I, L, X> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.variants.first().map_or(0, |variant| {
            variant.index.bytes.saturating_sub(INDEX_HEADER_LEN) / index::INDEX_RECORD_LEN
        });
        out.debug_struct("Streams")
            .field("variants", &self.variants.len())
            .field("logged_bytes", &self.logged.bytes)
            .field("rows", &rows)
            .finish_non_exhaustive()
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

    fn write_pieces(&mut self, pieces: Pieces<'_>) -> Result<(), WriteError> {
        let written = if pieces.len() < BUFFER {
            pieces.write_to(&mut self.writer)
        } else {
            // The buffer would copy the pieces together.
            self.writer.flush().and_then(|()| pieces.write_to(self.writer.get_mut()))
        };
        written.map_err(|source| WriteError { stream: self.name, source })?;
        self.bytes += pieces.len() as u64;
        Ok(())
    }

    fn flush(&mut self) -> Result<(), WriteError> {
        self.writer.flush().map_err(|source| WriteError { stream: self.name, source })
    }
}
