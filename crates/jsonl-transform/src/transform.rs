//! The settings of a transform, and its beginning and end.

use std::{fmt, io::Read, num::NonZeroUsize, thread};

use memchr::memmem;

use crate::{
    Dataset, DatasetReader, Drops, Edits, InputError, Picked, RowSink, Rows, Sample, Selection,
    Summary, TransformError, WriteError,
    blocks::{BLOCK, BlockReader},
    crew::{self, Limits},
    lines,
    pass::{Hints, Reading, Writing},
    sniff,
    variants::Recipe,
    work::Work,
};

/// What to do about rows that can't be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BadRowPolicy {
    /// Read to the end to list and count them, then fail.
    #[default]
    Fail,
    /// Leave them out and count them.
    Skip,
}

/// What to do about rows that the service is known to refuse.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RefusalPolicy {
    /// They are bad rows.
    #[default]
    BadRow,
    /// They are sent, with a warning.
    Warn,
}

/// What an input line is made of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum InputShape {
    /// `{"key":…,"request":…}` and nothing else: what the Batch API documents.
    #[default]
    Request,
    /// The row as it came without `response` and `request.model`, with `key` set first; a key that
    /// the row had is replaced.
    Row,
    /// The row as it came without `response` and `request.model`; no key is set.
    Notebook,
}

/// Turns datasets of logged requests and responses into input for batch jobs.
///
/// ```
/// use jsonl_transform::{Streams, Transformer};
/// let dataset = br#"{"request":{"model":"m","contents":[{}]},"response":{"a":1},"id":7}"#;
/// let (mut input, mut logged, mut index) = (Vec::new(), Vec::new(), Vec::new());
/// let mut streams = Streams::new(&mut input, &mut logged, &mut index);
/// let summary = Transformer::new().run(&dataset[..], &mut streams)?;
/// drop(streams);
/// assert_eq!(summary.written, 1);
/// assert!(input.ends_with(br#","request":{"contents":[{}]}}
/// "#));
/// assert!(logged.ends_with(br#","response":{"a":1},"model":"m","row":{"id":7}}
/// "#));
/// # Ok::<_, jsonl_transform::TransformError>(())
/// ```
#[derive(Clone)]
pub struct Transformer {
    pub(crate) bad_rows: BadRowPolicy,
    pub(crate) shape: InputShape,
    max_line: usize,
    /// A text that no row may hold; never shown.
    pub(crate) forbidden: Option<memmem::Finder<'static>>,
    threads: NonZeroUsize,
    block_size: usize,
    /// None at all means one variant without changes.
    pub(crate) variants: Vec<Edits>,
    pub(crate) drops: Drops,
    pub(crate) selection: Selection,
    /// Whether rows are only counted through, for a sample.
    pub(crate) draws: bool,
    pub(crate) dedupe: bool,
    pub(crate) refusals: RefusalPolicy,
}

/// More threads than this would wait for the one that reads and the one that writes.
const MAX_THREADS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(15);

/// Bytes of lines that may be under way beside the block that goes over it, and bytes of memory that
/// are kept.
const LIMITS: Limits = Limits { under_way: 8 * BLOCK, kept: 32 * BLOCK };

impl fmt::Debug for Transformer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Transformer")
            .field("bad_rows", &self.bad_rows)
            .field("shape", &self.shape)
            .field("max_line", &self.max_line)
            .field("threads", &self.threads)
            .field("variants", &self.variants)
            .field("drops", &self.drops)
            .field("selection", &self.selection)
            .field("dedupe", &self.dedupe)
            .field("refusals", &self.refusals)
            .finish_non_exhaustive()
    }
}

impl Default for Transformer {
    fn default() -> Self {
        Self {
            bad_rows: BadRowPolicy::default(),
            shape: InputShape::default(),
            max_line: lines::DEFAULT_MAX_LINE,
            forbidden: None,
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            block_size: BLOCK,
            variants: Vec::new(),
            drops: Drops::new(),
            selection: Selection::new(),
            draws: false,
            dedupe: false,
            refusals: RefusalPolicy::default(),
        }
    }
}

impl Transformer {
    /// Fails on bad rows, writes [`InputShape::Request`], reads lines of up to 64 MiB, uses all
    /// cores.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what to do about bad rows.
    #[must_use]
    pub fn bad_rows(mut self, policy: BadRowPolicy) -> Self {
        self.bad_rows = policy;
        self
    }

    /// Sets what an input line is made of.
    #[must_use]
    pub fn shape(mut self, shape: InputShape) -> Self {
        self.shape = shape;
        self
    }

    /// Sets the longest line, in bytes without its line end; a longer one is a bad row.
    #[must_use]
    pub fn max_line(mut self, bytes: usize) -> Self {
        self.max_line = bytes;
        self
    }

    /// Makes a row bad that holds `secret`: it would be sent and logged. An empty one is ignored.
    #[must_use]
    pub fn forbid(mut self, secret: &[u8]) -> Self {
        let finder = || memmem::Finder::new(secret).into_owned();
        self.forbidden = (!secret.is_empty()).then(finder);
        self
    }

    /// Sets how many threads work, the calling one counted; what comes out is the same for any
    /// number. Each reads in its turn and writes in its turn.
    #[must_use]
    pub fn threads(mut self, threads: NonZeroUsize) -> Self {
        self.threads = threads;
        self
    }

    /// Makes an input line of each row for each of `edits`, with a key of its own; the logged line
    /// has the key of the first. None at all stand for the one that changes nothing.
    ///
    /// ```
    /// use jsonl_transform::{Edits, Streams, Transformer};
    /// let cold = Edits::new().set("/generationConfig/temperature", b"0")?;
    /// let (mut plain, mut edited) = (Vec::new(), Vec::new());
    /// let variants = [(&mut plain, std::io::sink()), (&mut edited, std::io::sink())];
    /// let mut streams = Streams::of_variants(variants, std::io::sink());
    /// let dataset = br#"{"request":{"contents":[1]}}"#;
    /// Transformer::new().variants([Edits::new(), cold]).run(&dataset[..], &mut streams)?;
    /// drop(streams);
    /// assert!(plain.ends_with(b"\"request\":{\"contents\":[1]}}\n"));
    /// assert!(edited.ends_with(b"{\"contents\":[1],\"generationConfig\":{\"temperature\":0}}}\n"));
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn variants(mut self, edits: impl IntoIterator<Item = Edits>) -> Self {
        self.variants = edits.into_iter().collect();
        self
    }

    /// Sets what is left out of every row, before the variants' edits.
    #[must_use]
    pub fn drop_pointers(mut self, drops: Drops) -> Self {
        self.drops = drops;
        self
    }

    /// Sets which rows are taken.
    #[must_use]
    pub fn select(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Sets whether requests that are equal in all variants, byte for byte, are uploaded only once.
    /// Later rows keep their numbers, logged lines and index records, but have no input line; takes
    /// up to 24 bytes of memory a row.
    #[must_use]
    pub fn dedupe(mut self, dedupe: bool) -> Self {
        self.dedupe = dedupe;
        self
    }

    /// Sets what to do about rows that the service is known to refuse.
    #[must_use]
    pub fn refusals(mut self, policy: RefusalPolicy) -> Self {
        self.refusals = policy;
        self
    }

    /// Sets how much is read at once, which changes nothing but speed and memory.
    #[doc(hidden)]
    #[must_use]
    pub fn block_size(mut self, bytes: usize) -> Self {
        self.block_size = bytes;
        self
    }

    /// Reads all of `dataset` and gives the good rows to `sink`, in order and numbered from 0.
    ///
    /// Once a row is bad under [`BadRowPolicy::Fail`] the sink is given nothing more; the rest is
    /// still read and checked. Memory is bounded by the longest line, whatever the number of rows.
    /// Rows, counts and errors are the same whatever the number of threads.
    ///
    /// # Errors
    /// When reading or writing fails, the input is not JSON lines, rows are bad and the policy is
    /// to fail, or no good row is there. What the sink was given until then must not be used.
    pub fn run<R: Read + Send, S: RowSink + Send + ?Sized>(
        &self,
        dataset: R,
        sink: &mut S,
    ) -> Result<Summary, TransformError> {
        let span = tracing::debug_span!(target: "pass", "transform");
        let _entered = span.enter();
        let (recipe, hints) = (Recipe::of(self)?, Hints::default());
        let wants_logged = sink.wants_logged();
        let mut reading = Reading::new(self, &hints, self.open(dataset)?, wants_logged);
        let mut writing = Writing::new(self, &recipe, &hints, sink);
        self.work_off(&recipe, &mut reading, &mut writing)?;
        writing.end(reading)
    }

    /// The same with a dataset of several inputs, packed or plain; what it says of lines is said of
    /// lines of an input.
    ///
    /// # Errors
    /// As [`run`](Self::run), and when an input can't be opened or unpacked.
    pub fn run_dataset<S: RowSink + Send + ?Sized>(
        &self,
        dataset: &Dataset<'_>,
        sink: &mut S,
    ) -> Result<Summary, TransformError> {
        let mut reader = dataset.reader();
        let ended = self.run(&mut reader, sink);
        locate(ended, reader)
    }

    /// Draws a sample from the rows that the selection takes, in a pass of its own; given to
    /// [`Selection::picked`] it makes the next pass over the same data take those rows only.
    ///
    /// ```
    /// use jsonl_transform::{Sample, Selection, Streams, Transformer};
    /// let dataset = "{\"request\":{\"contents\":[1]}}\n".repeat(1000);
    /// let transformer = Transformer::new();
    /// let picked = transformer.draw(dataset.as_bytes(), Sample { rows: 10, seed: 1 })?;
    /// let transformer = transformer.select(Selection::new().picked(picked));
    /// let mut streams = Streams::new(std::io::sink(), std::io::sink(), std::io::sink());
    /// let summary = transformer.run(dataset.as_bytes(), &mut streams)?;
    /// assert_eq!((summary.written, summary.left_out.sample), (10, 990));
    /// # Ok::<_, jsonl_transform::TransformError>(())
    /// ```
    ///
    /// # Errors
    /// When reading fails, or the input is not JSON lines. Bad rows are no errors yet.
    pub fn draw<R: Read + Send>(
        &self,
        dataset: R,
        sample: Sample,
    ) -> Result<Picked, TransformError> {
        let span = tracing::debug_span!(target: "pass", "draw");
        let _entered = span.enter();
        let selection = self.selection.without_sample();
        let settings = Self { draws: true, selection, ..self.clone() };
        let (recipe, hints, mut nowhere) = (Recipe::of(&settings)?, Hints::default(), Nowhere);
        let mut reading = Reading::new(&settings, &hints, self.open(dataset)?, false);
        let writing = Writing::new(&settings, &recipe, &hints, &mut nowhere);
        let mut writing = writing.drawing(sample);
        settings.work_off(&recipe, &mut reading, &mut writing)?;
        writing.picked(reading)
    }

    /// The same with a dataset of several inputs, packed or plain, which is opened once more.
    ///
    /// # Errors
    /// As [`draw`](Self::draw), and when an input can't be opened or unpacked.
    pub fn draw_dataset(
        &self,
        dataset: &Dataset<'_>,
        sample: Sample,
    ) -> Result<Picked, TransformError> {
        let mut reader = dataset.reader();
        let ended = self.draw(&mut reader, sample);
        ended.map_err(|error| in_input(error, reader))
    }

    /// Parts of rows of this length or more are written from where they were read.
    pub(crate) fn long_part(&self) -> usize {
        (self.block_size / 64).max(1)
    }

    fn work_off<R: Read + Send, S: RowSink + Send + ?Sized>(
        &self,
        recipe: &Recipe,
        reading: &mut Reading<'_, R>,
        writing: &mut Writing<'_, S>,
    ) -> Result<(), TransformError> {
        crew::work_off(
            (self.threads.min(MAX_THREADS), LIMITS),
            |work| reading.begin(work),
            |work: &mut Work| work.run(self, recipe),
            |work| writing.end_block(work),
        )
    }

    fn open<R: Read>(&self, dataset: R) -> Result<BlockReader<R>, TransformError> {
        let blocks = BlockReader::open(dataset, self.max_line, self.block_size)
            .map_err(|source| TransformError::Read { input: None, line: 0, source })?;
        match sniff::by_magic(blocks.head()) {
            Some(kind) => Err(TransformError::Unsupported { input: None, kind }),
            None => Ok(blocks),
        }
    }
}

/// Takes no rows.
struct Nowhere;

impl RowSink for Nowhere {
    fn rows(&mut self, _: &Rows<'_>) -> Result<(), WriteError> {
        Ok(())
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// Says of lines of the whole dataset in which input they are.
fn locate(
    ended: Result<Summary, TransformError>,
    reader: DatasetReader<'_, '_>,
) -> Result<Summary, TransformError> {
    let had_bom = reader.had_bom();
    match ended {
        Ok(mut summary) => {
            summary.had_bom |= had_bom;
            summary.locate(reader.into_inputs());
            Ok(summary)
        }
        Err(error) => Err(in_input(error, reader)),
    }
}

fn in_input(error: TransformError, reader: DatasetReader<'_, '_>) -> TransformError {
    let at_fault = reader.input_at_fault().unwrap_or(0);
    let inputs = reader.into_inputs();
    match error {
        TransformError::Read { line, source, .. } => {
            let (input, line) = inputs.in_input(at_fault, line);
            let known = source.get_ref().and_then(|inner| inner.downcast_ref());
            match known {
                Some(&InputError::Unsupported(kind)) => TransformError::Unsupported { input, kind },
                _ => TransformError::Read { input, line, source },
            }
        }
        TransformError::BadRows { mut summary } => {
            summary.locate(inputs);
            TransformError::BadRows { summary }
        }
        TransformError::NoRows { mut summary } => {
            summary.locate(inputs);
            TransformError::NoRows { summary }
        }
        other => other,
    }
}
