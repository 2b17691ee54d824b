//! Gates decided: one-sided bounds at 95 % against the limit, with three outcomes.

use eval_stats::{ClusterSums, Decision, Interval, ScoreSums, decide, two_sided};
use scoring::{Scores, SpecError};

use super::pairs::{Pairing, Said};
use super::{of_grades, says_values};
use crate::gate::{Against, Gate};
use crate::groups::Clusters;
use crate::numbers::CONFIDENCE;
use crate::phrases::Found;
use crate::{GateOutcome, GateResult, Report, Role, phrases};

/// What a gate rests on.
#[derive(Default)]
struct Evidence {
    rows: u64,
    estimate: Option<f64>,
    bounds: Option<Interval>,
    kind: Found,
}

/// The outcome of a gate; one about a column that is not there has too little data.
pub(super) fn decided(
    report: &Report,
    scores: &[&Scores],
    gate: &Gate,
    clusters: Option<&Clusters>,
) -> GateResult {
    let (limit, found) = match &gate.against {
        Against::Column(name) => {
            (-gate.margin, difference(report, scores, gate, &name.text, clusters))
        }
        Against::Number(number) => {
            ((number - gate.margin).max(0.0), share(report, scores, gate, clusters))
        }
    };
    let lacking = found.as_ref().err().cloned();
    let Evidence { rows, estimate, bounds, kind } = found.unwrap_or_default();
    let outcome = match decide(bounds, limit) {
        Decision::Pass => GateOutcome::Pass,
        Decision::Fail => GateOutcome::Fail,
        Decision::TooLittleData => GateOutcome::TooLittleData,
    };
    let scorer = gate.scorer_of(&report.scorers).ok().and_then(|at| report.scorers.get(at));
    let scorer = scorer.map_or("", String::as_str);
    let mut result = GateResult {
        text: gate.to_string(),
        scorer: scorer.to_owned(),
        outcome,
        rows,
        estimate,
        low: bounds.map(|bounds| bounds.low),
        high: bounds.map(|bounds| bounds.high),
        limit,
        confidence: CONFIDENCE,
        sentence: String::new(),
    };
    result.sentence = phrases::gate(&result, kind, lacking.as_deref());
    result
}

/// The candidate and the scorer, by their positions.
fn subject(report: &Report, scores: &[&Scores], gate: &Gate) -> Result<(usize, usize), String> {
    let lacking = |error: SpecError| match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    };
    let scorer = gate.scorer_of(&report.scorers).map_err(lacking)?;
    let candidate = report.find(&gate.candidate.text)?;
    says_something(report, scores, candidate, scorer)?;
    Ok((candidate, scorer))
}

/// Whether a scorer says of a column what a gate can be decided by.
fn says_something(
    report: &Report,
    scores: &[&Scores],
    column: usize,
    scorer: usize,
) -> Result<(), String> {
    let name = report.scorers.get(scorer).map_or("", String::as_str);
    let title = report.models.get(column).map(crate::Column::title).unwrap_or_default();
    if report.is_beside(name, &title) {
        return Err(format!(
            "{name} holds the others against {title} and says nothing of it; a number decides, as in \
             `MODEL@{name} >= 0.5`"
        ));
    }
    let tally = scores.get(column).and_then(|scores| scores.tally(scorer));
    if tally.is_some_and(|tally| tally.scored > 0 && !says_values(&tally)) {
        return Err(format!(
            "{name} gives labels, and which are right is not known, so that no number of rows decides it"
        ));
    }
    Ok(())
}

/// The difference of two columns over the rows scored for both. A model without a variant is held against under the
/// candidate's own.
fn difference(
    report: &Report,
    scores: &[&Scores],
    gate: &Gate,
    against: &str,
    clusters: Option<&Clusters>,
) -> Result<Evidence, String> {
    let (candidate, scorer) = subject(report, scores, gate)?;
    let variant = report.models.get(candidate).and_then(|column| column.variant.clone());
    let same_variant = report.models.iter().position(|column| {
        column.role == Role::Model && column.label == against && column.variant == variant
    });
    let against = same_variant.map_or_else(|| report.find(against), Ok)?;
    says_something(report, scores, against, scorer)?;
    let (Some(a), Some(b)) = (scores.get(candidate), scores.get(against)) else {
        return Ok(Evidence::default());
    };
    let pairing = Pairing::of(a, b, scorer, clusters);
    let found = two_sided(CONFIDENCE).and_then(|confidence| pairing.difference_at(confidence));
    let bounds = found.and_then(|found| found.interval);
    Ok(Evidence {
        rows: pairing.rows(),
        estimate: found.map(|found| found.value),
        bounds: bounds.map(|bounds| Interval { low: bounds.low, high: bounds.high }),
        kind: Found::Difference,
    })
}

/// The mean verdict of the candidate over its scored rows.
fn share(
    report: &Report,
    scores: &[&Scores],
    gate: &Gate,
    clusters: Option<&Clusters>,
) -> Result<Evidence, String> {
    let (candidate, scorer) = subject(report, scores, gate)?;
    let Some(scores) = scores.get(candidate) else { return Ok(Evidence::default()) };
    let (mut plain, mut clustered) = (ScoreSums::default(), ClusterSums::default());
    let mut is_graded = false;
    for (at, row) in (0..scores.rows()).enumerate() {
        let Some(said) = Said::of(scores, scorer, row) else { continue };
        plain.push(said.value);
        is_graded |= !said.is_verdict;
        if let Some(clusters) = clusters {
            clustered.push(said.value, clusters.of(at));
        }
    }
    let confidence = two_sided(CONFIDENCE).unwrap_or(CONFIDENCE);
    let found = plain.mean(confidence);
    let bounds = match (clusters, is_graded) {
        (None, false) => found.and_then(|found| found.interval),
        (None, true) => of_grades(&plain, confidence).map(|(interval, _)| interval),
        (Some(_), false) => clustered.proportion(confidence).and_then(|found| found.interval),
        (Some(_), true) => clustered
            .mean(confidence)
            .and_then(|found| found.interval)
            .and_then(|interval| interval.cut_to(0.0, 1.0)),
    };
    let kind = if is_graded { Found::Mean } else { Found::Accuracy };
    Ok(Evidence { rows: plain.rows(), estimate: found.map(|found| found.mean), bounds, kind })
}
