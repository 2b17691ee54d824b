//! Goes over a job's rows once: checks them, answers them, and writes the results in another order.

use std::io::{self, BufRead, Write};

use serde_json::{Map, Value, json};

use crate::answer::{RowAnswer, answer};
use crate::dice::{Dice, mix};
use crate::embed;
use crate::record::Kind;
use crate::reply::Failure;
use crate::script::{JobPlan, Rows};
use crate::validate;

/// How many bad lines a refusal names at most.
const COMPLAINTS: usize = 20;

/// Results are shuffled within windows of so many rows or bytes, so that memory stays bounded.
const WINDOW_ROWS: usize = 4096;
const WINDOW_BYTES: usize = 4 << 20;

/// What a job gives its rows.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) seed: u64,
    pub(crate) model: &'a str,
    pub(crate) kind: Kind,
    pub(crate) plan: &'a JobPlan,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) rows: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

impl Job<'_> {
    /// Rows of a file, to result lines in another order.
    pub(crate) fn answer_lines(
        &self,
        mut input: impl BufRead,
        out: &mut impl Write,
    ) -> Result<Counts, Failure> {
        let mut counts = Counts::default();
        let mut complaints: Vec<String> = Vec::new();
        let mut window = Window::new(self);
        let mut line = Vec::new();
        let mut number = 0;
        loop {
            line.clear();
            if input.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            number += 1;
            let text = line.trim_ascii();
            if text.is_empty() {
                continue;
            }
            counts.rows += 1;
            match check_line(self.kind, number, text) {
                Ok(row) if complaints.is_empty() => {
                    self.answer_row(number, row, &mut counts, &mut window, out)?;
                }
                Ok(_) => {}
                Err(complaint) => complaints.push(complaint),
            }
            if complaints.len() == COMPLAINTS {
                break;
            }
        }
        if !complaints.is_empty() {
            return Err(Failure::invalid(complaints.join("\n")));
        }
        if counts.rows == 0 {
            return Err(Failure::invalid("The input file is empty."));
        }
        for n in 0..self.plan.foreign {
            let line = json!({ "key": format!("foreign-{n}"), "response": { "candidates": [] } });
            window.push(serde_json::to_vec(&line).map_err(io::Error::from)?, out)?;
        }
        window.flush(out)?;
        Ok(counts)
    }

    fn answer_row(
        &self,
        number: u64,
        mut row: Map<String, Value>,
        counts: &mut Counts,
        window: &mut Window,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let request = row.remove("request").unwrap_or_default();
        let key = row.get("key").and_then(Value::as_str).map(str::to_owned);
        let mut result = echo(row);
        let fate = self.fate(number, key.as_deref());
        if fate == Fate::Missing {
            return Ok(());
        }
        self.fill(&mut result, number, &request, fate, counts);
        let mut line = serde_json::to_vec(&result)?;
        if fate == Fate::Unparsable {
            line.truncate(line.len() / 2);
        }
        if fate == Fate::Doubled {
            window.push(line.clone(), out)?;
        }
        window.push(line, out)
    }

    /// Rows of the create's own body, to result lines in the same order.
    pub(crate) fn answer_inlined(
        &self,
        rows: &[Value],
        out: &mut impl Write,
    ) -> Result<Counts, Failure> {
        let mut counts = Counts::default();
        for (number, row) in (1..).zip(rows) {
            let Some(request) = row.get("request") else {
                return Err(Failure::invalid(format!(
                    "* BatchGenerateContentRequest.batch.input_config.requests.requests[{}]\
                     .request: request is not specified\n",
                    number - 1
                )));
            };
            counts.rows += 1;
            let metadata = row.get("metadata");
            let key = metadata.and_then(|metadata| metadata.get("key")).and_then(Value::as_str);
            let mut result = Map::new();
            if let Some(metadata) = metadata {
                result.insert("metadata".into(), metadata.clone());
            }
            let fate = self.fate(number, key);
            if fate == Fate::Missing {
                continue;
            }
            self.fill(&mut result, number, request, fate, &mut counts);
            for _ in 0..if fate == Fate::Doubled { 2 } else { 1 } {
                serde_json::to_writer(&mut *out, &result).map_err(io::Error::from)?;
                out.write_all(b"\n")?;
            }
        }
        Ok(counts)
    }

    /// Puts the answer into a result row and counts it.
    fn fill(
        &self,
        result: &mut Map<String, Value>,
        number: u64,
        request: &Value,
        fate: Fate,
        counts: &mut Counts,
    ) {
        let own = mix(self.seed, &[b"response", self.model.as_bytes(), &number.to_le_bytes()]);
        let id = Dice::new(own).id(22);
        let answer = match fate {
            Fate::Failing => {
                counts.failed += 1;
                let (name, error) = row_error(self.plan);
                result.insert(name.into(), error);
                return;
            }
            Fate::Truncated => {
                RowAnswer::Response(ended("MAX_TOKENS", Some("I th"), self.model, &id))
            }
            Fate::Empty => RowAnswer::Response(ended("STOP", None, self.model, &id)),
            Fate::Blocked => RowAnswer::Response(json!({
                "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" },
                "modelVersion": self.model,
                "responseId": id,
            })),
            _ if self.kind == Kind::Embed => {
                RowAnswer::Response(embed::answer(self.seed, self.model, request))
            }
            Fate::Missing | Fate::Unparsable | Fate::Doubled | Fate::Own => {
                answer(self.seed, self.model, request, &id)
            }
        };
        match answer {
            RowAnswer::Response(mut response) => {
                if let (Some(version), Kind::Generate) = (&self.plan.model_version, self.kind) {
                    response["modelVersion"] = version.as_str().into();
                }
                counts.succeeded += 1;
                result.insert("response".into(), response);
            }
            RowAnswer::Error { code, message } => {
                counts.failed += 1;
                result.insert("error".into(), json!({ "code": code, "message": message }));
            }
        }
    }

    /// What the script wants of a row.
    fn fate(&self, number: u64, key: Option<&str>) -> Fate {
        let plan = self.plan;
        let picks = |rows: &Rows, name: &str| {
            let by_chance = rows.share > 0.0 && {
                let own = mix(self.seed, &[name.as_bytes(), &number.to_le_bytes()]);
                Dice::new(own).chance(rows.share)
            };
            rows.lines.contains(&number)
                || key.is_some_and(|key| rows.keys.iter().any(|known| known == key))
                || by_chance
        };
        [
            (&plan.missing, "missing", Fate::Missing),
            (&plan.failing, "failing", Fate::Failing),
            (&plan.blocked, "blocked", Fate::Blocked),
            (&plan.truncated, "truncated", Fate::Truncated),
            (&plan.empty, "empty", Fate::Empty),
            (&plan.unparsable, "unparsable", Fate::Unparsable),
            (&plan.doubled, "doubled", Fate::Doubled),
        ]
        .into_iter()
        .find(|(rows, name, _)| picks(rows, name))
        .map_or(Fate::Own, |(_, _, fate)| fate)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Own,
    Missing,
    Failing,
    Blocked,
    Truncated,
    Empty,
    Unparsable,
    Doubled,
}

/// The error of a row that the script lets fail, and the field that it stands in.
fn row_error(plan: &JobPlan) -> (&'static str, Value) {
    let Some(own) = &plan.row_error else {
        return ("error", json!({ "code": 13, "message": "Internal error encountered." }));
    };
    let mut error = json!({ "code": own.code, "message": own.message });
    if !own.details.is_empty() {
        error["details"] = own.details.clone().into();
    }
    (if own.as_status { "status" } else { "error" }, error)
}

/// An answer of one candidate that ended for `reason`, with some text or no content at all.
fn ended(reason: &str, text: Option<&str>, model: &str, id: &str) -> Value {
    let mut candidate = json!({ "finishReason": reason, "index": 0 });
    if let Some(text) = text {
        candidate["content"] = json!({ "role": "model", "parts": [{ "text": text }] });
    }
    json!({ "candidates": [candidate], "modelVersion": model, "responseId": id })
}

/// Parses a line and checks the request in it; says what create says about a bad one.
fn check_line(kind: Kind, number: u64, line: &[u8]) -> Result<Map<String, Value>, String> {
    let wrong = |column: usize, what: &str| {
        format!("Error on line {number}: invalid JSON, near column {column}: {what}")
    };
    let row: Value = serde_json::from_slice(line).map_err(|error| {
        let what = error.to_string();
        let what = what.split(" at line ").next().unwrap_or_default();
        wrong(error.column(), what)
    })?;
    let Value::Object(row) = row else {
        let begins = line.first().copied().map_or(' ', char::from);
        return Err(wrong(1, &format!("unexpected character: '{begins}'; expected '{{'")));
    };
    let Some(request) = row.get("request") else {
        return Err(format!("Error on line {number}: request is not specified"));
    };
    let shape = match kind {
        Kind::Generate => "GenerateContentRequest",
        Kind::Embed => "EmbedContentRequest",
    };
    validate::check(shape, request)
        .and_then(|()| validate::check_row(request))
        .map_err(|violation| violation.on_line(number, &String::from_utf8_lossy(line)))?;
    Ok(row)
}

/// What the service echoes of a row: its key and whatever else stood beside the request, with
/// lists come back empty.
fn echo(row: Map<String, Value>) -> Map<String, Value> {
    let kept = |name: &str| !matches!(name, "response" | "error" | "status");
    row.into_iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| (name, if value.is_array() { json!([]) } else { value }))
        .collect()
}

/// Result lines on their way to disorder.
struct Window {
    lines: Vec<Vec<u8>>,
    bytes: usize,
    dice: Dice,
    blank_lines: bool,
}

impl Window {
    fn new(job: &Job<'_>) -> Self {
        let dice = Dice::new(mix(job.seed, &[b"order", job.model.as_bytes()]));
        Self { lines: Vec::new(), bytes: 0, dice, blank_lines: job.plan.blank_lines }
    }

    fn push(&mut self, line: Vec<u8>, out: &mut impl Write) -> io::Result<()> {
        self.bytes += line.len();
        self.lines.push(line);
        if self.lines.len() >= WINDOW_ROWS || self.bytes >= WINDOW_BYTES {
            self.flush(out)?;
        }
        Ok(())
    }

    fn flush(&mut self, out: &mut impl Write) -> io::Result<()> {
        self.dice.shuffle(&mut self.lines);
        self.bytes = 0;
        for line in self.lines.drain(..) {
            out.write_all(&line)?;
            out.write_all(if self.blank_lines { b"\n\n" } else { b"\n" })?;
        }
        Ok(())
    }
}
