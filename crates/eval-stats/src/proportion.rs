//! One share of rows and how sure one may be of it; two shares of rows that have nothing to do with each other.

use crate::interval::{DIFFERENCES, Interval, SHARES};
use crate::number::{MOST_ROWS, is_probability_inside, real, z_two_sided};
use crate::special::beta_quantile;

/// The share of `passes` among `n` rows, in 0..=1; `None` without rows or with more passes than rows.
///
/// ```
/// assert_eq!(eval_stats::proportion(3, 4), Some(0.75));
/// assert_eq!(eval_stats::proportion(0, 0), None);
/// ```
pub fn proportion(passes: u64, n: u64) -> Option<f64> {
    (n > 0 && passes <= n).then(|| real(passes) / real(n))
}

/// The Wilson score interval of `passes` out of `n` at `confidence` (0.95 for 95 %), within 0..=1.
///
/// (p + z²/2n ± z √(p(1−p)/n + z²/4n²)) / (1 + z²/n), Wilson 1927. The default for yes/no verdicts at any number of
/// rows: its coverage is close to what it states, a little above or below it from one share to the next.
///
/// Its ends are exactly 0 for no pass and exactly 1 for all, and it is never the single point 0 or 1, however many
/// rows there are.
///
/// Returns `None` without rows (there is no estimate), with more passes than rows, or unless `0 < confidence < 1`.
///
/// ```
/// let interval = eval_stats::wilson(8, 15, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.3012 0.7519");
/// ```
pub fn wilson(passes: u64, n: u64, confidence: f64) -> Option<Interval> {
    proportion(passes, n)?;
    let z = z_two_sided(confidence)?;
    Some(wilson_of(real(passes), real(n - passes), z))
}

/// Wilson's interval of passes and failures that need not be whole; their sum must be above 0.
pub(crate) fn wilson_of(passes: f64, failures: f64, z: f64) -> Interval {
    let n = passes + failures;
    let (low, high) = if passes <= failures {
        bounds_below_half(passes / n, n, z)
    } else {
        // Seen from the failures, so that intervals are symmetric to the last bit and keep their digits near 1.
        let (low, high) = bounds_below_half(failures / n, n, z);
        (1.0 - high, 1.0 - low)
    };
    Interval::on_scale(low, high, SHARES)
}

/// The roots of the score equation (1 + z²/n) x² − (2p + z²/n) x + p² = 0 for a share `p` of at most one half.
///
/// The smaller root is had by way of the larger one, whose formula adds; its own formula would subtract nearly equal
/// numbers when passes are rare.
fn bounds_below_half(p: f64, n: f64, z: f64) -> (f64, f64) {
    let z2n = z * z / n;
    let half = (p * (1.0 - p) / n + z2n / (4.0 * n)).sqrt() * z;
    let larger = p + z2n / 2.0 + half;
    let high = larger / (1.0 + z2n);
    ((p * p / larger).min(high), high)
}

/// The Clopper-Pearson interval of `passes` out of `n` at `confidence`, within 0..=1.
///
/// From the α/2 quantile of Beta(k, n−k+1) to the 1−α/2 quantile of Beta(k+1, n−k), Clopper & Pearson 1934. For when
/// the stated confidence must be reached whatever the true share is; the price is that it is wider than needed.
///
/// Returns `None` where [`wilson`] does, and beyond 2³² rows.
///
/// ```
/// let interval = eval_stats::clopper_pearson(15, 15, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.7820 1.0000");
/// ```
pub fn clopper_pearson(passes: u64, n: u64, confidence: f64) -> Option<Interval> {
    proportion(passes, n)?;
    if !is_probability_inside(confidence) || n > MOST_ROWS {
        return None;
    }
    let (passes, failures) = (real(passes), real(n - passes));
    let tail = (1.0 - confidence) / 2.0;
    let low =
        if passes > 0.0 { beta_quantile(passes, failures + 1.0, tail, 1.0 - tail) } else { 0.0 };
    let high =
        if failures > 0.0 { beta_quantile(passes + 1.0, failures, 1.0 - tail, tail) } else { 1.0 };
    Some(Interval::on_scale(low, high, SHARES))
}

/// What is believed of a share before any row is seen, as a Beta(a, a) distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prior {
    /// Beta(1, 1): every share is as likely as every other.
    Uniform,
    /// Beta(½, ½), Jeffreys' prior: it says as little as possible on any scale the share may be put on.
    Jeffreys,
}

/// The equal-tailed credible interval of a share: the share lies in it with probability `confidence`, given `prior`.
///
/// The α/2 and 1−α/2 quantiles of Beta(k+a, n−k+a). [`Prior::Uniform`] is the default of Bowyer, Aitchison & Ivanova
/// 2025 (arXiv 2503.01747) for evaluations; it never touches 0 or 1. With [`Prior::Jeffreys`] the ends are those of
/// the Jeffreys interval: 0 for no pass and 1 for all (Brown, Cai & `DasGupta` 2001).
///
/// Returns `None` where [`wilson`] does, and beyond 2³² rows.
///
/// ```
/// use eval_stats::{Prior, beta_interval};
///
/// let interval = beta_interval(14, 15, Prior::Uniform, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.6977 0.9845");
/// let interval = beta_interval(15, 15, Prior::Jeffreys, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.8482 1.0000");
/// ```
pub fn beta_interval(passes: u64, n: u64, prior: Prior, confidence: f64) -> Option<Interval> {
    proportion(passes, n)?;
    if !is_probability_inside(confidence) || n > MOST_ROWS {
        return None;
    }
    let (passes, failures) = (real(passes), real(n - passes));
    let tail = (1.0 - confidence) / 2.0;
    let (own, touches_ends) = match prior {
        Prior::Uniform => (1.0, false),
        Prior::Jeffreys => (0.5, true),
    };
    let (a, b) = (passes + own, failures + own);
    let low =
        if touches_ends && passes <= 0.0 { 0.0 } else { beta_quantile(a, b, tail, 1.0 - tail) };
    let high =
        if touches_ends && failures <= 0.0 { 1.0 } else { beta_quantile(a, b, 1.0 - tail, tail) };
    Some(Interval::on_scale(low, high, SHARES))
}

/// The interval of the difference of two shares, the first minus the second, over rows that are *not* shared.
///
/// Newcombe's hybrid score interval (1998, method 10): the square-and-add of the two Wilson intervals. For the same
/// rows under two models use [`tango`](crate::tango), which is far narrower because rows that are hard are hard for
/// both.
///
/// Each share is `(passes, n)`. Returns `None` where [`wilson`] does for either share.
///
/// ```
/// let interval = eval_stats::newcombe((8, 15), (14, 15), 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "-0.6385 -0.0816");
/// ```
pub fn newcombe(first: (u64, u64), second: (u64, u64), confidence: f64) -> Option<Interval> {
    let (p, q) = (proportion(first.0, first.1)?, proportion(second.0, second.1)?);
    let one = wilson(first.0, first.1, confidence)?;
    let other = wilson(second.0, second.1, confidence)?;
    let low = p - q - (p - one.low).hypot(other.high - q);
    let high = p - q + (one.high - p).hypot(q - other.low);
    Some(Interval::on_scale(low, high, DIFFERENCES))
}
