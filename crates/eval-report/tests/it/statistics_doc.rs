//! The numbers in docs/statistics.md are those that the program gives, each of them.

use std::collections::BTreeSet;

use eval_report::{Clusters, Conclude, Gate};

use crate::support::{concluded, pair};

const PAGE: &str = include_str!("../../../../docs/statistics.md");

/// The lines of the page's tables, worked out.
fn tables() -> Vec<String> {
    let mut lines: Vec<String> =
        [(8, 15), (14, 15), (15, 15), (933, 1000)].map(|(k, n)| shares(k, n)).into();
    lines.extend(
        [
            [8, 6, 0, 1],
            [7, 7, 1, 0],
            [36, 12, 2, 0],
            [120, 25, 12, 43],
            [800, 60, 40, 100],
            [10, 0, 0, 5],
        ]
        .map(comparison),
    );
    lines.extend([[1700, 60, 60, 180], [1500, 60, 260, 180], [13, 1, 1, 0]].map(gate));
    lines
}

fn shares(k: u32, n: u32) -> String {
    let pattern = format!("{}{}", "F".repeat(k as usize), "T".repeat((n - k) as usize));
    let report = concluded(&[("m", &pattern)], &Conclude::default());
    let accuracy = report.models[0].scores[0].accuracy.unwrap();
    let share = f64::from(k) / f64::from(n);
    let half = 1.959_963_984_540_054 * (share * (1.0 - share) / f64::from(n)).sqrt();
    let (low, high) = (share - half, share + half);
    format!("| {k} of {n} | {:.4} to {:.4} | {low:.4} to {high:.4} |", accuracy.low, accuracy.high)
}

fn cells(table: [usize; 4]) -> String {
    table.map(|rows| rows.to_string()).join(" | ")
}

fn comparison(table: [usize; 4]) -> String {
    let [a, b] = pair(table[0], table[1], table[2], table[3]);
    let found = &concluded(&[("logged", &b), ("A", &a)], &Conclude::default()).comparisons[0];
    let (interval, test) = (found.interval.unwrap(), found.test.unwrap());
    format!(
        "| {} | {:.4} | {:.4} to {:.4} | {:.5} | {:.5} |",
        cells(table),
        found.difference.unwrap(),
        interval.low,
        interval.high,
        test.p,
        test.exact_p.unwrap()
    )
}

fn gate(table: [usize; 4]) -> String {
    let [a, b] = pair(table[0], table[1], table[2], table[3]);
    let gates = [Gate::parse("A >= logged - 0.02").unwrap()];
    let how = Conclude { gates: &gates, ..Conclude::default() };
    let gate = &concluded(&[("logged", &b), ("A", &a)], &how).gates[0];
    let [low, high] = [gate.low, gate.high].map(Option::unwrap);
    format!("| {} | {low:.4} | {high:.4} | {} |", cells(table), gate.outcome.word())
}

/// The example of rows in clusters.
fn clusters() -> String {
    let [a, b] = pair(24, 24, 6, 6);
    let mut talks = Clusters::new("/conversation");
    (0..60).for_each(|row| talks.push(Some(&(row / 6).to_string())));
    let interval = |clusters| {
        let how = Conclude { clusters, ..Conclude::default() };
        let report = concluded(&[("logged", &b), ("A", &a)], &how);
        let interval = report.comparisons[0].interval.unwrap();
        format!("{:.4} to {:.4}", interval.low, interval.high)
    };
    format!(
        "Sixty rows with a difference of 0.3 have an interval of {} each by itself, and of {} in ten clusters of",
        interval(None),
        interval(Some(&talks))
    )
}

fn sentence() -> String {
    let [a, b] = pair(8, 6, 0, 1);
    concluded(&[("logged", &b), ("A", &a)], &Conclude::default()).comparisons[0].sentence.clone()
}

#[test]
fn every_number_of_the_page_is_the_programs() {
    let mut worked_out: BTreeSet<String> = tables().into_iter().collect();
    worked_out.extend([clusters(), sentence()]);
    for line in &worked_out {
        assert!(PAGE.lines().any(|on_page| on_page == line), "not in docs/statistics.md: {line}");
    }
    // What is left are levels and margins, and the two adjustments.
    let fixed = ["1.96", "0.05", "0.8", "0.9", "0.02", "0.3", "0.04", "0.01", "0.03", "0.06"];
    for line in PAGE.lines().filter(|line| !worked_out.contains(*line)) {
        let numbers = line.split(|c: char| !c.is_ascii_digit() && c != '.');
        let decimals = numbers.map(|number| number.trim_matches('.')).filter(|n| n.contains('.'));
        for number in decimals {
            assert!(fixed.contains(&number), "{number} is not worked out: {line}");
        }
    }
    let p = [0.04, 0.01, 0.03];
    assert_eq!(eval_stats::holm(&p).unwrap(), [0.06, 0.03, 0.06]);
    assert_eq!(eval_stats::benjamini_hochberg(&p).unwrap(), [0.04, 0.03, 0.04]);
    assert_eq!(eval_stats::FEW_CLUSTERS, 50);
}
