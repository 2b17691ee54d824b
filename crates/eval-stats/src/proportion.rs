//! One share of rows and how sure one may be of it.

use crate::{Interval, normal_quantile};

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
    if n == 0 || passes > n || !(confidence > 0.0 && confidence < 1.0) {
        return None;
    }
    // The upper tail by its own size: 1 - tail would lose the digits of a confidence close to 1.
    let z = -normal_quantile((1.0 - confidence) / 2.0)?;
    let (low, high) = if passes <= n - passes {
        bounds_below_half(passes, n, z)
    } else {
        // Seen from the failures, so that intervals are symmetric to the last bit and keep their digits near 1.
        let (low, high) = bounds_below_half(n - passes, n, z);
        (1.0 - high, 1.0 - low)
    };
    // Rounding must not make certainty out of many rows.
    Some(Interval { low: low.min(1.0_f64.next_down()), high })
}

/// The roots of the score equation (1 + z²/n) x² − (2p + z²/n) x + p² = 0 for a share `p` of at most one half.
///
/// The smaller root is had by way of the larger one, whose formula adds; its own formula would subtract nearly equal
/// numbers when passes are rare.
fn bounds_below_half(passes: u64, n: u64, z: f64) -> (f64, f64) {
    let (p, n) = (real(passes) / real(n), real(n));
    let z2n = z * z / n;
    let half = (p * (1.0 - p) / n + z2n / (4.0 * n)).sqrt() * z;
    let larger = p + z2n / 2.0 + half;
    let high = larger / (1.0 + z2n);
    ((p * p / larger).min(high), high)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "row counts beyond 2^53 lose digits that no interval shows"
)]
fn real(count: u64) -> f64 {
    count as f64
}
