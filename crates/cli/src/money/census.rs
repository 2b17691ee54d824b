//! Looks at the rows that will be sent, and at what was logged of them, for a forecast.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};

use batch_cost::{Census, CensusRow, Logged, Reservoir};
use jsonl_transform::member;
use run_store::{MadeInput, RunPaths, StoreError};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::row_keys;
use crate::stop::{Stop, StopReader};

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
}

fn look(
    stop: &Stop,
    paths: &RunPaths,
    inputs: &[MadeInput],
    variant: u32,
    keep_sample: bool,
) -> Result<Look, Trouble> {
    let rows: u64 = inputs.iter().filter(|i| i.id.variant == variant).map(|i| i.rows).sum();
    let every = rows.div_ceil(LOOKED_INTO).max(1);
    let mut sent = Lines::of(stop, paths, inputs, variant);
    // Sizes as logged are those of the first variant, as far as it changes nothing.
    let mut first = if variant == 0 { None } else { Some(Lines::of(stop, paths, inputs, 0)) };
    let logged = stop.reader(paths.open_file(&paths.logged())?);
    let mut logged = BufReader::with_capacity(1 << 20, logged);
    let mut logged_line = Vec::new();
    let mut census = Census::default();
    let mut kept = Reservoir::new(if keep_sample { COUNTED } else { 0 }, u64::from(variant));
    let mut row = 0u64;
    while let Some(line) = sent.next()? {
        let bytes = request_len(line);
        let as_logged = match &mut first {
            Some(first) => first.next()?.map(request_len),
            None => Some(bytes),
        };
        let number = number(line);
        loop {
            logged_line.clear();
            let read = logged.read_until(b'\n', &mut logged_line)?;
            // Equal rows are sent once but logged each: those without a line of their own go by.
            if read == 0 || number.is_none() || self::number(&logged_line) == number {
                break;
            }
        }
        let mut seen = CensusRow { bytes, ..CensusRow::default() };
        if row.is_multiple_of(every) {
            let request = request(line);
            seen.output_cap = request.as_deref().and_then(output_cap);
            seen.logged = as_logged.and_then(|bytes| usage(&logged_line, bytes));
            if let Some(request) = request.filter(|request| request.get().len() <= MAX_KEPT) {
                kept.offer(|| request);
            }
        }
        census.add(&seen);
        row += 1;
    }
    Ok(Look { census, sample: kept.into_items() })
}

/// The lines of all inputs of a variant, one after another.
struct Lines<'a> {
    stop: &'a Stop,
    paths: &'a RunPaths,
    left: Vec<&'a MadeInput>,
    file: Option<BufReader<StopReader<File>>>,
    line: Vec<u8>,
}

impl<'a> Lines<'a> {
    fn of(stop: &'a Stop, paths: &'a RunPaths, inputs: &'a [MadeInput], variant: u32) -> Self {
        let mut left: Vec<_> = inputs.iter().filter(|i| i.id.variant == variant).collect();
        left.sort_by_key(|input| std::cmp::Reverse(input.id.shard));
        Self { stop, paths, left, file: None, line: Vec::new() }
    }

    fn next(&mut self) -> Result<Option<&[u8]>, Trouble> {
        loop {
            if let Some(file) = &mut self.file {
                self.line.clear();
                if file.read_until(b'\n', &mut self.line)? > 0 {
                    return Ok(Some(&self.line));
                }
            }
            let Some(input) = self.left.pop() else { return Ok(None) };
            let file = self.paths.open_file(&self.paths.input(input.id))?;
            self.file = Some(BufReader::with_capacity(1 << 20, self.stop.reader(file)));
        }
    }
}

/// How long the request of an input line is: our own writing, `{"key":"…","request":…}` and a line
/// end.
fn request_len(line: &[u8]) -> u64 {
    let around = br#"{"key":"r00000000-00000000","request":}"#.len() + 1;
    line.len().saturating_sub(around) as u64
}

/// The row's number in the key that a line begins with.
fn number(line: &[u8]) -> Option<u64> {
    row_keys::of_line(line).map(|key| key.number())
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

/// What the logged response of a row took, if it says so in the usual way.
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
        assert_eq!(request_len(&line), request.get().len() as u64);
        assert_eq!((number(&line), output_cap(&request)), (Some(42), Some(7)));
        let logged = br#"{"key":"r00000042-1f9c03ab","response":{"usageMetadata":{"promptTokenCount":5,"candidatesTokenCount":3,"thoughtsTokenCount":4}},"row":{}}"#;
        let expected = Logged { bytes: 9, prompt: Some(5), output: Some(7) };
        assert_eq!(usage(logged, 9), Some(expected));
        assert_eq!(usage(br#"{"key":"r00000042-1f9c03ab","row":{}}"#, 9), None);
    }
}
