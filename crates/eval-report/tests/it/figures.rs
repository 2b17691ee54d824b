//! The figures: denominators, the ledger, and nothing where there is nothing.

use eval_report::{Role, WarningKind};
use proptest::prelude::*;

use crate::support::{built, column, logged, report};

#[track_caller]
fn close(got: Option<f64>, want: f64) {
    assert!((got.unwrap() - want).abs() < 1e-12, "{got:?} is not {want}");
}

#[test]
fn three_denominators_stand_beside_each_other() {
    let column = column("m", "FFFFFFFFTTTBEMXC-U--");
    let result = &column.scores[0];
    assert_eq!((column.submitted, result.scored, result.passes), (20, 14, 8));
    assert_eq!((result.errors, result.missing, result.unscorable), (3, 3, 0));
    close(result.accuracy.map(|accuracy| accuracy.value), 8.0 / 14.0);
    close(result.passes_of_submitted, 8.0 / 20.0);
    close(result.passes_of_returned, 8.0 / 17.0);
    assert!(column.adds_up());
    let accuracy = result.accuracy.unwrap();
    let wilson = eval_stats::wilson(8, 14, 0.95).unwrap();
    assert_eq!(
        (accuracy.low.to_bits(), accuracy.high.to_bits()),
        (wilson.low.to_bits(), wilson.high.to_bits())
    );
    assert_eq!(
        (column.tokens.prompt, column.tokens.rows),
        (150, 15),
        "a conflict's first line was paid for"
    );
    assert_eq!(column.error_codes[0].name, "13");
}

#[test]
fn without_scored_rows_there_is_no_estimate() {
    for pattern in ["", "---", "XX-"] {
        let column = column("m", pattern);
        let result = &column.scores[0];
        assert_eq!((result.accuracy, result.passes_of_submitted), (None, None), "{pattern}");
        assert!(column.adds_up(), "{pattern}");
    }
}

#[test]
fn the_baseline_comes_first_and_is_never_the_wrong_model() {
    let report = report([column("sim-flash", "FT"), logged("F-"), column("sim-pro", "FF")]);
    let labels: Vec<_> = report.models.iter().map(|column| column.label.as_str()).collect();
    assert_eq!(labels, ["logged", "sim-flash", "sim-pro"]);
    assert_eq!(report.models[0].model_versions[0].name, "old-model");
    assert_eq!(report.warnings, []);
}

#[test]
fn trouble_in_the_results_becomes_warnings() {
    let column = built("asked", Role::Model, "FDOC", "other", &["function-call"]);
    let report = report([column]);
    let warnings: Vec<_> =
        report.warnings.iter().map(|warning| (warning.kind, warning.text.as_str())).collect();
    assert_eq!(
        warnings,
        [
            (WarningKind::ModelVersion, "asked was asked, but other answered 4 rows"),
            (
                WarningKind::Conflicts,
                "the results of asked have 1 line contradicting another of the same row"
            ),
            (WarningKind::Foreign, "the results of asked have 1 line with a key of another file"),
            (
                WarningKind::Doubles,
                "the results of asked have 1 line that came twice, counted once"
            ),
        ]
    );
}

#[test]
fn figures_that_do_not_add_up_are_said_to() {
    let mut wrong = column("m", "FT");
    wrong.submitted = 3;
    let report = report([wrong]);
    assert_eq!(report.warnings[0].text, "the figures of m do not add up to 3 rows");
}

#[test]
fn every_scorer_has_its_result() {
    let scorers = ["function-call", "not:function-call"];
    let column = built("m", Role::Model, "FFT-", "m", &scorers);
    let passes: Vec<_> =
        column.scores.iter().map(|result| (result.scorer.as_str(), result.passes)).collect();
    assert_eq!(passes, [("function-call", 2), ("not(function-call)", 1)]);
}

proptest! {
    #[test]
    fn the_ledger_adds_up_and_shares_are_shares(pattern in "[FTBMEXCUDO-]{0,40}") {
        let column = column("m", &pattern);
        let result = &column.scores[0];
        prop_assert!(column.adds_up());
        prop_assert_eq!(column.submitted, pattern.len() as u64);
        prop_assert_eq!(result.scored + result.unscorable + result.errors + result.missing, column.submitted);
        prop_assert_eq!(result.accuracy.is_some(), result.scored > 0);
        if let Some(accuracy) = result.accuracy {
            let of_submitted = result.passes_of_submitted.unwrap();
            let of_returned = result.passes_of_returned.unwrap();
            prop_assert!(of_submitted <= of_returned && of_returned <= accuracy.value);
            prop_assert!(accuracy.low <= accuracy.value && accuracy.value <= accuracy.high);
            prop_assert!(0.0 <= accuracy.low && accuracy.high <= 1.0 && accuracy.low < accuracy.high);
        }
    }
}
