//! What must hold of any bytes: the fuzz targets, shared by `cargo fuzz` and by the tests of every day.

mod journal;
mod mutate;
mod oracle;
mod read_back;
mod scorer;
mod settings;
mod shown;
mod wire;
mod writers;

use std::io::{self, Read};
use std::num::NonZeroUsize;

use jsonl_transform::{BadRowPolicy, RowKey, Streams, Transformer};
use scoring::{Form, Keys, Outcome, Pass, Registry, Scores};

pub use journal::journal_replay;
pub use mutate::Mutator;
pub use scorer::scorer_protocol;
pub use settings::config_toml;
pub use shown::sanitize_terminal;
pub use wire::{error_body, operation_json, retry_headers, upload_session};
pub use writers::report_writers;

/// A row that nobody doubts, so that the file is known for what it is.
const FIRST: &[u8] = br#"{"request":{"contents":[{}]}}"#;

/// How many threads a pass works with, and on blocks of how many bytes.
type Work = (usize, usize);

/// What all others are held against.
const PLAIN: Work = (1, 4096);
const OTHERS: [Work; 3] = [(1, 1), (2, 64), (3, 700)];

/// One line of a dataset: the transform takes it exactly if the oracle does, and writes the oracle's bytes.
pub fn transform_line(bytes: &[u8]) {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let dataset = [FIRST, b"\n", line].concat();
    let got = transformed(&dataset[..], PLAIN);
    let rows: Vec<&[u8]> = got.input.split_inclusive(|byte| *byte == b'\n').collect();
    let logged: Vec<&[u8]> = got.logged.split_inclusive(|byte| *byte == b'\n').collect();
    let Some(parts) = oracle::parts(line) else {
        assert_eq!(rows.len(), 1, "a bad row was taken: {}", got.told);
        return;
    };
    assert_eq!((rows.len(), logged.len()), (2, 2), "a good row was refused: {}", got.told);
    let key = RowKey::new(1, &parts.request);
    let of = |text: String| text.into_bytes();
    let input = [of(format!("{{\"key\":\"{key}\",\"request\":")), parts.request, b"}\n".to_vec()];
    assert_eq!(rows[1], input.concat(), "the input differs");
    let named = |name: &str, value: Option<Vec<u8>>| match value {
        Some(value) => [of(format!(",\"{name}\":")), value].concat(),
        None => Vec::new(),
    };
    let taken_out = [
        of(format!("{{\"key\":\"{key}\",\"line\":2")),
        named("response", parts.response),
        named("model", parts.model),
        named("row", Some(parts.rest)),
        b"}\n".to_vec(),
    ];
    assert_eq!(logged[1], taken_out.concat(), "the logged line differs");
}

/// A whole dataset behind one byte: how it is cut into reads and how many threads work on it makes no
/// difference, and what was written goes through a second time unchanged.
pub fn transform_file(bytes: &[u8]) {
    let (&cuts, dataset) = bytes.split_first().unwrap_or((&0, &[]));
    let whole = transformed(dataset, PLAIN);
    for work in OTHERS {
        let pieces = Pieces { bytes: dataset, state: u32::from(cuts) };
        assert_eq!(transformed(pieces, work), whole, "{work:?}, cut by {cuts}");
    }
    if !whole.input.is_empty() && whole.told.starts_with("Ok") {
        let again = transformed(&whole.input[..], PLAIN);
        assert_eq!(again.input, whole.input, "a second pass changed rows");
    }
}

/// One line of a result file: whatever it is, it is accounted for, and judged as the notebook judges.
pub fn result_line(bytes: &[u8]) {
    let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
    for form in [Form::Results, Form::Logged] {
        for keys in [Keys::by_position(), Keys::ours(0..2)] {
            let outcomes = scored(line, keys, form).0;
            assert!(outcomes.iter().all(Option::is_some), "{line:?} is not accounted for");
        }
    }
    let content = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii();
    let is_compressed = line.starts_with(&[0x1f, 0x8b]) || line.starts_with(&[0x28, 0xb5]);
    if content.is_empty() || is_compressed {
        return;
    }
    let (outcomes, passed) = scored(line, Keys::by_position(), Form::Results);
    let outcome = outcomes.first().copied().flatten();
    match oracle::result(content) {
        oracle::Result::NotJson => assert_eq!(outcome, Some(Outcome::Unparsable)),
        oracle::Result::Value(calls) => {
            let is_scored = outcome.is_some_and(Outcome::is_scored);
            assert_eq!(passed, is_scored.then_some(calls), "{outcome:?}");
        }
        oracle::Result::BeyondValues => {}
    }
}

/// The outcome of every row, `None` where the ledger does not add up, and whether the first passed.
fn scored(line: &[u8], keys: Keys<'_>, form: Form) -> (Vec<Option<Outcome>>, Option<bool>) {
    let scorers: Vec<_> = Registry::builtin().build("function-call").into_iter().collect();
    let mut scores = Scores::new(0, &scorers);
    let pass = Pass::new(&scorers).keys(keys).form(form).block(PLAIN.1);
    let Ok(summary) = pass.run(line, &mut scores) else {
        return (Vec::new(), None); // compressed, which is said
    };
    let adds_up = summary.adds_up() && scores.outcomes().total() == scores.rows();
    let of = |row| adds_up.then(|| scores.outcome(row));
    ((0..scores.rows()).map(of).collect(), scores.passed(0, 0))
}

/// All that a transform gave.
#[derive(Debug, PartialEq, Eq)]
struct Transformed {
    input: Vec<u8>,
    logged: Vec<u8>,
    index: Vec<u8>,
    /// The summary or the error.
    told: String,
}

fn transformed(dataset: impl Read + Send, (threads, block): Work) -> Transformed {
    let (mut input, mut logged, mut index) = (Vec::new(), Vec::new(), Vec::new());
    let mut streams = Streams::new(&mut input, &mut logged, &mut index);
    let threads = NonZeroUsize::new(threads).unwrap_or(NonZeroUsize::MIN);
    let transformer = Transformer::new().bad_rows(BadRowPolicy::Skip);
    let told = transformer.threads(threads).block_size(block).run(dataset, &mut streams);
    drop(streams);
    Transformed { input, logged, index, told: format!("{told:?}") }
}

/// A reader that gives what it has in pieces of odd sizes.
struct Pieces<'a> {
    bytes: &'a [u8],
    state: u32,
}

impl Read for Pieces<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.state = self.state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let size = 1 + (self.state >> 24) as usize % 61;
        let len = size.min(out.len()).min(self.bytes.len());
        out[..len].copy_from_slice(&self.bytes[..len]);
        self.bytes = &self.bytes[len..];
        Ok(len)
    }
}
