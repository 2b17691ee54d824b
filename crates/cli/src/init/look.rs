//! What the first rows of a dataset look like: who answered, what was declared, what came back, what stands beside.

use std::collections::BTreeMap;
use std::io;

use jsonl_transform::{Dataset, LineContent, LineReader};
use scoring::Row;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::words;

/// So many rows are looked at.
const ROWS: u64 = 2_000;
/// Longer lines are passed over, so that a look stays small.
const LONGEST: usize = 8 << 20;
/// Different values that are told apart.
const DISTINCT: usize = 2_000;
/// A value longer than this is no name of a group.
const LONG_VALUE: usize = 60;
/// Fields of a row are looked at to this depth.
const DEPTH: usize = 4;

/// How often each of some values was met.
#[derive(Debug, Default)]
pub(super) struct Seen {
    values: BTreeMap<String, u64>,
    /// Met, but beyond the values that are told apart, or too long to be one.
    pub(super) others: u64,
}

impl Seen {
    fn add(&mut self, value: &str) {
        if value.len() > LONG_VALUE
            || (self.values.len() >= DISTINCT && !self.values.contains_key(value))
        {
            self.others += 1;
        } else {
            *self.values.entry(value.to_owned()).or_default() += 1;
        }
    }

    pub(super) fn distinct(&self) -> usize {
        self.values.len()
    }

    pub(super) fn rows(&self) -> u64 {
        self.values.values().sum::<u64>() + self.others
    }

    /// The values, the most frequent first.
    pub(super) fn most(&self) -> Vec<(&str, u64)> {
        let mut most: Vec<_> = self.values.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        most.sort_by(|one, other| other.1.cmp(&one.1).then(one.0.cmp(other.0)));
        most
    }
}

/// What was seen.
#[derive(Debug, Default)]
pub(super) struct Look {
    /// Rows with a request.
    pub(super) rows: u64,
    /// Lines that are none.
    pub(super) unreadable: u64,
    /// Whether these are all rows.
    pub(super) whole: bool,
    pub(super) models: Seen,
    /// Functions that requests declare, each once a row.
    pub(super) functions: Seen,
    pub(super) with_tools: u64,
    pub(super) with_response: u64,
    /// Logged answers whose last part is a call, and those with a call anywhere.
    pub(super) last_calls: u64,
    pub(super) calls: u64,
    /// Logged answers that are text, and those of them that are JSON.
    pub(super) texts: u64,
    pub(super) jsons: u64,
    /// Short texts that were answered.
    pub(super) answers: Seen,
    /// Requests that ask for JSON.
    pub(super) asks_json: u64,
    /// Scalar fields beside request and response, by their JSON Pointer.
    pub(super) fields: BTreeMap<String, Seen>,
}

impl Look {
    /// Looks at the first rows.
    pub(super) fn at(dataset: &Dataset<'_>) -> io::Result<Self> {
        let mut look = Self::default();
        let mut lines = LineReader::open(dataset.reader(), LONGEST)?;
        while let Some(line) = lines.next_line()? {
            if look.rows + look.unreadable >= ROWS {
                return Ok(look);
            }
            match line.content {
                LineContent::Text(text) if text.trim_ascii().is_empty() => {}
                LineContent::Text(text) => look.add(text),
                LineContent::TooLong { .. } => look.unreadable += 1,
            }
        }
        look.whole = true;
        Ok(look)
    }

    /// `all 85 rows`, `the only row`, or `the first 2,000 rows`, of those without a request too.
    pub(super) fn extent(&self) -> String {
        match (self.whole, self.rows + self.unreadable) {
            (true, 1) => "the only row".to_owned(),
            (true, rows) => format!("all {} rows", words::grouped(rows)),
            (false, rows) => format!("the first {} rows", words::grouped(rows)),
        }
    }

    fn add(&mut self, line: &[u8]) {
        let row = serde_json::from_slice::<Value>(line).ok();
        let Some(row) = row.filter(|row| row["request"].is_object()) else {
            self.unreadable += 1;
            return;
        };
        self.rows += 1;
        self.request(&row["request"]);
        if let Some(response) = row.get("response").filter(|response| response.is_object()) {
            self.response(response);
        }
        for (name, value) in row.as_object().into_iter().flatten() {
            if !["request", "response", "key"].contains(&name.as_str()) {
                self.field(&format!("/{}", escaped(name)), value, 1);
            }
        }
    }

    fn request(&mut self, request: &Value) {
        if let Some(model) = request["model"].as_str() {
            self.models.add(model.strip_prefix("models/").unwrap_or(model));
        }
        let names = functions(request);
        self.with_tools += u64::from(!names.is_empty());
        for name in &names {
            self.functions.add(name);
        }
        let config = either(request, "generationConfig", "generation_config");
        let kind = either(config, "responseMimeType", "response_mime_type");
        let schema = either(config, "responseSchema", "response_schema");
        let asks = kind.as_str() == Some("application/json") || schema.is_object();
        self.asks_json += u64::from(asks);
    }

    fn response(&mut self, response: &Value) {
        self.with_response += 1;
        let line = serde_json::json!({"response": response}).to_string();
        let Ok(line) = RawValue::from_string(line) else { return };
        let row = Row::of_line(0, &line);
        let is_call = |part: &scoring::View<'_>| part.has("functionCall");
        let parts = || row.parts().into_iter().flat_map(scoring::View::elements);
        self.last_calls += u64::from(row.last_part().as_ref().is_some_and(is_call));
        self.calls += u64::from(parts().any(|part| is_call(&part)));
        let is_thought = |part: &scoring::View<'_>| {
            part.get("thought").and_then(scoring::View::as_bool) == Some(true)
        };
        let texts = parts()
            .filter(|part| !is_thought(part))
            .filter_map(|part| Some(part.get("text")?.as_str()?.into_owned()));
        let text: String = texts.collect();
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        self.texts += 1;
        let json = serde_json::from_str::<Value>(text).ok();
        self.jsons += u64::from(json.is_some_and(|json| json.is_object() || json.is_array()));
        self.answers.add(text);
    }

    fn field(&mut self, pointer: &str, value: &Value, depth: usize) {
        match value {
            Value::Object(members) if depth < DEPTH => {
                for (name, value) in members {
                    self.field(&format!("{pointer}/{}", escaped(name)), value, depth + 1);
                }
            }
            Value::String(text) => self.scalar(pointer, text),
            Value::Number(_) | Value::Bool(_) => self.scalar(pointer, &value.to_string()),
            _ => {}
        }
    }

    fn scalar(&mut self, pointer: &str, value: &str) {
        if self.fields.len() < 200 || self.fields.contains_key(pointer) {
            self.fields.entry(pointer.to_owned()).or_default().add(value);
        }
    }

    /// Fields that cut the rows into few groups.
    pub(super) fn slices(&self) -> impl Iterator<Item = (&str, &Seen)> {
        let few = |seen: &Seen| (2..=12).contains(&seen.distinct()) && seen.others == 0;
        let often =
            |seen: &Seen| seen.rows() * 2 >= self.rows && self.rows >= 4 * seen.distinct() as u64;
        self.fields
            .iter()
            .filter(move |(_, seen)| few(seen) && often(seen))
            .map(|(pointer, seen)| (pointer.as_str(), seen))
    }

    /// Fields whose values come back, as a conversation's name does: such rows are not independent.
    pub(super) fn clusters(&self) -> impl Iterator<Item = (&str, &Seen)> {
        let many = |seen: &Seen| seen.distinct() > 12 && seen.others == 0;
        let again = |seen: &Seen| seen.distinct() as u64 * 2 <= seen.rows();
        self.fields
            .iter()
            .filter(move |(_, seen)| many(seen) && again(seen))
            .map(|(pointer, seen)| (pointer.as_str(), seen))
    }

    /// A field that is called as expected answers are.
    pub(super) fn expected(&self) -> Option<&str> {
        const NAMES: [&str; 8] = [
            "expected",
            "expected_output",
            "answer",
            "label",
            "target",
            "gold",
            "reference",
            "truth",
        ];
        let named = |pointer: &&str| {
            let name = pointer.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
            NAMES.contains(&name.as_str())
        };
        self.fields.keys().map(String::as_str).find(named)
    }
}

/// The names of the functions that a request declares.
fn functions(request: &Value) -> Vec<String> {
    let tools = request["tools"].as_array().into_iter().flatten();
    let declared = tools.filter_map(|tool| {
        either(tool, "functionDeclarations", "function_declarations").as_array()
    });
    let names = declared.flatten().filter_map(|function| function["name"].as_str());
    let mut names: Vec<String> = names.map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn either<'v>(value: &'v Value, name: &str, other: &str) -> &'v Value {
    value.get(name).unwrap_or(&value[other])
}

/// A name as a token of a JSON Pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
