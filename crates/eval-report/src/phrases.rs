//! The plain sentences of comparisons and gates: what may be concluded, from how much, and how sure one may be.

use crate::fold::{GAP, LEVEL};
use crate::numbers::{grouped, percent, rows};
use crate::{Agreement, Bounds, Comparison, Finding, GateOutcome, GateResult, Omnibus, Test};

/// The sentence of a comparison, one of `several` by the same scorer.
pub(crate) fn comparison(comparison: &Comparison, several: usize) -> String {
    let Comparison { a, b, left_out, .. } = comparison;
    if comparison.rows == 0 {
        return format!("{a} and {b} have no scored row in common: nothing can be said of them.");
    }
    let on = rows(comparison.rows);
    let places = places(comparison);
    let apart = comparison.difference.unwrap_or(0.0);
    let gap = gap(apart.abs(), places);
    let level = apart.abs() < f64::EPSILON;
    let claim = match comparison.finding {
        Finding::Better => format!("{a} beats {b} by {gap} on {on}"),
        Finding::Worse => format!("{a} is {gap} behind {b} on {on}"),
        _ if level => format!("no difference shown: {a} and {b} are level on {on}"),
        _ => {
            let where_to = if apart > 0.0 { "ahead of" } else { "behind" };
            format!("no difference shown: {a} is {gap} {where_to} {b} on {on}")
        }
    };
    let mut parts = vec![claim];
    match &comparison.interval {
        Some(bounds) => parts.push(interval(bounds, places)),
        None => parts.push("no interval, as the rows all belong together".to_owned()),
    }
    let clusters = comparison.clusters.filter(|_| comparison.interval.is_some());
    parts.extend(comparison.test.as_ref().map(|found| test(found, several)));
    parts.extend(clusters.map(|clusters| format!("rows in {} clusters", grouped(clusters))));
    parts.extend(more_rows(comparison));
    if *left_out > 0 {
        parts.push(left(comparison, places));
    }
    let mut sentence = parts.join("; ");
    sentence.push('.');
    sentence
}

/// Which rows are not in it, and what it would be with them.
fn left(comparison: &Comparison, places: usize) -> String {
    let left_out = rows(comparison.left_out);
    let verb = if comparison.left_out == 1 { "is" } else { "are" };
    let all = match comparison.difference_of_submitted {
        Some(apart) => format!(" ({} with them counted as wrong)", gap(apart, places)),
        None => String::new(),
    };
    format!("{left_out} not scored for both {verb} left out{all}")
}

/// How many rows it would take, or what these rows show.
fn more_rows(comparison: &Comparison) -> Option<String> {
    let needed = comparison.rows_for_gap?;
    if needed.rows > comparison.rows {
        let gap = gap(GAP, 0);
        return Some(format!(
            "to see a gap of {gap} you would need about {}",
            rows(rounded(needed.rows))
        ));
    }
    let is_open = comparison.finding == Finding::NoDifference;
    let seen = comparison.detectable.filter(|_| is_open)?;
    Some(format!("a gap of {} would probably have shown", gap(seen, 1)))
}

/// A number of rows that is an estimate, to two digits.
fn rounded(count: u64) -> u64 {
    let unit = 10_u64.pow(count.checked_ilog10().unwrap_or(0).saturating_sub(1));
    count.div_ceil(unit) * unit
}

/// Digits after the point: none where the interval is ten points wide or more and no rounding makes 0 of a bound or
/// of the difference.
fn places(comparison: &Comparison) -> usize {
    let Some(Bounds { low, high, .. }) = comparison.interval else { return 1 };
    let shows = |value: f64, places: usize| {
        value == 0.0 || format!("{:.places$}", value.abs() * 100.0).parse() != Ok(0.0_f64)
    };
    let least = usize::from(high - low < 0.1);
    let apart = comparison.difference.unwrap_or(0.0);
    // A difference of rounding errors is level.
    let apart = if apart.abs() < f64::EPSILON { 0.0 } else { apart };
    let fits = |places: &usize| [low, high, apart].into_iter().all(|value| shows(value, *places));
    (least..3).find(fits).unwrap_or(3)
}

/// A difference in points, with its sign.
fn points(apart: f64, places: usize) -> String {
    let text = format!("{:.places$}", apart * 100.0);
    // Rounding leaves a sign on nothing.
    if text.trim_start_matches(['-', '0', '.']).is_empty() { text.replace('-', "") } else { text }
}

/// `1 point`, `2.5 points`.
fn gap(size: f64, places: usize) -> String {
    let places = if size.abs() < f64::EPSILON { 0 } else { places };
    let text = points(size, places);
    let word = if text == "1" { "point" } else { "points" };
    format!("{text} {word}")
}

fn interval(bounds: &Bounds, places: usize) -> String {
    format!("interval {} to {}", points(bounds.low, places), points(bounds.high, places))
}

fn test(test: &Test, several: usize) -> String {
    let mut text = format!("{} {}", test.name.word(), p(test.p));
    if let Some(exact) = test.exact_p {
        text = format!("{text} (exact {})", p(exact));
    }
    match test.adjusted_p {
        Some(adjusted) => format!("{text}, {} for {several} comparisons at once", p(adjusted)),
        None => text,
    }
}

/// A p value to three digits behind the point, and never 0.
pub(crate) fn p(p: f64) -> String {
    if p < 0.0005 {
        return "below 0.001".to_owned();
    }
    // What is not significant must not be rounded to look it, nor the other way round.
    let text = format!("{p:.3}");
    match text.as_str() {
        "0.050" if p < LEVEL => "0.0499".to_owned(),
        "1.000" => "1".to_owned(),
        _ => text,
    }
}

/// The sentence of Cochran's Q.
pub(crate) fn omnibus(omnibus: &Omnibus, in_clusters: bool) -> String {
    let models = omnibus.columns.len();
    let on = rows(omnibus.rows);
    let each = if in_clusters { ", with each row taken for itself" } else { "" };
    let verdict = if omnibus.p < LEVEL { "differ" } else { "are not shown to differ" };
    format!(
        "the {models} columns {verdict} on the {on} that each has a verdict on (Cochran's Q {:.1}, p {}{each}).",
        omnibus.q,
        p(omnibus.p)
    )
}

/// A limit in points or percent with all the digits that it was given.
fn limit(limit: f64) -> String {
    let text = points(limit, 6);
    let short = text.trim_end_matches('0');
    if short.ends_with('.') { format!("{short}0") } else { short.to_owned() }
}

/// The sentence of columns of labels of which nobody knows the right ones.
pub(crate) fn agreement(agreement: &Agreement) -> String {
    let Agreement { a, b, rows: both, same, .. } = agreement;
    let known = "which labels are right is not known, so that none is better or worse";
    let Some(share) = &agreement.share else {
        return format!("{known}: {a} and {b} have no labelled row in common.");
    };
    let [value, low, high] = [share.value, share.low, share.high].map(percent);
    let kappa = agreement.kappa.map(|kappa| format!(", Cohen's kappa {kappa:.2}"));
    format!(
        "{known}: {a} has the label of {b} on {} of {}, {value} % (interval {low} to {high}{}).",
        grouped(*same),
        rows(*both),
        kappa.unwrap_or_default()
    )
}

/// What a gate goes by, which is told as the tables tell it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Found {
    /// How far a column is from another, in points.
    #[default]
    Difference,
    /// The share of passes, in percent.
    Accuracy,
    /// The mean of grades.
    Mean,
}

/// The sentence of a gate.
pub(crate) fn gate(gate: &GateResult, found: Found, lacking: Option<&str>) -> String {
    let GateResult { text, outcome, .. } = gate;
    let word = outcome.word();
    if let Some(lacking) = lacking {
        return format!("{text}: {word}, {lacking}.");
    }
    let (Some(estimate), Some(low), Some(high)) = (gate.estimate, gate.low, gate.high) else {
        // Rows without bounds are those of a single cluster.
        let together = if gate.rows > 1 { " that all belong together" } else { "" };
        return format!("{text}: {word}, {}{together} to go by.", rows(gate.rows));
    };
    // Enough digits to tell the bounds from the limit.
    let differ = |places: &usize| {
        [low, high].iter().all(|bound| points(*bound, *places) != points(gate.limit, *places))
    };
    let places = (1..4).find(differ).unwrap_or(1);
    let figure = |value: f64| match found {
        Found::Difference => format!("{} points", points(value, places)),
        Found::Accuracy => format!("{} %", points(value, places)),
        Found::Mean => format!("{value:.*}", places + 2),
    };
    let what = match found {
        Found::Difference => "the difference",
        Found::Accuracy => "accuracy",
        Found::Mean => "the mean",
    };
    let limit = match found {
        Found::Difference => format!("{} points", limit(gate.limit)),
        Found::Accuracy => format!("{} %", limit(gate.limit)),
        Found::Mean => figure(gate.limit),
    };
    let sure = match outcome {
        GateOutcome::Pass => format!("at least {}", figure(low)),
        GateOutcome::Fail => format!("at most {}", figure(high)),
        GateOutcome::TooLittleData => format!(
            "at least {} and at most {}, so that more rows are needed",
            figure(low),
            figure(high)
        ),
    };
    format!(
        "{text}: {word}, {what} is {} on {}, with {:.0} % confidence {sure}; the limit is {limit}.",
        figure(estimate),
        rows(gate.rows),
        gate.confidence * 100.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_without_changing_what_they_say() {
        assert_eq!(
            [0.016, 0.0004, 0.04996, 0.0504, 0.9999].map(p),
            ["0.016", "below 0.001", "0.0499", "0.050", "1"]
        );
        assert_eq!([-0.02, 0.9999, -0.0025, 0.0].map(limit), ["-2.0", "99.99", "-0.25", "0.0"]);
        assert_eq!([7, 149, 1_248, 12_480].map(rounded), [7, 150, 1_300, 13_000]);
        assert_eq!(
            [(0.4, 0), (-0.001, 0), (-0.013, 1)].map(|(x, n)| points(x, n)),
            ["40", "0", "-1.3"]
        );
    }
}
