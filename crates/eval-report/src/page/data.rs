//! What the page's script reads of the report, as JSON that cannot end the element it stands in.

use std::io::{self, Write};

use serde_json::json;

use super::PageRows;
use crate::{JudgeResult, Report, Slice, sentences};

/// The report and what belongs to it, safe inside a script element.
pub(super) fn meta(report: &Report, about: &PageRows<'_>) -> io::Result<String> {
    let baseline = report.baseline.as_ref();
    let baseline = baseline.and_then(|title| about.columns.iter().position(|one| one == title));
    let found = |slice: &Slice| slice.difference.map(|difference| difference.finding());
    let findings: Vec<_> = report.slices.iter().map(found).collect();
    let meta = json!({
        "report": report,
        "sentences": said(report),
        "judges": report.judges.iter().map(JudgeResult::sentences).collect::<Vec<_>>(),
        "warnings": sentences::warnings(report),
        "columns": about.columns,
        "fields": about.fields,
        "sliceFindings": findings,
        "baseline": baseline,
    });
    Ok(inert(&serde_json::to_string(&meta)?))
}

/// The sentences, but for what the page says by its drawings.
fn said(report: &Report) -> Vec<String> {
    let below = sentences::below(report).into_iter();
    let said = below.filter(|sentence| sentence != sentences::EMULATED);
    said.map(|sentence| sentence.replace(sentences::MARKED, "")).collect()
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
