//! Columns from patterns of letters, one a row, through the real pass.

use eval_report::{Backend, Column, ColumnSource, Conclude, Dataset, Report, Role, RunLabel};
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
    judged(label, role, &results(pattern, version), pattern.chars().count() as u64, &scorers(texts))
        .0
}

/// A column and its verdicts, from the lines of its results.
pub(crate) fn judged(
    label: &str,
    role: Role,
    lines: &str,
    rows: u64,
    scorers: &[Box<dyn Scorer>],
) -> (Column, Scores) {
    let mut scores = Scores::new(rows, scorers);
    let form = match role {
        Role::Model => Form::Results,
        Role::Logged => Form::Logged,
    };
    let pass = Pass::new(scorers).keys(Keys::ours(0..rows)).form(form);
    let summary = pass.run(lines.as_bytes(), &mut scores).unwrap();
    let column = Column::of(ColumnSource {
        label,
        role,
        model: Some(label).filter(|_| role == Role::Model),
        variant: None,
        scores: &scores,
        summary: &summary,
    });
    (column, scores)
}

/// A report of columns by their patterns, `logged` being the baseline's name, with what it concludes.
pub(crate) fn concluded(columns: &[(&str, &str)], how: &Conclude<'_>) -> Report {
    let scorers = scorers(&["function-call"]);
    let judge = |(label, pattern): &(&str, &str)| {
        let role = if *label == "logged" { Role::Logged } else { Role::Model };
        judged(label, role, &results(pattern, label), pattern.chars().count() as u64, &scorers)
    };
    let (columns, scores): (Vec<Column>, Vec<Scores>) = columns.iter().map(judge).unzip();
    let rows = scores.iter().map(Scores::rows).max().unwrap_or(0);
    let mut report = report(columns);
    report.dataset = Some(Dataset { name: "spam.jsonl".into(), rows });
    report.conclude(&scores.iter().collect::<Vec<_>>(), how);
    report
}

/// The patterns of two columns whose rows fall like this.
pub(crate) fn pair(both: usize, only_a: usize, only_b: usize, neither: usize) -> [String; 2] {
    let rows = |a: &str, b: &str, n: usize| [a.repeat(n), b.repeat(n)];
    let parts = [
        rows("F", "F", both),
        rows("F", "T", only_a),
        rows("T", "F", only_b),
        rows("T", "T", neither),
    ];
    [0, 1].map(|side| parts.iter().map(|part| part[side].as_str()).collect())
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
