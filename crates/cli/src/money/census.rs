//! Looks at the rows that will be sent, and at what was logged of them, for a forecast.

use std::io;
use std::ops::Range;

use batch_cost::{Census, CensusRow, Logged, Reservoir};
use jsonl_transform::{IndexError, IndexReader, IndexRecord, member};
use run_store::{MadeInput, RunPaths, StoreError};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::dataset_rows::InputLines;
use crate::nearby::Nearby;
use crate::stop::Stop;

/// So many rows are looked into, evenly spread: more would make no forecast better.
const LOOKED_INTO: u64 = 20_000;
/// So many rows are counted by the service.
const COUNTED: usize = 50;
/// A longer request is not kept to be counted, so that those kept fit into memory.
const MAX_KEPT: usize = 256 << 10;

/// What one variant of the dataset looks like.
#[derive(Debug)]
pub(super) struct Look {
    pub(super) census: Census,
    /// Some of its requests.
    pub(super) sample: Vec<Box<RawValue>>,
}

/// Looks at every variant, one after the other.
pub(super) fn looks(
    stop: &Stop,
    paths: &RunPaths,
    inputs: &[MadeInput],
    variants: u32,
    keep_sample: bool,
) -> Result<Vec<Look>, Trouble> {
    (0..variants).map(|variant| look(stop, paths, inputs, variant, keep_sample)).collect()
}

/// Why the files that were just written cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("failed to read what was prepared")]
    Read(#[from] io::Error),
    #[error("failed to find the rows of what was prepared")]
    Index(#[from] IndexError),
}

fn look(
    stop: &Stop,
    paths: &RunPaths,
    inputs: &[MadeInput],
    variant: u32,
    keep_sample: bool,
) -> Result<Look, Trouble> {
    let mut sent = Sent::open(paths, inputs, variant)?;
    // Sizes as logged are those of the first variant, as far as it changes nothing.
    let mut first = if variant == 0 { None } else { Some(Sent::open(paths, inputs, 0)?) };
    let mut lines = InputLines::of(paths, inputs, variant);
    let mut logged = Nearby::new(paths.open_file(&paths.logged())?);
    let rows: u64 = inputs.iter().filter(|i| i.id.variant == variant).map(|i| i.rows).sum();
    let every = rows.div_ceil(LOOKED_INTO).max(1);
    let mut census = Census::default();
    let mut kept = Reservoir::new(if keep_sample { COUNTED } else { 0 }, u64::from(variant));
    let (mut row, mut line) = (0u64, Vec::new());
    while let Some(spot) = sent.next()? {
        let bytes = request_len(&spot);
        let as_logged = match &mut first {
            Some(first) => first.next()?.as_ref().map(request_len),
            None => Some(bytes),
        };
        let mut seen = CensusRow { bytes, ..CensusRow::default() };
        if row.is_multiple_of(every) {
            stop.check()?;
            lines.line(spot.bytes.start, &mut line)?;
            let request = request(&line);
            seen.output_cap = request.as_deref().and_then(output_cap);
            logged.line(spot.logged, &mut line)?;
            seen.logged = as_logged.and_then(|bytes| usage(&line, bytes));
            if let Some(request) = request.filter(|request| request.get().len() <= MAX_KEPT) {
                kept.offer(|| request);
            }
        }
        census.add(&seen);
        row += 1;
    }
    Ok(Look { census, sample: kept.into_items() })
}

/// Where the lines of the rows lie that are sent under a variant, in their order.
struct Sent {
    index: IndexReader<Nearby>,
    /// The next row of the index.
    row: u64,
    /// A line ends where the next begins, and the last with the inputs.
    next: Option<IndexRecord>,
    end: u64,
}

/// Where a row's lines lie.
struct Spot {
    /// In the inputs.
    bytes: Range<u64>,
    /// Where that in `logged.jsonl` begins.
    logged: u64,
}

impl Sent {
    fn open(paths: &RunPaths, inputs: &[MadeInput], variant: u32) -> Result<Self, Trouble> {
        let file = paths.open_file(&paths.index_of(variant))?;
        let inputs = inputs.iter().filter(|input| input.id.variant == variant);
        let end = inputs.map(|input| input.bytes).sum();
        let mut sent =
            Self { index: IndexReader::open(Nearby::new(file))?, row: 0, next: None, end };
        sent.next = sent.following()?;
        Ok(sent)
    }

    fn next(&mut self) -> Result<Option<Spot>, IndexError> {
        let Some(IndexRecord { input, logged }) = self.next else { return Ok(None) };
        self.next = self.following()?;
        let end = self.next.map_or(self.end, |next| next.input);
        Ok(Some(Spot { bytes: input..end, logged }))
    }

    /// The next record that is not a copy's.
    fn following(&mut self) -> Result<Option<IndexRecord>, IndexError> {
        while self.index.copy_of(self.row)?.is_some() {
            self.row += 1;
        }
        let record = self.index.get(self.row)?;
        self.row += 1;
        Ok(record)
    }
}

/// How long the request in an input line is: our own writing, `{"key":"…","request":…}` and a line
/// end.
fn request_len(spot: &Spot) -> u64 {
    let around = br#"{"key":"r00000000-00000000","request":}"#.len() + 1;
    (spot.bytes.end.saturating_sub(spot.bytes.start)).saturating_sub(around as u64)
}

fn request(line: &[u8]) -> Option<Box<RawValue>> {
    let found = member(line, "request").ok()??;
    let text = std::str::from_utf8(&line[found]).ok()?;
    RawValue::from_string(text.to_owned()).ok()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    #[serde(alias = "generation_config")]
    generation_config: Option<GenerationConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig {
    #[serde(alias = "max_output_tokens")]
    max_output_tokens: Option<u64>,
}

/// The most tokens that a request lets a model answer.
fn output_cap(request: &RawValue) -> Option<u64> {
    let request: Request = serde_json::from_str(request.get()).ok()?;
    request.generation_config?.max_output_tokens
}

#[derive(Deserialize)]
struct LoggedLine {
    response: Option<Response>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response {
    #[serde(alias = "usage_metadata")]
    usage_metadata: Option<UsageMetadata>,
}

#[derive(Deserialize)]
struct UsageMetadata {
    #[serde(rename = "promptTokenCount", alias = "prompt_token_count")]
    prompt: Option<u64>,
    #[serde(rename = "candidatesTokenCount", alias = "candidates_token_count")]
    candidates: Option<u64>,
    #[serde(rename = "thoughtsTokenCount", alias = "thoughts_token_count")]
    thoughts: Option<u64>,
}

/// What a logged line says of it, if it does so in the usual way.
fn usage(line: &[u8], bytes: u64) -> Option<Logged> {
    let logged: LoggedLine = serde_json::from_slice(line).ok()?;
    let usage = logged.response?.usage_metadata?;
    let thoughts = usage.thoughts.unwrap_or(0);
    // A count of zero is left out on the wire; an answer without candidates took no tokens for them.
    let output = usage.candidates.or(usage.thoughts.map(|_| 0));
    let output = output.map(|tokens| tokens.saturating_add(thoughts));
    Some(Logged { bytes, prompt: usage.prompt, output })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_our_own_lines_hold() {
        let line = br#"{"key":"r00000042-1f9c03ab","request":{"generation_config":{"maxOutputTokens":7}}}"#;
        let line = [line.as_slice(), b"\n"].concat();
        let request = request(&line).unwrap();
        let spot = Spot { bytes: 0..line.len() as u64, logged: 0 };
        assert_eq!(request_len(&spot), request.get().len() as u64);
        assert_eq!(output_cap(&request), Some(7));
        let logged = br#"{"key":"r00000042-1f9c03ab","response":{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":3,"thoughtsTokenCount":4}},"row":{}}"#;
        let expected = Logged { bytes: 9, prompt: Some(5), output: Some(7) };
        assert_eq!(usage(logged, 9), Some(expected));
        assert_eq!(usage(br#"{"key":"r00000042-1f9c03ab","row":{}}"#, 9), None);
    }
}
