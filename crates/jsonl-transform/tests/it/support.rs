//! Runs the transformer over bytes and gives back all it said and wrote.

use std::io::{self, Read};

use jsonl_transform::{Streams, Summary, TransformError, Transformer};

/// What one run wrote, complete or not, and how it ended.
pub(crate) struct Ran {
    pub(crate) ended: Result<Summary, TransformError>,
    pub(crate) input: Vec<u8>,
    pub(crate) logged: Vec<u8>,
    pub(crate) index: Vec<u8>,
}

pub(crate) fn run(transformer: &Transformer, dataset: impl Read + Send) -> Ran {
    let (mut input, mut logged, mut index) = (Vec::new(), Vec::new(), Vec::new());
    let mut streams = Streams::new(&mut input, &mut logged, &mut index);
    let ended = transformer.run(dataset, &mut streams);
    drop(streams);
    Ran { ended, input, logged, index }
}

impl Ran {
    #[track_caller]
    pub(crate) fn summary(&self) -> &Summary {
        match &self.ended {
            Ok(summary) => summary,
            Err(error) => panic!("failed: {error} {:?}", error.summary()),
        }
    }

    /// The bad rows as they are told to the user; also where the run went on without them.
    #[track_caller]
    pub(crate) fn bad(&self) -> Vec<String> {
        let summary = match &self.ended {
            Ok(summary) => summary,
            Err(error) => error.summary().expect("the input was read to its end"),
        };
        summary.bad.first.iter().map(ToString::to_string).collect()
    }

    pub(crate) fn warnings(&self) -> Vec<String> {
        let told = |warning: jsonl_transform::Warning| {
            format!("{} x{} from line {}", warning.kind, warning.count, warning.first_line)
        };
        self.summary().warnings().map(told).collect()
    }
}

/// Lines as text, keys replaced by their row number: `r00000042-1f9c03ab` becomes `#42`.
pub(crate) fn told(lines: &[u8]) -> String {
    let mut text = String::from_utf8(lines.to_vec()).expect("UTF-8");
    while let Some(at) = text.find("\"r0") {
        let key = &text[at + 1..at + 19];
        let number = jsonl_transform::RowKey::parse(key).expect(key).number();
        text.replace_range(at + 1..at + 19, &format!("#{number}"));
    }
    text
}

/// Hands out reads of the given sizes in turn, for ever.
pub(crate) struct Chunks<'a> {
    bytes: &'a [u8],
    sizes: Vec<usize>,
    turn: usize,
}

impl<'a> Chunks<'a> {
    pub(crate) fn new(bytes: &'a [u8], sizes: Vec<usize>) -> Self {
        Self { bytes, sizes, turn: 0 }
    }
}

impl Read for Chunks<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()].clamp(1, out.len());
        self.turn += 1;
        self.bytes.read(&mut out[..size])
    }
}
