//! Result lines and passes in one line each.

use scoring::{Form, FunctionCall, Keys, Outcome, Pass, PassSummary, RowKey, Scorer, Scores};

/// The hash that every key in these tests has.
pub(crate) const HASH: u32 = 0x1f9c_03ab;

pub(crate) fn key(number: u64) -> String {
    RowKey { number, hash: HASH }.to_string()
}

/// A line whose answer calls a function.
pub(crate) fn call(number: u64) -> String {
    with_parts(number, r#"[{"functionCall":{"name":"f","args":{}}}]"#)
}

/// A line whose answer is text.
pub(crate) fn text(number: u64) -> String {
    with_parts(number, r#"[{"text":"no"}]"#)
}

pub(crate) fn with_parts(number: u64, parts: &str) -> String {
    let key = key(number);
    format!(
        r#"{{"response":{{"candidates":[{{"content":{{"parts":{parts}}},"finishReason":"STOP"}}],"usageMetadata":{{"promptTokenCount":80,"totalTokenCount":92}},"modelVersion":"sim-pro"}},"key":"{key}"}}"#
    )
}

pub(crate) fn error(number: u64) -> String {
    let key = key(number);
    format!(r#"{{"key":"{key}","error":{{"code":13,"message":"Internal error encountered."}}}}"#)
}

pub(crate) fn scorers() -> Vec<Box<dyn Scorer>> {
    vec![Box::new(FunctionCall::last_part())]
}

pub(crate) fn file(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// A pass over result lines with our keys.
pub(crate) fn pass(rows: u64, file: impl AsRef<[u8]>) -> (Scores, PassSummary) {
    let check = |key: RowKey| key.hash == HASH;
    run(rows, Keys::checked(0..rows, &check), Form::Results, file.as_ref())
}

pub(crate) fn run(rows: u64, keys: Keys<'_>, form: Form, file: &[u8]) -> (Scores, PassSummary) {
    let scorers = scorers();
    let mut scores = Scores::new(rows, &scorers);
    let pass = Pass::new(&scorers).keys(keys).form(form);
    let summary = pass.run(file, &mut scores).unwrap();
    assert!(summary.adds_up(), "{summary:?}");
    assert_eq!(scores.outcomes().total(), scores.rows());
    (scores, summary)
}

/// One letter a row: outcomes in capitals where the row passed.
pub(crate) fn letters(scores: &Scores) -> String {
    let letter = |row| {
        let letter = match scores.outcome(row) {
            Outcome::Answered => 'a',
            Outcome::Truncated => 't',
            Outcome::Blocked => 'b',
            Outcome::Empty => 'e',
            Outcome::Error => 'x',
            Outcome::Conflict => 'c',
            Outcome::Unparsable => 'u',
            _ => '-',
        };
        match scores.passed(0, row) {
            Some(true) => letter.to_ascii_uppercase(),
            None if scores.outcome(row).is_scored() => '?',
            Some(false) | None => letter,
        }
    };
    (0..scores.rows()).map(letter).collect()
}
