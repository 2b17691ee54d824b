//! What the page's script reads: the report and the rows, as JSON.

use std::io::{self, Write};

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::PageRows;
use crate::{JudgeResult, Report, RowAnswer, RunRow, sentences};

/// A part of a row that is longer is cut, so that one row cannot fill the page.
const LONGEST_PART: usize = 1 << 20;
/// What stays of it.
const CUT_TO: usize = 32 << 10;

/// The report and what belongs to it, safe inside a script element.
pub(super) fn meta(report: &Report, about: &PageRows<'_>) -> io::Result<String> {
    let baseline = report.baseline.as_ref();
    let baseline = baseline.and_then(|title| about.columns.iter().position(|one| one == title));
    let meta = json!({
        "report": report,
        "sentences": sentences::below(report),
        "judges": report.judges.iter().map(JudgeResult::sentences).collect::<Vec<_>>(),
        "warnings": sentences::warnings(report),
        "columns": about.columns,
        "fields": about.fields,
        "baseline": baseline,
    });
    Ok(inert(&serde_json::to_string(&meta)?))
}

/// JSON in which nothing can end the element it stands in: those characters only come inside strings.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len() + json.len() / 16);
    for letter in json.chars() {
        match letter {
            '<' => text.push_str("\\u003c"),
            '>' => text.push_str("\\u003e"),
            '&' => text.push_str("\\u0026"),
            '\u{2028}' => text.push_str("\\u2028"),
            '\u{2029}' => text.push_str("\\u2029"),
            letter => text.push(letter),
        }
    }
    text
}

/// A script element that holds data; `text` has to be base64 or from here.
pub(super) fn script(out: &mut impl Write, kind: &str, id: &str, text: &str) -> io::Result<()> {
    writeln!(out, "<script type=\"{kind}\" id=\"{id}\">{text}</script>")
}

/// A row as one line; the logged answer stands in the dataset's row.
pub(super) fn row(row: &RunRow) -> String {
    let mut line = String::from("{\"data\":");
    part(&mut line, Some(row.dataset.get()));
    line.push_str(",\"requests\":");
    list(&mut line, &row.requests, |line, request| {
        part(line, request.as_deref().map(RawValue::get));
    });
    line.push_str(",\"expected\":");
    part(&mut line, row.expected.as_deref().map(RawValue::get));
    line.push_str(",\"answers\":");
    list(&mut line, row.answers.get(1..).unwrap_or_default(), answer);
    line.push('}');
    line
}

fn list<T>(line: &mut String, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    for (at, one) in items.iter().enumerate() {
        line.push(if at == 0 { '[' } else { ',' });
        item(line, one);
    }
    line.push_str(if items.is_empty() { "[]" } else { "]" });
}

fn answer(line: &mut String, answer: &RowAnswer) {
    match (answer.raw(), &answer.line) {
        (Some(raw), _) => part(line, Some(raw.get())),
        (None, Some(bytes)) => {
            let start = bytes.get(..bytes.len().min(CUT_TO)).unwrap_or_default();
            line.push_str(&Value::from(String::from_utf8_lossy(start)).to_string());
        }
        (None, None) => part(line, None),
    }
}

/// Adds a piece of JSON as it came, on one line, or what stands in the place of one that is too long.
fn part(line: &mut String, json: Option<&str>) {
    match json {
        None => line.push_str("null"),
        Some(json) if json.len() > LONGEST_PART => {
            let start = json.get(..json.floor_char_boundary(CUT_TO)).unwrap_or_default();
            line.push_str(&json!({"cut_of": json.len(), "text": start}).to_string());
        }
        Some(json) if !json.contains(['\n', '\r']) => line.push_str(json),
        // Only between values can there be a line end.
        Some(json) => {
            line.extend(json.chars().map(|c| if c == '\n' || c == '\r' { ' ' } else { c }));
        }
    }
}
