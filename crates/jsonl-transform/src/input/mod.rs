//! Where rows come from: one input or several, plain or packed, read one after another.

mod reader;
mod steady;
mod unpack;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    io::{self, Read},
    sync::Arc,
};

pub use self::{reader::DatasetReader, steady::SteadyFile};
use crate::InputKind;

/// Opens an input from its start; called again for each look at it.
type Open<'a> = Box<dyn Fn() -> io::Result<Box<dyn Read + Send + 'a>> + Send + Sync + 'a>;

/// One input of a dataset: a name for messages, and a way to open it.
pub struct Input<'a> {
    name: String,
    open: Open<'a>,
}

impl<'a> Input<'a> {
    /// An input that is called `name` in messages. `open` is called when its turn comes.
    pub fn new<R: Read + Send + 'a>(
        name: impl Into<String>,
        open: impl Fn() -> io::Result<R> + Send + Sync + 'a,
    ) -> Self {
        Self { name: name.into(), open: Box::new(move || Ok(Box::new(open()?))) }
    }

    /// What it is called; outside text.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Input<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Input").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The rows of one or several inputs, one after another.
///
/// Each input is plain, gzip (all members) or zstd (all frames), told by its first bytes. A byte
/// order mark at the start of each is passed over, and a last line without line feed ends where its
/// input ends.
///
/// ```
/// use std::io::Read as _;
/// use jsonl_transform::{Dataset, Input};
/// let dataset = Dataset::new(vec![
///     Input::new("a.jsonl", || Ok(&b"{\"n\":1}"[..])),
///     Input::new("b.jsonl", || Ok(&b"{\"n\":2}\n{\"n\":3}\n"[..])),
/// ]);
/// let (mut text, mut reader) = (String::new(), dataset.reader());
/// reader.read_to_string(&mut text)?;
/// assert_eq!(text, "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n");
/// assert_eq!(reader.place_of(3), (1, 2)); // the second line of b.jsonl
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Dataset<'a> {
    inputs: Vec<Input<'a>>,
}

impl<'a> Dataset<'a> {
    /// The inputs in their order.
    pub fn new(inputs: Vec<Input<'a>>) -> Self {
        Self { inputs }
    }

    /// The inputs in their order.
    pub fn inputs(&self) -> &[Input<'a>] {
        &self.inputs
    }

    /// Reads all inputs from the start; nothing is opened before the first read.
    pub fn reader(&self) -> DatasetReader<'_, 'a> {
        DatasetReader::new(&self.inputs)
    }
}

/// Where the inputs begin among the lines of a dataset; empty where there is only one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Inputs {
    names: Vec<Arc<str>>,
    lines_before: Vec<u64>,
}

impl Inputs {
    /// The input that holds line `line` of the whole, and the line's number there.
    pub(crate) fn place_of(&self, line: u64) -> (Option<Arc<str>>, u64) {
        let (input, line) = reader::place_of(&self.lines_before, line);
        (self.names.get(input).cloned(), line)
    }

    /// The name of an input, and what is the number there of line `line` of the whole.
    pub(crate) fn in_input(&self, input: usize, line: u64) -> (Option<Arc<str>>, u64) {
        let before = self.lines_before.get(input).copied().unwrap_or(0);
        (self.names.get(input).cloned(), line.saturating_sub(before))
    }
}

/// Why an input can't be read on, inside the [`io::Error`] that reading it gives.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// The input is something else than JSON lines in UTF-8.
    #[error("looks like {0}, not like JSON lines")]
    Unsupported(InputKind),
    /// A file grew, shrank or was written to between its opening and its end.
    #[error("the file changed while it was read")]
    Changed,
    /// Packed data ends in the middle: the file was cut.
    #[error("the {0} ends too early: the file is cut")]
    Truncated(InputKind),
    /// Packed data is damaged.
    #[error("the {0} is damaged: {1}")]
    Damaged(InputKind, String),
}

impl From<InputError> for io::Error {
    fn from(error: InputError) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}
