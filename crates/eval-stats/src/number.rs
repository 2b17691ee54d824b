//! The few steps that every formula starts with: counts to numbers, sums that keep their digits, checks of input.

use crate::special::normal_quantile;

#[expect(
    clippy::cast_precision_loss,
    reason = "row counts beyond 2^53 lose digits that no interval shows"
)]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

/// How many there are, as a number to calculate with.
pub(crate) fn length<T>(items: &[T]) -> f64 {
    real(items.len() as u64)
}

/// The largest number of rows whose binomial tails are calculated; see [`incomplete_beta`](crate::special::incomplete_beta).
pub(crate) const MOST_ROWS: u64 = 1 << 32;

pub(crate) fn is_probability_inside(p: f64) -> bool {
    p > 0.0 && p < 1.0
}

pub(crate) fn is_share(p: f64) -> bool {
    (0.0..=1.0).contains(&p)
}

/// The normal quantile of a two-sided confidence: 1.96 for 0.95; `None` unless `0 < confidence < 1`.
pub(crate) fn z_two_sided(confidence: f64) -> Option<f64> {
    if !is_probability_inside(confidence) {
        return None;
    }
    // The upper tail by its own size: 1 - tail would lose the digits of a confidence close to 1.
    normal_quantile((1.0 - confidence) / 2.0).map(|z| -z)
}

/// The sum with the rounding errors carried along (Neumaier 1974), so that millions of rows keep their digits.
pub(crate) fn sum(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut total, mut lost) = (0.0_f64, 0.0_f64);
    for value in values {
        let next = total + value;
        lost += if total.abs() >= value.abs() {
            (total - next) + value
        } else {
            (value - next) + total
        };
        total = next;
    }
    total + lost
}

/// The mean and the sum of squares about it; `None` for no values or values that are not finite.
pub(crate) fn moments(values: &[f64]) -> Option<(f64, f64)> {
    moments_of(values, largest(values))
}

/// The largest value, whatever its sign.
pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()))
}

/// The same of values that were calculated from numbers as large as `magnitude`.
pub(crate) fn moments_of(values: &[f64], magnitude: f64) -> Option<(f64, f64)> {
    let mean = sum(values.iter().copied()) / length(values);
    if !mean.is_finite() {
        return None;
    }
    let squares = sum(values.iter().map(|value| (value - mean) * (value - mean)));
    Some((mean, without_noise(squares, length(values), magnitude)))
}

/// A sum of squares, or 0 where it is no more than what rounding makes of equal values: three times 0.2 have a mean
/// that is not 0.2, and must not look like rows that agree to the last digit.
pub(crate) fn without_noise(squares: f64, n: f64, magnitude: f64) -> f64 {
    let noise = 4.0 * f64::EPSILON * magnitude;
    if squares <= n * noise * noise { 0.0 } else { squares }
}
