//! A row as one line of text: what the page shows when the row is opened.

use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;
use scoring::Json;
use serde_json::{Value, json};

use crate::{RowAnswer, RunRow, Spoken};

/// A part of a row that is longer is cut, so that one row cannot fill the page.
const LONGEST_PART: usize = 1 << 20;
/// What stays of it.
const CUT_TO: usize = 32 << 10;
/// The most that stays of a part that is cut or no JSON, with every byte of it escaped.
const MOST_OF_CUT: usize = 6 * CUT_TO + 64;
/// A model's signature of its thoughts says nothing to a reader, and cannot be packed; a longer one is left out.
const LONGEST_SIGNATURE: usize = 64;
/// How the two spellings of its name go on after [`THOUGHT`], with what they end in.
const SIGNATURES: [&str; 2] = ["Signature\"", "_signature\""];

static THOUGHT: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new("\"thought"));

/// Adds a row; the logged answer stands in the dataset's row.
pub(super) fn row(line: &mut String, row: &RunRow) {
    line.push_str("{\"data\":");
    part(line, Some(row.dataset.get()));
    line.push_str(",\"requests\":");
    list(line, &row.requests, |line, request| {
        part(line, request.as_ref().map(Json::get));
    });
    line.push_str(",\"expected\":");
    part(line, row.expected.as_ref().map(Json::get));
    line.push_str(",\"answers\":");
    list(line, row.answers.get(1..).unwrap_or_default(), answer);
    if row.answers.iter().any(|answer| !answer.judges.is_empty()) {
        line.push_str(",\"judges\":");
        list(line, &row.answers, |line, answer| list(line, &answer.judges, spoken));
    }
    line.push('}');
}

/// How many bytes a row holds.
pub(super) fn held(row: &RunRow) -> usize {
    let json = row.requests.iter().flatten().chain([&row.dataset]).chain(&row.expected);
    let lines = row.answers.iter().filter_map(|answer| answer.line.as_deref());
    let said = judges(row).filter_map(|spoken| spoken.said.as_ref()).map(String::len);
    json.map(|raw| raw.get().len()).chain(lines.map(<[u8]>::len)).chain(said).sum()
}

/// The most bytes that a row comes to as a line.
pub(super) fn most(row: &RunRow) -> usize {
    let of = |json: Option<&Json>| match json.map_or(4, |json| json.get().len()) {
        length if length > LONGEST_PART => MOST_OF_CUT,
        length => length,
    };
    let requests = row.requests.iter().map(|request| of(request.as_ref()));
    let answers = row.answers.iter().skip(1).map(|answer| match (answer.json(), &answer.line) {
        (None, Some(bytes)) => MOST_OF_CUT.min(6 * bytes.len() + 2),
        (json, _) => of(json),
    });
    let names_and_commas = 80 + row.requests.len() + 4 * row.answers.len();
    let others = of(Some(&row.dataset)) + of(row.expected.as_ref()) + names_and_commas;
    requests.chain(answers).chain(judges(row).map(most_said)).sum::<usize>() + others
}

fn judges(row: &RunRow) -> impl Iterator<Item = &Spoken> {
    row.answers.iter().flat_map(|answer| &answer.judges)
}

/// The most bytes that it comes to, with every byte escaped.
fn most_said(Spoken { scorer, said, .. }: &Spoken) -> usize {
    64 + 6 * scorer.len() + MOST_OF_CUT.min(6 * said.as_ref().map_or(0, String::len))
}

fn list<T>(line: &mut String, items: &[T], mut item: impl FnMut(&mut String, &T)) {
    for (at, one) in items.iter().enumerate() {
        line.push(if at == 0 { '[' } else { ',' });
        item(line, one);
    }
    line.push_str(if items.is_empty() { "[]" } else { "]" });
}

fn answer(line: &mut String, answer: &RowAnswer) {
    match (answer.json(), &answer.line) {
        (None, Some(bytes)) => {
            let start = bytes.get(..bytes.len().min(CUT_TO)).unwrap_or_default();
            line.push_str(&Value::from(String::from_utf8_lossy(start)).to_string());
        }
        (json, _) => part(line, json.map(Json::get)),
    }
}

/// Adds what a judge said.
fn spoken(line: &mut String, Spoken { scorer, second, said }: &Spoken) {
    let said =
        said.as_deref().map(|said| if said.len() > CUT_TO { cut(said) } else { said.into() });
    line.push_str(&json!([scorer, u8::from(*second), said]).to_string());
}

/// What stands in the place of a text that is too long.
fn cut(text: &str) -> Value {
    json!({"cut_of": text.len(), "text": text.get(..text.floor_char_boundary(CUT_TO))})
}

/// Adds a piece of JSON on one line, as it came but for what is of no use, or what stands in the place of one that is
/// too long.
fn part(line: &mut String, json: Option<&str>) {
    match json {
        None => line.push_str("null"),
        Some(json) if json.len() > LONGEST_PART => line.push_str(&cut(json).to_string()),
        Some(json) if memchr2(b'\n', b'\r', json.as_bytes()).is_none() => unsigned(line, json),
        // Only between values can there be a line end.
        Some(json) => unsigned(line, &json.replace(['\n', '\r'], " ")),
    }
}

/// Adds JSON, with how long they were in the place of signatures.
fn unsigned(line: &mut String, json: &str) {
    let mut rest = json;
    while let Some((before, signature, after)) = next_signature(rest) {
        line.push_str(before);
        if signature.len() > LONGEST_SIGNATURE {
            line.extend(["(", &signature.len().to_string(), " characters)"]);
        } else {
            line.push_str(signature);
        }
        rest = after;
    }
    line.push_str(rest);
}

/// The inside of the first signature, with what comes before and after it.
///
/// Text that is JSON holds a name in its quotes nowhere but where that is a string of its own, for a quote inside a
/// string has a backslash before it.
fn next_signature(json: &str) -> Option<(&str, &str, &str)> {
    let end = THOUGHT.find_iter(json.as_bytes()).find_map(|start| {
        let after = start + THOUGHT.needle().len();
        let rest = json.get(after..)?;
        let name = SIGNATURES.iter().find(|name| rest.starts_with(**name))?;
        Some(after + name.len())
    })?;
    let space = |text: &str| text.len() - text.trim_ascii_start().len();
    let colon = end + space(json.get(end..)?);
    let value = json.get(colon..)?.strip_prefix(':').map(|rest| colon + 1 + space(rest));
    let inside = value.filter(|at| json.get(*at..).is_some_and(|rest| rest.starts_with('"')));
    // Whatever else stands there is left as it is: an empty one.
    let Some(inside) = inside.map(|at| at + 1) else {
        return Some((json.get(..end)?, "", json.get(end..)?));
    };
    let length = json.get(inside..)?.find(['"', '\\'])?;
    let (before, rest) = json.split_at(inside);
    let (signature, after) = rest.split_at(length);
    Some((before, signature, after))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(json: &str) -> String {
        let mut line = String::new();
        part(&mut line, Some(json));
        line
    }

    #[test]
    fn signatures_are_left_out_and_nothing_else() {
        let long = "Zm9v".repeat(100);
        let signed = format!(
            r#"{{"thoughtSignature" : "{long}","thought_signature":"{long}","a":"{long}"}}"#
        );
        let want = format!(
            r#"{{"thoughtSignature" : "(400 characters)","thought_signature":"(400 characters)","a":"{long}"}}"#
        );
        assert_eq!(written(&signed), want);
        for kept in [
            r#"{"thoughtSignature":"short"}"#,
            r#"{"thoughtSignature":{"a":"x"},"b":["thoughtSignature","y"]}"#,
            r#"["thoughtSignature"]"#,
            r#""thoughtSignature""#,
        ] {
            assert_eq!(written(kept), kept);
        }
        let quoted = json!({"text": format!("\"thoughtSignature\":\"{long}\"")}).to_string();
        assert_eq!(written(&quoted), quoted);
    }

    proptest! {
        #[test]
        fn whatever_is_left_out_the_rest_is_the_same_json(
            pieces in proptest::collection::vec("(thoughtSignature|thought_signature|\"|\\\\|:|[ a\n])".prop_map(String::from), 0..12),
            long in any::<bool>(),
        ) {
            let signature = if long { pieces.concat() + &"x".repeat(100) } else { pieces.concat() };
            let value = json!({"a": pieces, "thoughtSignature": signature, pieces.concat(): [pieces.concat()]});
            let pretty = serde_json::to_string_pretty(&value).unwrap();
            let line = written(&pretty);
            prop_assert!(!line.contains('\n'));
            let mut back: Value = serde_json::from_str(&line).unwrap();
            if back["thoughtSignature"] != value["thoughtSignature"] {
                prop_assert!(signature.len() > LONGEST_SIGNATURE && back["thoughtSignature"].is_string());
                back["thoughtSignature"] = value["thoughtSignature"].clone();
            }
            prop_assert_eq!(back, value);
        }
    }
}
