//! The figures of a column as short texts, the same in the terminal and in a pull request.

use crate::numbers::{Estimate, grouped, percent};
use crate::phrases::p;
use crate::sentences::is_unjudged;
use crate::{Bounds, Column, Comparison, Cost, Report, ScorerResult, Test};

/// What stands where there is no figure.
const NOTHING: &str = "-";
/// The mark of a difference that is shown.
const SHOWN: &str = " *";

/// Passes of scored rows, as `13/14`; the rows alone where verdicts are no passes.
pub(crate) fn passes(result: &ScorerResult) -> String {
    match result.accuracy {
        Some(_) => format!("{}/{}", grouped(result.passes), grouped(result.scored)),
        None if result.scored == 0 => NOTHING.to_owned(),
        None => grouped(result.scored),
    }
}

/// `93.3% (70.2-98.8)`, `mean 0.523 (0.401-0.640)`, or in words why there is no such figure.
pub(crate) fn accuracy(result: &ScorerResult) -> String {
    match (result.accuracy, result.mean) {
        _ if is_unjudged(result) => "no verdicts".to_owned(),
        _ if result.scored == 0 => "no results".to_owned(),
        (Some(accuracy), _) => with_interval(&accuracy),
        (None, Some(mean)) => match &result.mean_interval {
            Some(Bounds { low, high, .. }) => format!("mean {mean:.3} ({low:.3}-{high:.3})"),
            None => format!("mean {mean:.3}"),
        },
        (None, None) => "labels".to_owned(),
    }
}

pub(crate) fn with_interval(estimate: &Estimate) -> String {
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(percent);
    format!("{value}% ({low}-{high})")
}

/// A share in percent, or that there is none.
pub(crate) fn share(share: Option<f64>) -> String {
    share.map_or_else(|| NOTHING.to_owned(), |share| format!("{}%", percent(share)))
}

/// `66.5% of 200`: passes of all rows submitted.
pub(crate) fn of_submitted(result: &ScorerResult, submitted: u64) -> String {
    match result.passes_of_submitted {
        Some(_) => format!("{} of {}", share(result.passes_of_submitted), grouped(submitted)),
        None => NOTHING.to_owned(),
    }
}

/// `+40.0 (11.5 to 64.3)`, in points.
pub(crate) fn difference(value: f64, interval: Option<&Bounds>) -> String {
    let value = signed(value);
    match interval {
        Some(Bounds { low, high, .. }) => {
            format!("{value} ({} to {})", signed(*low), signed(*high))
        }
        None => value,
    }
}

/// Points with their sign, which nothing has not.
fn signed(value: f64) -> String {
    match format!("{:+.1}", value * 100.0).as_str() {
        "+0.0" | "-0.0" => "0.0".to_owned(),
        text => text.to_owned(),
    }
}

/// The p value to judge by, marked if a difference is shown.
pub(crate) fn significance(test: Option<&Test>, is_shown: bool) -> String {
    let text = test.map(|test| p(test.decisive()));
    let text = text.map_or_else(|| NOTHING.to_owned(), |text| text.replace("below ", "<"));
    if is_shown { text + SHOWN } else { text }
}

/// The comparison of a column by a scorer.
pub(crate) fn comparison<'r>(
    report: &'r Report,
    scorer: &str,
    title: &str,
) -> Option<&'r Comparison> {
    report.comparisons.iter().find(|found| found.scorer == scorer && found.a == title)
}

/// Rows whose result cannot be used.
pub(crate) fn failed(column: &Column) -> u64 {
    column.outcomes.error + column.outcomes.conflict + column.outcomes.unparsable
}

/// Tokens in and out, as far as any row states them.
pub(crate) fn tokens(column: &Column) -> [String; 2] {
    let tokens = &column.tokens;
    [tokens.prompt, tokens.candidates + tokens.thoughts].map(|sum| match tokens.rows {
        0 => NOTHING.to_owned(),
        _ => grouped(sum),
    })
}

/// What the answers cost.
pub(crate) fn cost(cost: Option<&Cost>) -> String {
    match cost.map(|cost| cost.micros) {
        None => NOTHING.to_owned(),
        Some(None) => "unknown".to_owned(),
        Some(Some(micros)) => dollars(micros),
    }
}

/// Millionths of a dollar, to a hundredth of a cent and never less than was spent.
pub(crate) fn dollars(micros: u64) -> String {
    let hundredths = micros.div_ceil(100);
    format!("${}.{:04}", grouped(hundredths / 10_000), hundredths % 10_000)
}
