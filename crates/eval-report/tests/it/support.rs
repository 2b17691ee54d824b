//! Columns from patterns of letters, one a row, through the real pass.

use eval_report::{Backend, Column, ColumnSource, Dataset, Report, Role, RunLabel};
use scoring::{Form, Keys, Pass, Registry, Scorer, Scores};

pub(crate) fn scorers(texts: &[&str]) -> Vec<Box<dyn Scorer>> {
    let registry = Registry::builtin();
    texts.iter().map(|text| registry.build(text).unwrap()).collect()
}

/// `F` a call, `T` a text, `B` blocked, `M` truncated, `E` empty, `X` an error, `C` a conflict, `U` unparsable,
/// `D` a call that came twice, `O` a call and a line of another file, `-` missing.
pub(crate) fn results(pattern: &str, version: &str) -> String {
    let mut file = String::new();
    for (row, letter) in pattern.chars().enumerate() {
        let key = format!("r{row:08}-1f9c03ab");
        let version = serde_json::to_string(version).unwrap();
        let tail = format!(
            r#""usageMetadata":{{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}},"modelVersion":{version}"#
        );
        let parts = |parts: &str, finish: &str| {
            format!(
                r#"{{"key":"{key}","response":{{"candidates":[{{"content":{{"parts":{parts}}},"finishReason":"{finish}"}}],{tail}}}}}"#
            )
        };
        let call = parts(r#"[{"functionCall":{"name":"f"}}]"#, "STOP");
        let lines = match letter {
            'F' => vec![call],
            'T' => vec![parts(r#"[{"text":"no"}]"#, "STOP")],
            'M' => vec![parts(r#"[{"text":"no"}]"#, "MAX_TOKENS")],
            'E' => vec![parts("[]", "STOP")],
            'B' => vec![format!(
                r#"{{"key":"{key}","response":{{"promptFeedback":{{"blockReason":"SAFETY"}},{tail}}}}}"#
            )],
            'X' => vec![format!(r#"{{"key":"{key}","error":{{"code":13,"message":"Internal"}}}}"#)],
            'C' => vec![call, parts("[{}]", "STOP")],
            'U' => vec![format!(r#"{{"key":"{key}"}}"#)],
            'D' => vec![call.clone(), call],
            'O' => vec![call.clone(), call.replace(&key, "r99999999-00000000")],
            _ => Vec::new(),
        };
        for line in lines {
            file.push_str(&line);
            file.push('\n');
        }
    }
    file
}

pub(crate) fn column(label: &str, pattern: &str) -> Column {
    built(label, Role::Model, pattern, label, &["function-call"])
}

pub(crate) fn logged(pattern: &str) -> Column {
    built("logged", Role::Logged, pattern, "old-model", &["function-call"])
}

pub(crate) fn built(
    label: &str,
    role: Role,
    pattern: &str,
    version: &str,
    texts: &[&str],
) -> Column {
    let scorers = scorers(texts);
    let rows = pattern.chars().count() as u64;
    let mut scores = Scores::new(rows, &scorers);
    let form = match role {
        Role::Model => Form::Results,
        Role::Logged => Form::Logged,
    };
    let pass = Pass::new(&scorers).keys(Keys::ours(0..rows)).form(form);
    let summary = pass.run(results(pattern, version).as_bytes(), &mut scores).unwrap();
    Column::of(ColumnSource {
        label,
        role,
        model: Some(label).filter(|_| role == Role::Model),
        variant: None,
        scores: &scores,
        summary: &summary,
    })
}

pub(crate) fn report(columns: impl IntoIterator<Item = Column>) -> Report {
    let mut report = Report::new(["function-call"]);
    report.run = Some(RunLabel { id: "01j9z3k5".into(), name: "first".into() });
    report.backend = Some(Backend { name: "emulator".into(), base_url: None, emulated: true });
    report.dataset = Some(Dataset { name: "spam.jsonl".into(), rows: 15 });
    report.elapsed_ms = Some(412);
    for column in columns {
        report.push(column);
    }
    report
}
