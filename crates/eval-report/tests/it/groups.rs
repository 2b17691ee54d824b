//! Slices and clusters: each value by itself, and intervals that know which rows belong together.

use eval_report::{Clusters, Conclude, Finding, Gate, GateOutcome, Method, Slicing};
use insta::assert_snapshot;

use crate::support::{concluded, pair};

fn clusters(of: impl IntoIterator<Item = usize>) -> Clusters {
    let mut clusters = Clusters::new("/talk");
    for talk in of {
        clusters.push(Some(&talk.to_string()));
    }
    clusters
}

#[test]
fn rows_that_belong_together_count_less() {
    let [a, b] = pair(24, 24, 6, 6);
    let columns = [("logged", b.as_str()), ("a", a.as_str())];
    let alone = concluded(&columns, &Conclude::default());
    let talks = clusters((0..60).map(|row| row / 6));
    let together = concluded(&columns, &Conclude { clusters: Some(&talks), ..Conclude::default() });
    let [alone, found] = [&alone, &together].map(|report| report.comparisons[0].clone());
    let width = |found: &eval_report::Comparison| {
        let interval = found.interval.unwrap();
        interval.high - interval.low
    };
    assert!(width(&found) > 1.5 * width(&alone));
    assert_eq!(alone.finding, Finding::Better);
    assert_eq!((found.clusters, found.interval.unwrap().method), (Some(10), Method::Clustered));
    assert_snapshot!(found.sentence, @"no difference shown: a is 30 points ahead of logged on 60 rows; interval -18 to 78; clustered p 0.193; rows in 10 clusters; to see a gap of 5 points you would need about 8,600 rows.");
    assert_eq!(together.models[1].scores[0].accuracy.unwrap().method, Method::ClusteredWilson);
    assert_snapshot!(together.warnings.last().unwrap().text, @"rows come in 10 clusters by /talk: with fewer than 50 the intervals are uncertain themselves, and tend to be too narrow");
}

#[test]
fn one_cluster_tells_nothing_and_equal_columns_never_are_certain() {
    let one = clusters([0; 15]);
    let [a, b] = pair(8, 6, 0, 1);
    let report = concluded(
        &[("logged", &b), ("a", &a)],
        &Conclude { clusters: Some(&one), ..Conclude::default() },
    );
    let found = &report.comparisons[0];
    assert_eq!((found.finding, found.interval, found.test), (Finding::Nothing, None, None));
    assert!(found.sentence.contains("no interval, as the rows all belong together"));
    assert!(!found.sentence.contains("1 clusters"), "{}", found.sentence);
    let pairs = clusters((0..16).map(|row| row / 2));
    let how = Conclude { clusters: Some(&pairs), ..Conclude::default() };
    let level = concluded(&[("logged", &"FT".repeat(8)), ("a", &"FT".repeat(8))], &how);
    let interval = level.comparisons[0].interval.unwrap();
    assert!(interval.low < -0.2 && interval.high > 0.2, "{interval:?}");
    assert_eq!(level.comparisons[0].finding, Finding::NoDifference);
}

#[test]
fn rounding_errors_are_no_difference() {
    // Each cluster has a row that only a passes and one that only the other passes: nothing is left but noise.
    let [mut a, mut b] = ["T".repeat(21), "T".repeat(21)].map(String::into_bytes);
    let mut talks = [0; 21];
    for (talk, [plus, minus]) in [[1, 6], [4, 13], [10, 17]].into_iter().enumerate() {
        (a[plus], b[minus]) = (b'F', b'F');
        (talks[plus], talks[minus]) = (talk, talk);
    }
    let [a, b] = [a, b].map(|pattern| String::from_utf8(pattern).unwrap());
    let talks = clusters(talks);
    let how = Conclude { clusters: Some(&talks), ..Conclude::default() };
    let found = concluded(&[("logged", &b), ("a", &a)], &how).comparisons.remove(0);
    assert_eq!((found.difference, found.test.map(|test| test.p)), (Some(0.0), Some(1.0)));
}

#[test]
fn gates_go_by_the_clusters_too() {
    let gates = [Gate::parse("a >= logged - 0.2").unwrap()];
    let [a, b] = pair(60, 20, 20, 20);
    let decide = |clusters: Option<&Clusters>| {
        let how = Conclude { clusters, gates: &gates, ..Conclude::default() };
        concluded(&[("logged", &b), ("a", &a)], &how).gates.remove(0).outcome
    };
    assert_eq!(decide(None), GateOutcome::Pass);
    assert_eq!(decide(Some(&clusters((0..120).map(|row| row / 20)))), GateOutcome::TooLittleData);
}

#[test]
fn what_does_not_go_by_the_clusters_says_so() {
    // Two talks, of which the second is a country of its own.
    let talks = clusters((0..20).map(|row| row / 10));
    let mut slicing = Slicing::new("/country");
    (0..20).for_each(|row| slicing.push(Some(if row < 15 { "de" } else { "fr" })));
    let slices = [slicing];
    let gates = [Gate::parse("a >= logged - 0.2").unwrap()];
    let [pattern, other] = ["FT".repeat(10), "FF".repeat(10)];
    let columns = [("logged", pattern.as_str()), ("a", &other), ("b", &pattern)];
    let how = Conclude { slices: &slices, clusters: Some(&talks), gates: &gates, baseline: None };
    let report = concluded(&columns, &how);
    assert_snapshot!(report.omnibus[0].sentence, @"the 3 columns differ on the 20 rows that each has a verdict on (Cochran's Q 20.0, p below 0.001, with each row taken for itself).");
    assert_snapshot!(report.warnings.last().unwrap().text, @"3 figures of slices rest on the rows of a single cluster: their intervals take each row for itself");
    let one = clusters([0; 20]);
    let report = concluded(&columns, &Conclude { clusters: Some(&one), ..how });
    assert_snapshot!(report.gates[0].sentence, @"a >= logged - 0.2: undecided, 20 rows that all belong together to go by.");
}

#[test]
fn every_value_of_a_field_is_reported_by_itself() {
    let mut slicing = Slicing::new("/country");
    for value in ["de", "de", "fr", "de", "de", "fr"] {
        slicing.push(Some(value));
    }
    slicing.push(None);
    let slices = [slicing];
    let report = concluded(
        &[("logged", "FFTFFTF"), ("a", "TTFTTFX")],
        &Conclude { slices: &slices, ..Conclude::default() },
    );
    let of = |value: &str, column: &str| {
        let mine = |slice: &&eval_report::Slice| slice.value == value && slice.column == column;
        report.slices.iter().find(mine).unwrap().clone()
    };
    let values: Vec<_> = report.slices.iter().map(|slice| slice.value.as_str()).collect();
    assert_eq!(
        values,
        ["de", "de", "fr", "fr", "(none)", "(none)"],
        "the largest first, no value last"
    );
    let de = of("de", "a");
    assert_eq!((de.rows, de.scored, de.passes), (4, 4, 0));
    assert!((de.difference.unwrap().value + 1.0).abs() < 1e-12);
    assert!((of("fr", "a").difference.unwrap().value - 1.0).abs() < 1e-12);
    assert_eq!((of("(none)", "a").rows, of("(none)", "a").difference), (1, None));
    assert_eq!(of("de", "logged").difference, None);
    // Benjamini and Hochberg over both slices: 0.0625 alone, times 2 over rank 1.
    let test = de.difference.unwrap().test.unwrap();
    assert!((test.p - 0.0625).abs() < 1e-12 && (test.adjusted_p.unwrap() - 0.125).abs() < 1e-12);
    let all: u64 = report.slices.iter().filter(|slice| slice.column == "a").map(|s| s.rows).sum();
    assert_eq!(all, 7);
}
