//! The terminal report, as people see it: snapshots at several widths, and what holds at every width.

use eval_report::{Paint, Report, Role, Terminal, display_width};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::support::{built, column, logged, report};

fn plain(report: &Report, width: usize) -> String {
    Terminal { width, paint: Paint::Plain }.render(report)
}

fn sample() -> Report {
    report([
        logged("FFFFFFFFFFFFFF-"),
        column("sim-flash", "FFFFFFFFTTTTTBT"),
        column("sim-pro", "FFFFFFFFFFFFFXT"),
    ])
}

#[test]
fn names_beside_the_figures() {
    assert_snapshot!("width-120", plain(&sample(), 120));
    assert_snapshot!("width-80", plain(&sample(), 80));
}

#[test]
fn names_above_the_figures() {
    let report = report([
        column("gemini-2.5-flash-lite", "FFFFFFTT"),
        column("gemini-2.5-flash", "FFFFFFFT"),
    ]);
    assert_snapshot!("width-80-long-names", plain(&report, 80));
}

#[test]
fn one_figure_a_line() {
    assert_snapshot!("width-40", plain(&sample(), 40));
}

#[test]
fn no_results_are_said_in_words() {
    let report = report([column("sim-flash", "----"), column("sim-pro", "XX-")]);
    let text = plain(&report, 100);
    assert!(!text.contains('%') || !text.contains("0.0%"), "{text}");
    assert_snapshot!("no-results", text);
}

#[test]
fn passes_of_submitted_say_of_how_many_and_what_counts_as_wrong() {
    let mut column = column("m", "FFFTTTTT");
    // Half of the rows could not be judged.
    let result = &mut column.scores[0];
    (result.scored, result.unscorable, result.passes_of_submitted) = (4, 4, Some(3.0 / 8.0));
    let text = plain(&report([column]), 100);
    assert!(text.contains("37.5% of 8"), "{text}");
    let said = "Passes of submitted counts rows without a verdict as wrong: failed, missing, or not to be judged.";
    assert!(text.replace('\n', " ").contains(said), "{text}");
}

#[test]
fn a_wrong_model_is_said_at_the_top() {
    let mut report = report([
        column("sim-flash", "FD"),
        built("gemini-2.5-pro", Role::Model, "FTFT", "gemini-3-pro", &["function-call"]),
    ]);
    report.backend = None;
    assert_snapshot!("wrong-model", plain(&report, 100));
}

#[test]
fn several_scorers_have_a_table_each() {
    let texts = ["function-call", "not:function-call"];
    let mut report = report([built("sim-pro", Role::Model, "FFT-", "sim-pro", &texts)]);
    report.scorers = vec!["function-call".into(), "not(function-call)".into()];
    assert_snapshot!("two-scorers", plain(&report, 100));
}

#[test]
fn styling_is_only_there_when_asked_for_and_changes_no_text() {
    let mut report = sample();
    report.push(built("x", Role::Model, "F", "y", &["function-call"]));
    let styled = Terminal { width: 100, paint: Paint::Styled }.render(&report);
    assert!(styled.starts_with("\u{1b}[1m\u{1b}[31mwarning:\u{1b}[0m x was asked"), "{styled:?}");
    let mut bare = styled;
    for sequence in ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[0m"] {
        bare = bare.replace(sequence, "");
    }
    assert_eq!(bare, plain(&report, 100));
}

proptest! {
    #[test]
    fn every_line_fits_and_no_figure_is_lost(width in 36..160_usize, name in "[a-z模型é]{1,60}", pattern in "[FTX-]{1,30}") {
        let report = report([column(&name, &pattern), logged("F")]);
        let text = plain(&report, width);
        for line in text.lines() {
            prop_assert!(display_width(line) <= width, "{} columns: {:?}", width, line);
        }
        let bare: String = text.split_whitespace().collect();
        prop_assert!(bare.contains(&name), "names are never shortened");
        let passes = pattern.matches('F').count();
        let scored = passes + pattern.matches('T').count();
        let share = if scored > 0 { format!("{passes}/{scored}") } else { "noresults".to_owned() };
        prop_assert!(bare.contains(&share));
    }

    #[test]
    fn no_width_makes_it_panic(width in 0..36_usize) {
        prop_assert!(plain(&sample(), width).contains("sim-pro") || width < 8);
    }
}
