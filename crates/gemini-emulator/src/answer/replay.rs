//! Answers out of a dataset: the logged response of an equal request.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use twox_hash::XxHash3_64;

use super::canonical::canonical;
use super::{Answerer, RowAnswer, RowAsk};

/// A row of the dataset; whatever else stands in it is not looked at.
#[derive(Debug, Deserialize)]
struct Logged<'a> {
    #[serde(borrow)]
    request: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// A dataset and where in it each request's row begins.
#[derive(Debug)]
pub(crate) struct Replay {
    index: HashMap<u64, u64>,
    dataset: Mutex<BufReader<File>>,
}

impl Replay {
    /// Reads `path` once; keeps 16 bytes and a hash table's room for each request.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut dataset = BufReader::with_capacity(1 << 16, File::open(path)?);
        let mut index = HashMap::new();
        let mut line = Vec::new();
        let mut offset = 0;
        let mut number: u64 = 0;
        loop {
            line.clear();
            let length = dataset.read_until(b'\n', &mut line)? as u64;
            if length == 0 {
                break;
            }
            number += 1;
            if !line.trim_ascii().is_empty() {
                let wrong = |error| io::Error::other(format!("line {number}: {error}"));
                let row: Logged<'_> = serde_json::from_slice(&line).map_err(wrong)?;
                if let (Some(request), true) = (row.request, row.is_answered()) {
                    index.entry(hash(&canonical(request).map_err(wrong)?)).or_insert(offset);
                }
            }
            offset += length;
        }
        tracing::debug!(requests = index.len(), "replay dataset indexed");
        Ok(Self { index, dataset: Mutex::new(dataset) })
    }

    fn find(&self, request: &RawValue) -> io::Result<Option<RowAnswer>> {
        let wanted = canonical(request)?;
        let Some(&offset) = self.index.get(&hash(&wanted)) else { return Ok(None) };
        let mut line = Vec::new();
        {
            let mut dataset = self.dataset.lock().unwrap_or_else(PoisonError::into_inner);
            dataset.seek(SeekFrom::Start(offset))?;
            dataset.read_until(b'\n', &mut line)?;
        }
        let row: Logged<'_> = serde_json::from_slice(&line)?;
        match row.request {
            // Two requests of one hash: the first has it.
            Some(found) if canonical(found)? != wanted => Ok(None),
            _ => row.answer(),
        }
    }
}

impl Logged<'_> {
    fn is_answered(&self) -> bool {
        self.response.or(self.error).is_some_and(|value| value.get().starts_with('{'))
    }

    fn answer(&self) -> io::Result<Option<RowAnswer>> {
        if let Some(response) = self.response.filter(|value| value.get().starts_with('{')) {
            return Ok(Some(RowAnswer::Verbatim(response.to_owned())));
        }
        let Some(error) = self.error else { return Ok(None) };
        let error: Value = serde_json::from_str(error.get())?;
        let code = error["code"].as_i64().and_then(|code| i32::try_from(code).ok()).unwrap_or(2);
        let message = error["message"].as_str().unwrap_or_default();
        Ok(Some(RowAnswer::error(code, message)))
    }
}

fn hash(text: &str) -> u64 {
    XxHash3_64::oneshot(text.as_bytes())
}

#[async_trait]
impl Answerer for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn description(&self) -> &'static str {
        "A model of the emulator; it answers as a logged dataset does."
    }

    async fn answer(&self, row: RowAsk<'_>) -> RowAnswer {
        match self.find(row.request) {
            Ok(Some(answer)) => answer,
            Ok(None) => RowAnswer::error(5, "not in the replay dataset"),
            Err(error) => {
                tracing::warn!(?error, "failed to read the replay dataset");
                RowAnswer::error(13, "failed to read the replay dataset")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const DATASET: &str = concat!(
        r#"{"key":"a","request":{"model":"x","contents":[{"parts":[{"text":"one"}]}]},"response":{"n":1.50,"b":[],"a":1}}"#,
        "\r\n\n",
        r#"{"request":{"contents":[{"parts":[{"text":"two"}]}]},"error":{"code":8,"message":"no"}}"#,
        "\n",
        r#"{"request":{"contents":[{"parts":[{"text":"one"}]}]},"response":{"n":2}}"#,
        "\n",
        r#"{"request":{"contents":[{"parts":[{"text":"unanswered"}]}]},"response":null}"#,
    );

    fn said(replay: &Replay, request: &str) -> RowAnswer {
        let request: Box<RawValue> = serde_json::from_str(request).unwrap();
        let row = RowAsk { model: "m", request: &request, response_id: "r" };
        replay.answer(row).now_or_never().unwrap()
    }

    #[test]
    fn equal_requests_get_their_logged_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.jsonl");
        std::fs::write(&path, DATASET).unwrap();
        let replay = Replay::open(&path).unwrap();
        let one = said(&replay, r#"{"contents":[ {"parts":[{"text":"\u006fne"}]} ], "model":"y"}"#);
        let RowAnswer::Verbatim(response) = one else { panic!("{one:?}") };
        assert_eq!(response.get(), r#"{"n":1.50,"b":[],"a":1}"#, "the first of equals, as it was");
        for (text, code, message) in [
            ("two", 8, "no"),
            ("three", 5, "not in the replay dataset"),
            ("unanswered", 5, "not in the replay dataset"),
        ] {
            let request = format!(r#"{{"contents":[{{"parts":[{{"text":"{text}"}}]}}]}}"#);
            let RowAnswer::Error { code: c, message: m } = said(&replay, &request) else {
                panic!("{text}")
            };
            assert_eq!((c, m.as_str()), (code, message));
        }
    }

    #[test]
    fn a_broken_dataset_is_refused_by_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("d.jsonl");
        std::fs::write(&path, "{}\n{\n").unwrap();
        let error = Replay::open(&path).unwrap_err().to_string();
        assert!(error.starts_with("line 2: "), "{error}");
    }
}
