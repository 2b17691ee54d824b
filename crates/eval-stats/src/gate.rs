//! The gate: whether a candidate is good enough, not good enough, or not yet known to be either.

use crate::interval::Interval;
use crate::means::paired_scores;
use crate::number::is_share;
use crate::paired::{PairedCounts, tango};
use crate::proportion::{proportion, wilson};

/// The three outcomes of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The lower bound reaches the limit: good enough, as sure as was asked for.
    Pass,
    /// The upper bound stays below the limit: not good enough, as sure as was asked for.
    Fail,
    /// The limit lies between the bounds, or there are none: more rows are needed.
    TooLittleData,
}

/// A decision with what it stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gate {
    /// The outcome.
    pub decision: Decision,
    /// What was estimated; none without rows.
    pub estimate: Option<f64>,
    /// The one-sided lower and the one-sided upper bound, each at the confidence asked for; none without rows.
    pub bounds: Option<Interval>,
    /// What the estimate must reach.
    pub limit: f64,
}

/// Decides by a pair of one-sided bounds: the rule of every gate.
///
/// `Pass` if low ≥ limit, `Fail` if high < limit, else `TooLittleData`. The bounds at one-sided confidence 0.95 are the
/// two-sided interval at 0.90, see [`two_sided`]. For bounds of other makes, such as those of
/// [`clustered_mean`](crate::clustered_mean).
///
/// ```
/// use eval_stats::{Decision, Interval, decide};
///
/// assert_eq!(decide(Some(Interval { low: -0.01, high: 0.03 }), -0.02), Decision::Pass);
/// assert_eq!(decide(Some(Interval { low: -0.03, high: 0.01 }), -0.02), Decision::TooLittleData);
/// assert_eq!(decide(Some(Interval { low: -0.09, high: -0.03 }), -0.02), Decision::Fail);
/// assert_eq!(decide(None, -0.02), Decision::TooLittleData);
/// ```
pub fn decide(bounds: Option<Interval>, limit: f64) -> Decision {
    match bounds {
        Some(bounds) if bounds.low >= limit => Decision::Pass,
        Some(bounds) if bounds.high < limit => Decision::Fail,
        _ => Decision::TooLittleData,
    }
}

/// The two-sided confidence whose interval has one-sided bounds at `confidence`: 0.90 for 0.95.
///
/// Returns `None` unless `0.5 < confidence < 1`: below, the bounds would lie on the wrong sides.
///
/// ```
/// assert_eq!(format!("{:.2}", eval_stats::two_sided(0.95).unwrap()), "0.90");
/// assert_eq!(eval_stats::two_sided(0.5), None);
/// ```
pub fn two_sided(confidence: f64) -> Option<f64> {
    (confidence > 0.5 && confidence < 1.0).then_some(1.0 - 2.0 * (1.0 - confidence))
}

impl Gate {
    fn of(estimate: Option<f64>, bounds: Option<Interval>, limit: f64) -> Self {
        Self { decision: decide(bounds, limit), estimate, bounds, limit }
    }
}

/// The gate `A >= B - margin` over yes/no verdicts on the same rows, A the candidate and B the baseline.
///
/// Non-inferiority: A − B is held against −margin by the one-sided bounds of [`tango`]'s interval (Tango 1998; the
/// three outcomes after Piaggio et al. 2012, CONSORT). With a margin of 0 only a candidate that is better passes: no
/// number of rows shows that two models are exactly as good.
///
/// Returns `None` unless `0 <= margin <= 1` and `0.5 < confidence < 1`. Without rows the outcome is `TooLittleData`.
///
/// ```
/// use eval_stats::{Decision, PairedCounts, non_inferiority};
///
/// let counts = PairedCounts { both: 1700, only_a: 60, only_b: 60, neither: 180 };
/// assert_eq!(non_inferiority(&counts, 0.02, 0.95).unwrap().decision, Decision::Pass);
/// let counts = PairedCounts { both: 13, only_a: 1, only_b: 1, neither: 0 };
/// assert_eq!(non_inferiority(&counts, 0.02, 0.95).unwrap().decision, Decision::TooLittleData);
/// let counts = PairedCounts { both: 1500, only_a: 60, only_b: 260, neither: 180 };
/// assert_eq!(non_inferiority(&counts, 0.02, 0.95).unwrap().decision, Decision::Fail);
/// ```
pub fn non_inferiority(counts: &PairedCounts, margin: f64, confidence: f64) -> Option<Gate> {
    let confidence = two_sided(confidence).filter(|_| is_share(margin))?;
    Some(Gate::of(counts.difference(), tango(counts, confidence), -margin))
}

/// The gate `A >= B - margin` over scores in 0..=1 on the same rows, by the bounds of [`paired_scores`].
///
/// Returns `None` for unequal numbers of scores, a score outside 0..=1, and where [`non_inferiority`] does.
///
/// ```
/// use eval_stats::{Decision, non_inferiority_of_scores};
///
/// let (a, b): (Vec<f64>, Vec<f64>) = (0..80).map(|row| (0.7, if row % 2 == 0 { 0.6 } else { 0.7 })).unzip();
/// assert_eq!(non_inferiority_of_scores(&a, &b, 0.02, 0.95).unwrap().decision, Decision::Pass);
/// ```
pub fn non_inferiority_of_scores(
    a: &[f64],
    b: &[f64],
    margin: f64,
    confidence: f64,
) -> Option<Gate> {
    let confidence = two_sided(confidence).filter(|_| is_share(margin))?;
    if a.is_empty() && b.is_empty() {
        return Some(Gate::of(None, None, -margin));
    }
    let found = paired_scores(a, b, confidence)?.difference;
    Some(Gate::of(Some(found.mean), found.interval, -margin))
}

/// The gate `A >= limit` for a share of passes, by the one-sided bounds of [`wilson`]'s interval.
///
/// A limit of 1 is never passed: no number of rows shows that a model never fails.
///
/// Returns `None` for more passes than rows, unless `0 <= limit <= 1`, and unless `0.5 < confidence < 1`. Without rows
/// the outcome is `TooLittleData`.
///
/// ```
/// use eval_stats::{Decision, at_least};
///
/// assert_eq!(at_least(960, 1000, 0.94, 0.95).unwrap().decision, Decision::Pass);
/// assert_eq!(at_least(15, 15, 0.94, 0.95).unwrap().decision, Decision::TooLittleData);
/// assert_eq!(at_least(900, 1000, 0.94, 0.95).unwrap().decision, Decision::Fail);
/// ```
pub fn at_least(passes: u64, n: u64, limit: f64, confidence: f64) -> Option<Gate> {
    let confidence = two_sided(confidence).filter(|_| is_share(limit) && passes <= n)?;
    Some(Gate::of(proportion(passes, n), wilson(passes, n, confidence), limit))
}
