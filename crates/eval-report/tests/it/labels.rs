//! Labels: the matrix of those given where others were expected, and what may be said where nobody knows the right ones.

use eval_report::{Conclude, Gate, Paint, Report, Role, Terminal, to_markdown};
use insta::assert_snapshot;
use scoring::{Needs, Row, Scorer, Verdict};

use crate::support::{judged, report};

/// Says which label a text is, and which it should be where it names one behind a slash.
#[derive(Debug)]
struct Label;

impl Scorer for Label {
    fn name(&self) -> &'static str {
        "label"
    }
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }
    fn score(&self, row: &Row<'_>) -> Verdict {
        let text = row
            .last_part()
            .and_then(|part| part.get("text")?.as_str().map(std::borrow::Cow::into_owned))
            .unwrap_or_default();
        match text.split_once('/') {
            Some((given, truth)) => {
                Verdict::Choice { given: given.to_owned().into(), truth: truth.to_owned().into() }
            }
            None if text == "?" => Verdict::unscorable("no label"),
            None => Verdict::Label(text.into()),
        }
    }
}

/// A report of columns by the texts of their rows.
fn labelled(columns: &[(&str, Vec<&str>)]) -> Report {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(Label)];
    let judge = |(label, texts): &(&str, Vec<&str>)| {
        let line = |(row, text): (usize, &&str)| {
            let part = serde_json::json!({ "text": text });
            format!(
                "{{\"key\":\"r{row:08}-1f9c03ab\",\"response\":{{\"candidates\":[{{\"content\":{{\"parts\":[{part}]}}}}]}}}}\n"
            )
        };
        let lines: String = texts.iter().enumerate().map(line).collect();
        let role = if *label == "logged" { Role::Logged } else { Role::Model };
        judged(label, role, &lines, texts.len() as u64, &scorers)
    };
    let (columns, scores): (Vec<_>, Vec<_>) = columns.iter().map(judge).unzip();
    let mut report = report(columns);
    report.scorers = vec!["label".into()];
    let gates = [Gate::parse("a >= 0.5").unwrap()];
    let how = Conclude { gates: &gates, ..Conclude::default() };
    report.conclude(&scores.iter().collect::<Vec<_>>(), &how);
    report
}

#[test]
fn labels_without_right_ones_are_held_together_and_none_is_called_better() {
    let report = labelled(&[
        ("logged", vec!["spam", "spam", "ham", "ham", "ham", "spam", "?", "ham"]),
        ("a", vec!["spam", "ham", "ham", "ham", "spam", "spam", "ham", "?"]),
        ("b", vec!["?"; 8]),
    ]);
    assert!(report.comparisons.is_empty());
    let found = &report.agreements[0];
    assert_eq!((found.rows, found.same), (6, 4));
    // Half of the labels of both are spam: chance agrees on half, and (4/6 - 1/2) / (1/2) is a third.
    assert!((found.kappa.unwrap() - 1.0 / 3.0).abs() < 1e-12);
    assert_snapshot!(found.sentence, @"which labels are right is not known, so that none is better or worse: a has the label of logged on 4 of 6 rows, 66.7 % (interval 30.0 to 90.3, Cohen's kappa 0.33).");
    assert_snapshot!(report.agreements[1].sentence, @"which labels are right is not known, so that none is better or worse: b and logged have no labelled row in common.");
    let text = Terminal { width: 100, paint: Paint::Plain }.render(&report);
    assert!(text.contains("Which labels are right is not known"), "{text}");
    assert!(!text.contains("beats") && !text.contains("behind"), "{text}");
    assert!(to_markdown(&report).contains("a has the label of logged on 4 of 6 rows"));
    let (_, labels) = text.split_once("label  ").unwrap();
    assert_snapshot!(labels.split_once("\n\n").unwrap().0, @r"
    of scored  of scored
    ham    4/7 57.1%  4/7 57.1%
    spam   3/7 42.9%  3/7 42.9%
    ");
    assert!(
        to_markdown(&report).contains("| ham | 4/7 57.1% | 4/7 57.1% |"),
        "{}",
        to_markdown(&report)
    );
    assert_snapshot!(report.gates[0].sentence, @"a >= 0.5: undecided, label gives labels, and which are right is not known, so that no number of rows decides it.");
}

#[test]
fn a_small_matrix_is_shown_and_a_large_one_is_not() {
    let texts = vec!["spam/spam", "ham/spam", "ham/ham", "ham/ham", "spam/ham", "ham/ham"];
    let report = labelled(&[("a", texts)]);
    let text = Terminal { width: 80, paint: Paint::Plain }.render(&report);
    let (_, classes) = text.split_once("Classes of a:").unwrap();
    let (classes, _) = classes.split_once("tokens").unwrap();
    assert_snapshot!(classes.trim_end(), @r"
    class  expected  given  right  precision  recall     F1
    ham           4      4      3      75.0%   75.0%  75.0%
    spam          2      2      1      50.0%   50.0%  50.0%

              given  given
    expected    ham   spam
    ham           3      1
    spam          1      1
    ");
    let markdown = to_markdown(&report);
    assert!(markdown.contains("| expected | given ham | given spam |\n|---|--:|--:|\n| ham | 3 | 1 |\n| spam | 1 | 1 |"), "{markdown}");
    let many: Vec<String> = (0..9).map(|n| format!("l{n}/l{n}")).collect();
    let report = labelled(&[("a", many.iter().map(String::as_str).collect())]);
    for text in [Terminal { width: 80, paint: Paint::Plain }.render(&report), to_markdown(&report)]
    {
        assert!(text.contains("precision") && !text.contains("given l0"), "{text}");
    }
}

#[test]
fn hostile_labels_and_names_are_only_text() {
    let hostile = "<img src=x>|`\u{1b}[31m\u{202e}\n@all";
    let pair = format!("{hostile}/ham");
    let mut report = labelled(&[("a", vec![&pair, "ham/ham"])]);
    report.models[0].label = hostile.to_owned();
    for width in [30, 40, 60] {
        let text = Terminal { width, paint: Paint::Plain }.render(&report);
        assert!(text.lines().all(|line| eval_report::display_width(line) <= width), "{text}");
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
    }
    let text = to_markdown(&report);
    assert!(text.contains("<details><summary>Classes of &#60;img src=x&#62;|`"), "{text}");
    let live = text.replace(r"\<", "").replace("'<", "");
    assert!(!live.contains("<img"), "{text}");
}

#[test]
fn labels_that_have_no_room_are_counted_everywhere() {
    let texts: Vec<String> = (0..23).map(|number| format!("l{number:02}")).collect();
    let report = labelled(&[("a", texts.iter().map(String::as_str).collect())]);
    let terminal = Terminal { width: 80, paint: Paint::Plain }.render(&report);
    for text in [terminal, to_markdown(&report)] {
        assert!(text.contains("and 3 more labels, in report.json"), "{text}");
    }
}
