//! Columns against the baseline: the worked examples of the field, and honest words where nothing can be concluded.

use eval_report::{
    Conclude, Finding, Flips, Gate, GateOutcome, Method, Paint, Role, Terminal, to_markdown,
};
use insta::assert_snapshot;
use proptest::prelude::*;
use scoring::{Needs, Row, Scorer, Verdict};

use crate::support::{concluded, judged, pair, report};

#[track_caller]
fn close(got: f64, want: f64) {
    assert!((got - want).abs() < 5e-5, "{got} is not {want}");
}

fn compared(both: usize, only_a: usize, only_b: usize, neither: usize) -> eval_report::Comparison {
    let [a, b] = pair(both, only_a, only_b, neither);
    concluded(&[("logged", &b), ("A", &a)], &Conclude::default()).comparisons.remove(0)
}

#[test]
fn the_sentence_says_what_was_found_how_surely_and_what_it_would_take() {
    let found = compared(8, 6, 0, 1);
    assert_snapshot!(found.sentence, @"A beats logged by 40 points on 15 rows; interval 11 to 64; mid-p 0.016 (exact 0.031); to see a gap of 5 points you would need about 1,300 rows.");
    assert_eq!(found.table, Some(Flips { both: 8, only_a: 6, only_b: 0, neither: 1 }));
    assert_eq!((found.rows, found.left_out, found.finding), (15, 0, Finding::Better));
    assert_eq!(found.rows_for_gap.unwrap().rows, 1248);
}

#[test]
fn the_worked_numbers_of_the_field_come_out() {
    for (table, difference, [exact, mid], [low, high], finding) in [
        ([8, 6, 0, 1], 0.4, [0.03125, 0.01563], [0.1146, 0.6425], Finding::Better),
        ([7, 7, 1, 0], 0.4, [0.07031, 0.03906], [0.0349, 0.6649], Finding::Better),
        ([36, 12, 2, 0], 0.2, [0.01294, 0.00739], [0.0611, 0.3447], Finding::Better),
        ([120, 25, 12, 43], 0.065, [0.04703, 0.03355], [0.0056, 0.1269], Finding::Better),
        ([800, 60, 40, 100], 0.02, [0.05689, 0.04604], [0.0004, 0.0401], Finding::Better),
        ([10, 0, 0, 5], 0.0, [1.0, 1.0], [-0.2039, 0.2039], Finding::NoDifference),
    ] {
        let [both, only_a, only_b, neither] = table;
        let found = compared(both, only_a, only_b, neither);
        close(found.difference.unwrap(), difference);
        let (test, interval) = (found.test.unwrap(), found.interval.unwrap());
        close(test.p, mid);
        close(test.exact_p.unwrap(), exact);
        close(interval.low, low);
        close(interval.high, high);
        assert_eq!((found.finding, interval.method), (finding, Method::Tango));
        let mirrored = compared(both, only_b, only_a, neither);
        close(mirrored.interval.unwrap().low, -high);
        let other = if finding == Finding::Better { Finding::Worse } else { finding };
        assert_eq!(mirrored.finding, other);
    }
}

#[test]
fn what_cannot_be_concluded_is_said_so() {
    assert_snapshot!(compared(10, 0, 0, 5).sentence, @"no difference shown: A and logged are level on 15 rows; interval -20 to 20; mid-p 1 (exact 1); to see a gap of 5 points you would need about 150 rows.");
    assert_snapshot!(compared(0, 2, 1, 0).sentence, @"no difference shown: A is 33 points ahead of logged on 3 rows; interval -58 to 88; mid-p 0.625 (exact 1).");
    assert_snapshot!(compared(900, 30, 29, 41).sentence, @"no difference shown: A is 0.1 points ahead of logged on 1,000 rows; interval -1.4 to 1.7; mid-p 0.897 (exact 1); a gap of 2.1 points would probably have shown.");
    // At no digits this would be "0 points ahead".
    assert!(
        compared(90, 16, 15, 79)
            .sentence
            .contains("A is 0.5 points ahead of logged on 200 rows; interval -")
    );
    // No row differs, and yet a gap of less than this might have been missed.
    assert_snapshot!(compared(150, 0, 0, 50).sentence, @"no difference shown: A and logged are level on 200 rows; interval -1.9 to 1.9; mid-p 1 (exact 1); a gap of 3.8 points would probably have shown.");
    let nothing = concluded(&[("logged", "X-"), ("A", "FF")], &Conclude::default());
    assert_snapshot!(nothing.comparisons[0].sentence, @"A and logged have no scored row in common: nothing can be said of them.");
    assert_eq!(nothing.comparisons[0].interval, None);
}

#[test]
fn rows_not_scored_for_both_are_left_out_and_counted() {
    let report = concluded(&[("logged", "FFFTT-"), ("A", "FXFFFF")], &Conclude::default());
    let found = &report.comparisons[0];
    assert_eq!((found.rows, found.left_out), (4, 2));
    assert_eq!(found.table, Some(Flips { both: 2, only_a: 2, only_b: 0, neither: 0 }));
    close(found.difference_of_submitted.unwrap(), 5.0 / 6.0 - 3.0 / 6.0);
    assert!(
        found.sentence.ends_with(
            "; 2 rows not scored for both are left out (33 points with them counted as wrong)."
        ),
        "{}",
        found.sentence
    );
}

#[test]
fn several_models_are_asked_together_first_and_pay_for_each_comparison() {
    let [a, b] = pair(8, 6, 0, 1);
    let report = concluded(&[("x", &b), ("y", &a), ("z", &b)], &Conclude::default());
    assert_eq!(report.baseline.as_deref(), Some("x"));
    assert_snapshot!(report.omnibus[0].sentence, @"the 3 columns differ on the 15 rows that each has a verdict on (Cochran's Q 12.0, p 0.002).");
    let tests: Vec<_> = report.comparisons.iter().map(|found| found.test.unwrap()).collect();
    close(tests[0].p, 0.01563);
    close(tests[0].adjusted_p.unwrap(), 0.03125);
    close(tests[1].adjusted_p.unwrap(), 1.0);
    assert!(
        report.comparisons[0]
            .sentence
            .contains("mid-p 0.016 (exact 0.031), 0.031 for 2 comparisons at once")
    );
}

#[test]
fn another_baseline_can_be_named() {
    let columns = [("logged", "FFFF"), ("a", "FFTT"), ("b", "TTTT")];
    let how = |baseline| Conclude { baseline: Some(baseline), ..Conclude::default() };
    let report = concluded(&columns, &how("b"));
    let pairs: Vec<_> =
        report.comparisons.iter().map(|found| (found.a.as_str(), found.b.as_str())).collect();
    assert_eq!(pairs, [("logged", "b"), ("a", "b")]);
    let report = concluded(&columns, &how("nobody"));
    assert_eq!(report.baseline.as_deref(), Some("logged"));
    assert_eq!(report.warnings.last().unwrap().text, "the baseline: there is no column nobody");
}

/// Grades a row by the number that its text is.
#[derive(Debug)]
struct Number;

impl Scorer for Number {
    fn name(&self) -> &'static str {
        "number"
    }
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }
    fn score(&self, row: &Row<'_>) -> Verdict {
        let text = row
            .last_part()
            .and_then(|part| part.get("text")?.as_str().map(std::borrow::Cow::into_owned));
        text.and_then(|text| text.parse().ok())
            .map_or_else(|| Verdict::unscorable("?"), Verdict::Value)
    }
}

/// Result lines whose texts are these grades.
fn lines(grades: &[f64]) -> String {
    let line = |(row, grade): (usize, &f64)| {
        format!(
            "{{\"key\":\"r{row:08}-1f9c03ab\",\"response\":{{\"candidates\":[{{\"content\":{{\"parts\":[{{\"text\":\"{grade}\"}}]}}}}]}}}}\n"
        )
    };
    grades.iter().enumerate().map(line).collect()
}

#[test]
fn the_method_goes_by_what_a_scorer_gives_and_not_by_the_values_it_happens_to_give() {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(Number)];
    let graded = |grades: &[f64]| {
        let (column, scores) =
            judged("a", Role::Model, &lines(grades), grades.len() as u64, &scorers);
        let mut report = report([column]);
        report.scorers = vec!["number".into()];
        let gates = [Gate::parse("a >= 0.7").unwrap()];
        report.conclude(&[&scores], &Conclude { gates: &gates, ..Conclude::default() });
        report
    };
    // 49 of 60: Student's t gives 0.716 to 0.917, Wilson 0.701 to 0.894.
    let whole = graded(&[vec![1.0; 49], vec![0.0; 11]].concat());
    let found = whole.models[0].scores[0].mean_interval.unwrap();
    assert_eq!(found.method, Method::StudentT);
    assert_eq!(format!("{:.3} {:.3}", found.low, found.high), "0.716 0.917");
    let gate = &whole.gates[0];
    assert_eq!(format!("{:.4}", gate.low.unwrap()), "0.7325", "mean - 1.671 · 0.3902 / √60");
    assert_snapshot!(gate.sentence, @"a >= 0.7: passed, the mean is 0.817 on 60 rows, with 95 % confidence at least 0.732; the limit is 0.700.");
    let text = Terminal { width: 100, paint: Paint::Plain }.render(&whole);
    assert!(
        text.contains("A mean is that of grades, with its 95% interval by Student's t."),
        "{text}"
    );
    let level = graded(&[1.0; 15]);
    let found = level.models[0].scores[0].mean_interval.unwrap();
    let wilson = eval_stats::wilson(15, 15, 0.95).unwrap();
    assert_eq!((found.method, found.low.to_bits()), (Method::Wilson, wilson.low.to_bits()));
    let text = Terminal { width: 200, paint: Paint::Plain }.render(&level);
    assert!(text.contains("by Student's t, or Wilson's where all are equal."), "{text}");
}

#[test]
fn a_gate_that_names_none_of_several_scorers_is_decided_by_none() {
    let built = |label: &str, role| {
        let scorers = crate::support::scorers(&["function-call", "not(function-call)"]);
        judged(label, role, &crate::support::results("FFFT", label), 4, &scorers)
    };
    let (column, scores) = built("a", Role::Model);
    let mut report = report([column]);
    report.scorers = vec!["function-call".into(), "not(function-call)".into()];
    let gates = ["a >= 0.1", "a@not(function-call) >= 0.99"].map(|text| Gate::parse(text).unwrap());
    report.conclude(&[&scores], &Conclude { gates: &gates, ..Conclude::default() });
    assert_snapshot!(report.gates[0].sentence, @"a >= 0.1: undecided, there are several scorers, and the gate names none; name one: `a@function-call`, `a@not(function-call)`.");
    assert_eq!(report.gates[0].outcome, GateOutcome::TooLittleData);
    assert_eq!(report.gates[1].outcome, GateOutcome::Fail);
}

#[test]
fn grades_are_compared_by_their_means() {
    let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(Number)];
    let a = lines(&[0.9, 0.4, 0.75, 0.6, 1.0, 0.2, 0.85, 0.55]);
    let b = lines(&[0.8, 0.45, 0.5, 0.6, 0.9, 0.0, 0.7, 0.5]);
    let (one, a) = judged("a", Role::Model, &a, 8, &scorers);
    let (other, b) = judged("b", Role::Model, &b, 8, &scorers);
    let mut report = report([other, one]);
    report.scorers = vec!["number".into()];
    let gates = [Gate::parse("a >= b - 0.01").unwrap(), Gate::parse("a >= 0.9").unwrap()];
    report.conclude(&[&b, &a], &Conclude { gates: &gates, ..Conclude::default() });
    let found = &report.comparisons[0];
    assert_eq!((found.table, found.interval.unwrap().method), (None, Method::PairedT));
    close(found.difference.unwrap(), 0.1);
    close(found.test.unwrap().p, 0.025_464);
    assert_snapshot!(found.sentence, @"a beats b by 10 points on 8 rows; interval 2 to 18; paired t p 0.025.");
    let mean = report.models[1].scores[0].mean_interval.unwrap();
    assert_eq!(mean.method, Method::StudentT);
    assert!(mean.low < 0.65625 && 0.65625 < mean.high && mean.high <= 1.0);
    let outcomes: Vec<_> = report.gates.iter().map(|gate| gate.outcome).collect();
    assert_eq!(outcomes, [GateOutcome::Pass, GateOutcome::Fail]);
}

#[test]
fn gates_have_three_outcomes_and_say_why() {
    let gated = |table: [usize; 4], text: &str| {
        let [a, b] = pair(table[0], table[1], table[2], table[3]);
        let gates = [Gate::parse(text).unwrap()];
        let how = Conclude { gates: &gates, ..Conclude::default() };
        concluded(&[("logged", &b), ("a", &a)], &how).gates.remove(0)
    };
    let passed = gated([1700, 60, 60, 180], "a >= logged - 0.02");
    assert_eq!(passed.outcome, GateOutcome::Pass);
    assert_snapshot!(passed.sentence, @"a >= logged - 0.02: passed, the difference is 0.0 points on 2,000 rows, with 95 % confidence at least -0.9 points; the limit is -2.0 points.");
    let failed = gated([1500, 60, 260, 180], "a >= logged - 0.02");
    assert_eq!(failed.outcome, GateOutcome::Fail);
    assert_snapshot!(failed.sentence, @"a >= logged - 0.02: failed, the difference is -10.0 points on 2,000 rows, with 95 % confidence at most -8.6 points; the limit is -2.0 points.");
    let open = gated([13, 1, 1, 0], "a >= logged - 0.02");
    assert_eq!(open.outcome, GateOutcome::TooLittleData);
    assert!(open.low.unwrap() < -0.02 && open.high.unwrap() > -0.02);
    let number = gated([960, 0, 0, 40], "a >= 0.96 - 0.02");
    assert_eq!(number.outcome, GateOutcome::Pass);
    assert_snapshot!(number.sentence, @"a >= 0.96 - 0.02: passed, accuracy is 96.0 % on 1,000 rows, with 95 % confidence at least 94.9 %; the limit is 94.0 %.");
    let absent = gated([9, 0, 0, 0], "b >= logged");
    assert_eq!(absent.outcome, GateOutcome::TooLittleData);
    assert_snapshot!(absent.sentence, @"b >= logged: undecided, there is no column b.");
}

proptest! {
    #[test]
    fn every_comparison_adds_up_and_never_claims_certainty(a in "[FTX-]{1,40}", seed in "[FTX-]{40}") {
        let b: String = seed.chars().take(a.chars().count()).collect();
        let report = concluded(&[("logged", &b), ("a", &a)], &Conclude::default());
        let found = &report.comparisons[0];
        let table = found.table.unwrap_or_default();
        prop_assert_eq!(table.both + table.only_a + table.only_b + table.neither, found.rows);
        prop_assert_eq!(found.rows + found.left_out, a.len() as u64);
        prop_assert_eq!(found.interval.is_some(), found.rows > 0);
        if let (Some(interval), Some(difference)) = (found.interval, found.difference) {
            prop_assert!(-1.0 <= interval.low && interval.low < interval.high && interval.high <= 1.0);
            prop_assert!(interval.low <= difference && difference <= interval.high);
        }
    }
}

#[test]
fn many_comparisons_that_show_nothing_share_a_sentence() {
    let how = Conclude::default();
    let of = |n_models: usize| {
        let [best, logged] = pair(10, 40, 0, 10);
        let names: Vec<String> = (0..n_models).map(|n| format!("m{n}")).collect();
        let mut columns = vec![("logged", logged.as_str())];
        columns.extend(names.iter().enumerate().map(|(at, name)| {
            (name.as_str(), if at == 2 { best.as_str() } else { logged.as_str() })
        }));
        let report = concluded(&columns, &how);
        let text = Terminal { width: 10_000, paint: Paint::Plain }.render(&report);
        (text, to_markdown(&report), report)
    };
    let (text, _, _) = of(6);
    assert_eq!(text.matches("No difference shown: ").count(), 5, "{text}");
    let (text, markdown, report) = of(7);
    assert_eq!(report.comparisons.len(), 7, "all of them are in the report");
    let folded = "No difference to logged is shown for m0, m1, m3, m4, m5, m6: the table has their intervals";
    assert_eq!((text.matches(folded).count(), text.matches("m2 beats logged").count()), (1, 1));
    assert!(!text.contains("No difference shown: "), "{text}");
    // The first stands at its top.
    let folded =
        "No difference to logged is shown for m1, m3, m4, m5, m6: the table has their intervals";
    assert_eq!(markdown.matches(folded).count(), 1, "{markdown}");
}
