//! The built-in scorers on rows in one line each, on odd rows, and on random ones.

use crate::{DatasetRow, Json, Registry, Row, Verdict};

mod all;
mod calls;
mod oracle;
mod others;
mod texts;

pub(super) const YES: Verdict = Verdict::Pass(true);
pub(super) const NO: Verdict = Verdict::Pass(false);

/// A row of which only the parts of the answer matter.
pub(super) fn parts(parts: &str) -> String {
    format!(
        r#"{{"response":{{"candidates":[{{"content":{{"parts":{parts}}},"finishReason":"STOP"}}],"modelVersion":"m"}}}}"#
    )
}

/// A row whose answer is this text.
pub(super) fn text(text: &str) -> String {
    parts(&format!(r#"[{{"text":{}}}]"#, serde_json::Value::from(text)))
}

/// Rows without any answer.
pub(super) fn nothing() -> [String; 2] {
    let blocked = r#"{"response":{"promptFeedback":{"blockReason":"SAFETY"}}}"#;
    [blocked.to_owned(), r#"{"response":{"candidates":[]}}"#.to_owned()]
}

/// The dataset's side: other fields, and the logged response of a line.
pub(super) fn beside(fields: &str, logged: Option<&str>) -> DatasetRow {
    let response = logged.map(|line| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        Json::parse(&line["response"].to_string()).unwrap()
    });
    DatasetRow { logged: response, fields: Json::parse(fields), ..DatasetRow::default() }
}

pub(super) fn judge(scorer: &str, line: &str, dataset: &DatasetRow) -> Verdict {
    let scorer =
        Registry::builtin().build(scorer).unwrap_or_else(|error| panic!("{scorer}: {error}"));
    let line = serde_json::from_str(line).unwrap();
    scorer.score(&Row::of_line(0, line).with_dataset(dataset))
}

#[track_caller]
pub(super) fn check(scorer: &str, line: &str, want: &Verdict) {
    assert_eq!(judge(scorer, line, &DatasetRow::default()), *want, "{scorer} {line}");
}

#[track_caller]
pub(super) fn check_beside(scorer: &str, line: &str, dataset: &DatasetRow, want: &Verdict) {
    assert_eq!(judge(scorer, line, dataset), *want, "{scorer} {line}");
}

/// The problem and the hint of a text that builds no scorer.
pub(super) fn problem(scorer: &str) -> String {
    let error =
        Registry::builtin().build(scorer).err().unwrap_or_else(|| panic!("{scorer} builds"));
    let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
    format!("{error}{hint}")
}
