//! Folds the results of two models into one report and shows it as text and as JSON.

use std::error::Error;

use eval_report::{Backend, Column, ColumnSource, Dataset, Paint, Report, Role, Terminal, to_json};
use scoring::{Keys, Pass, Registry, Scores};

const CALL: &str = r#"{"functionCall":{"name":"f"}}"#;
const TEXT: &str = r#"{"text":"no"}"#;

/// A result file with one such part a row.
fn results(parts: &[&str]) -> String {
    (0..)
        .zip(parts)
        .map(|(number, part): (u64, _)| {
            format!(
                "{{\"key\":\"r{number:08}-00000000\",\"response\":{{\"candidates\":[{{\"content\":{{\"parts\":[{part}]}}}}]}}}}\n"
            )
        })
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let scorers = vec![Registry::builtin().build("function-call")?];
    let mut report = Report::new(["function-call"]);
    report.dataset = Some(Dataset { name: "mine.jsonl".into(), rows: 4 });
    report.backend = Some(Backend { name: "mine".into(), base_url: None, emulated: false });
    let models: [(&str, &[&str]); 2] = [("careful", &[TEXT, TEXT, CALL]), ("keen", &[CALL; 4])];
    for (label, parts) in models {
        let mut scores = Scores::new(4, &scorers);
        let summary = Pass::new(&scorers)
            .keys(Keys::ours(0..4))
            .run(results(parts).as_bytes(), &mut scores)?;
        let (role, model, variant) = (Role::Model, Some(label), None);
        let (scores, summary) = (&scores, &summary);
        report.push(Column::of(ColumnSource { label, role, model, variant, scores, summary }));
    }

    let text = Terminal { width: 100, paint: Paint::Plain }.render(&report);
    for word in ["mine.jsonl", "careful", "33.3%", "keen", "100.0%"] {
        assert!(text.contains(word), "{word} is not in\n{text}");
    }
    let json = to_json(&report)?;
    assert!(json.contains("\"passes\": 4") && json.contains("\"missing\": 1"), "{json}");
    println!("{text}");
    Ok(())
}
