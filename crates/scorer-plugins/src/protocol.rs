//! What is said between the host and a plugin's process: `batch-eval-scorer/1`, one JSON object a line.

use std::borrow::Cow;
use std::io::Write as _;
use std::time::Duration;

use scoring::{Needs, Row, Verdict};
use serde::Deserialize;
use serde_json::Value;

use crate::gate;

/// The version of the protocol.
pub const PROTOCOL: u64 = 1;

/// Readers of JSON in other languages give up at a depth of about a thousand.
const DEEPEST: usize = 512;

/// The longest message, in bytes.
const LONGEST: usize = 64 << 20;

/// The first line of the host.
pub(crate) fn hello(row_limit: Duration) -> Vec<u8> {
    let milliseconds = u64::try_from(row_limit.as_millis()).unwrap_or(u64::MAX);
    let hello = serde_json::json!({
        "batch_eval_scorer": PROTOCOL, "min": PROTOCOL, "features": ["batch", "plain", "marshal"], "row_limit_ms": milliseconds,
    });
    format!("{hello}\n").into_bytes()
}

/// What a plugin says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hello {
    /// Its own name; empty if it states none.
    pub name: String,
    /// Its own version; empty if it states none.
    pub version: String,
    /// Whether it takes many rows in one message.
    pub takes_batches: bool,
    /// Whether these rows are the result lines alone; only where it needs nothing else.
    pub takes_plain_rows: bool,
    /// Whether rows of such messages are as Python's `marshal` has them, which is for our own bridge.
    pub takes_marshal: bool,
    /// What of the dataset it looks at.
    pub needs: Needs,
}

#[derive(Deserialize)]
struct RawHello {
    batch_eval_scorer: u64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    version: String,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    error: Option<String>,
}

/// What a process answered to the hello.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    Hello(Hello),
    /// It cannot work, and why.
    Refused(String),
}

pub(crate) fn greeting(line: &[u8]) -> Result<Greeting, String> {
    let raw: RawHello = serde_json::from_slice(line).map_err(|error| {
        format!("its first line is {}, which is no hello: {error}", start(line))
    })?;
    if raw.batch_eval_scorer != PROTOCOL {
        let version = raw.batch_eval_scorer;
        return Err(format!("it speaks version {version} of the protocol, and this is {PROTOCOL}"));
    }
    if let Some(error) = raw.error {
        return Ok(Greeting::Refused(error));
    }
    let mut needs = Needs::NOTHING;
    for need in &raw.needs {
        needs = match need.as_str() {
            "request" => needs.and_request(),
            "logged" => needs.and_logged(),
            "expected" => needs.and_expected(),
            _ => return Err(format!("it needs {need:?}; there is request, logged and expected")),
        };
    }
    let has = |name: &str| raw.features.iter().any(|feature| feature == name);
    Ok(Greeting::Hello(Hello {
        takes_batches: has("batch"),
        takes_plain_rows: has("batch") && has("plain") && !needs.any(),
        takes_marshal: has("batch") && has("marshal"),
        name: raw.name,
        version: raw.version,
        needs,
    }))
}

/// Appends the members of a row's object, without the braces around them.
///
/// # Errors
/// Why the row cannot be handed to anybody: it is unscorable. Nothing is appended then.
pub(crate) fn members(row: &Row<'_>, needs: Needs, out: &mut Vec<u8>) -> Result<(), String> {
    let beside = [
        ("request", needs.request.then_some(row.request)),
        ("logged", needs.logged.then_some(row.logged)),
        ("expected", needs.expected.then_some(row.expected)),
    ];
    let wanted = [("result", Some(Some(row.result)))].into_iter().chain(beside);
    let start = out.len();
    // Writing to a vector cannot fail.
    let _ = write!(out, "\"number\":{},\"key\":{}", row.number, Value::from(row.key));
    for (name, value) in wanted.filter_map(|(name, wanted)| Some((name, wanted?))) {
        let _ = write!(out, ",\"{name}\":");
        let written = match value {
            Some(view) => write_json(view.text().as_bytes(), start, out),
            None => write_json(b"null", start, out),
        };
        if let Err(why) = written {
            out.truncate(start);
            return Err(why);
        }
    }
    Ok(())
}

/// Appends the result line alone.
///
/// # Errors
/// As [`members`].
pub(crate) fn plain(row: &Row<'_>, out: &mut Vec<u8>) -> Result<(), String> {
    write_json(row.result.text().as_bytes(), out.len(), out)
}

/// Appends JSON to what a row has since `start`, on one line.
fn write_json(json: &[u8], start: usize, out: &mut Vec<u8>) -> Result<(), String> {
    if out.len() - start + json.len() > LONGEST {
        return Err(format!("the row is longer than {LONGEST} bytes"));
    }
    gate::check(json, DEEPEST).map_err(|why| format!("the row {why}"))?;
    out.extend_from_slice(&on_one_line(json));
    Ok(())
}

/// Ends of lines can stand only where spaces may.
fn on_one_line(json: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr2(b'\n', b'\r', json).is_none() {
        return json.into();
    }
    json.iter().map(|byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { *byte }).collect()
}

/// An answer: which question, and the verdicts; why there are none if the question could not be read.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) id: u64,
    pub(crate) verdicts: Result<Vec<Verdict>, String>,
}

#[derive(Deserialize)]
struct RawAnswer {
    id: Option<u64>,
    batch: Option<u64>,
    verdicts: Option<Vec<Value>>,
    error: Option<String>,
    pass: Option<Value>,
    score: Option<Value>,
    label: Option<Value>,
    unscorable: Option<Value>,
}

/// Reads an answer.
///
/// # Errors
/// Why the line is none.
pub(crate) fn answer(line: &[u8]) -> Result<Answer, String> {
    let raw: RawAnswer = serde_json::from_slice(line)
        .map_err(|error| format!("wrote {}, which is no answer: {error}", start(line)))?;
    match (raw.id, raw.batch, raw.verdicts, raw.error) {
        (Some(id), None, None, None) => {
            let verdict = stated([raw.unscorable, raw.pass, raw.score, raw.label]);
            Ok(Answer { id, verdicts: Ok(vec![verdict]) })
        }
        (None, Some(id), Some(values), None) => {
            Ok(Answer { id, verdicts: Ok(values.into_iter().map(verdict).collect()) })
        }
        (None, Some(id), None, Some(error)) | (Some(id), None, None, Some(error)) => {
            Ok(Answer { id, verdicts: Err(reason(error)) })
        }
        _ => Err(format!("wrote {}, which is no answer", start(line))),
    }
}

/// A verdict that is a value, or an object that states one.
fn verdict(value: Value) -> Verdict {
    match value {
        Value::Object(mut members) => {
            stated(["unscorable", "pass", "score", "label"].map(|name| members.remove(name)))
        }
        Value::Bool(pass) => Verdict::Pass(pass),
        Value::Number(number) => grade(&number),
        Value::String(label) => Verdict::Label(label.into()),
        Value::Null => Verdict::unscorable("the scorer said null"),
        Value::Array(_) => Verdict::unscorable("the scorer said an array, which is no verdict"),
    }
}

/// The verdict of what is stated: the first that is there counts, in this order.
fn stated([unscorable, pass, score, label]: [Option<Value>; 4]) -> Verdict {
    match (unscorable, pass, score, label) {
        (Some(Value::String(why)), ..) => Verdict::Unscorable(reason(why).into()),
        (None | Some(Value::Null), Some(Value::Bool(pass)), ..) => Verdict::Pass(pass),
        (None | Some(Value::Null), None | Some(Value::Null), Some(Value::Number(score)), _) => {
            grade(&score)
        }
        (
            None | Some(Value::Null),
            None | Some(Value::Null),
            None | Some(Value::Null),
            Some(Value::String(label)),
        ) => Verdict::Label(label.into()),
        _ => Verdict::unscorable(
            "the scorer stated no pass (a boolean), score (a number), label (a text) or unscorable (a reason)",
        ),
    }
}

fn grade(number: &serde_json::Number) -> Verdict {
    match number.as_f64() {
        Some(grade) if (0.0..=1.0).contains(&grade) => Verdict::Value(grade),
        _ => Verdict::unscorable(format!("the scorer said {number}, which is not in 0..=1")),
    }
}

/// Reasons are kept for reports, which have no room for essays, and where one that says nothing would look lost.
fn reason(mut text: String) -> String {
    if text.trim().is_empty() {
        return "the scorer gave no reason".to_owned();
    }
    if let Some((at, _)) = text.char_indices().nth(300) {
        text.truncate(at);
        text.push('…');
    }
    text
}

/// The beginning of a line that is to be shown.
pub(crate) fn start(line: &[u8]) -> String {
    let start = line.get(..80).unwrap_or(line);
    let more = if start.len() < line.len() { "…" } else { "" };
    format!("{:?}{more}", String::from_utf8_lossy(start))
}
