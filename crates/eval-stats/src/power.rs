//! Before a run: how many rows a gap needs to be seen, and how small a gap so many rows can show.

use crate::number::{is_probability_inside, is_share, real};
use crate::paired::sign_test;
use crate::special::{binomial, binomial_lower, normal_quantile};

/// What is asked of a comparison that is yet to be made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Design {
    /// The level of the two-sided test.
    pub alpha: f64,
    /// The chance with which a gap that is there should be found.
    pub power: f64,
}

impl Default for Design {
    /// A level of 0.05 and a power of 0.8.
    fn default() -> Self {
        Self { alpha: 0.05, power: 0.8 }
    }
}

impl Design {
    /// How many rows a gap of `effect` needs, not rounded, if the difference on one row has this `variance`.
    ///
    /// (z(1−α/2) + z(power))² variance / effect² (Miller 2024, arXiv 2411.00640). Round up. Variances come
    /// from [`PairedCounts::variance`](crate::PairedCounts::variance), [`paired_variance`], [`unpaired_variance`] (rows
    /// of each model then) and [`variance_of_tries`]. A normal approximation: below some 50 rows it promises too much,
    /// and [`mcnemar_power`] is exact.
    ///
    /// Returns `None` unless `0 < alpha < 1`, `0 < power < 1`, power > α/2, the variance is above 0 and the effect is
    /// not 0.
    ///
    /// ```
    /// let rows = eval_stats::Design::default().rows_needed(1.0 / 9.0, 0.03).unwrap();
    /// assert_eq!(rows.ceil(), 969.0);
    /// ```
    pub fn rows_needed(&self, variance: f64, effect: f64) -> Option<f64> {
        let z = self.z_sum()?;
        let is_asked = variance > 0.0 && variance.is_finite() && effect.is_finite();
        let rows = z * z * variance / (effect * effect);
        (is_asked && rows.is_finite()).then_some(rows)
    }

    /// The smallest gap that `rows` rows show with the power asked for: [`Design::rows_needed`] solved for the effect.
    ///
    /// Returns `None` without rows and where [`Design::rows_needed`] does.
    ///
    /// ```
    /// use eval_stats::{Design, PairedCounts};
    ///
    /// let counts = PairedCounts { both: 120, only_a: 25, only_b: 12, neither: 43 };
    /// let gap = Design::default().detectable(counts.variance().unwrap(), 200).unwrap();
    /// assert_eq!(format!("{gap:.4}"), "0.0842");
    /// ```
    pub fn detectable(&self, variance: f64, rows: u64) -> Option<f64> {
        let z = self.z_sum()?;
        let is_asked = rows > 0 && variance > 0.0 && variance.is_finite();
        is_asked.then(|| z * (variance / real(rows)).sqrt())
    }

    /// The smallest gap that `rows` rows show between verdicts on the same rows, where the models differ on the share
    /// `differing` of them: [`Design::detectable`], but since models that are a gap apart differ on at least as many
    /// rows, a few rows that differ, or none, promise no more than they can hold.
    ///
    /// Returns `None` without rows, and unless `differing` is a share.
    ///
    /// ```
    /// let gap = eval_stats::Design::default().detectable_of_flips(0.0, 200).unwrap();
    /// assert_eq!(format!("{gap:.4}"), "0.0378");
    /// ```
    pub fn detectable_of_flips(&self, differing: f64, rows: u64) -> Option<f64> {
        let z = self.z_sum()?;
        if rows == 0 || !is_share(differing) {
            return None;
        }
        // gap² n = z² (differing - gap²) solved for the gap, which is not more than differs.
        let least = z * z / (real(rows) + z * z);
        Some((differing.max(least) * least).sqrt())
    }

    fn z_sum(&self) -> Option<f64> {
        if !is_probability_inside(self.alpha) {
            return None;
        }
        let z = normal_quantile(self.power)? - normal_quantile(self.alpha / 2.0)?;
        (z > 0.0).then_some(z)
    }
}

/// The variance of a paired difference on one row, if A alone is right on the share `only_a` of rows and B alone on
/// `only_b`: the sum less the square of the difference.
///
/// To plan for a gap δ between models that differ on the share d of rows: `paired_variance((d + δ)/2, (d − δ)/2)`.
///
/// Returns `None` for shares outside 0..=1 or a sum above 1.
///
/// ```
/// assert_eq!(eval_stats::paired_variance(0.25, 0.25), Some(0.5));
/// ```
pub fn paired_variance(only_a: f64, only_b: f64) -> Option<f64> {
    let gap = only_a - only_b;
    let are_shares = is_share(only_a) && is_share(only_b) && only_a + only_b <= 1.0;
    are_shares.then(|| (only_a + only_b - gap * gap).max(0.0))
}

/// The variance of a difference between unrelated rows, one of each model: `a(1 − a) + b(1 − b)` for the shares that
/// pass.
///
/// Returns `None` for shares outside 0..=1.
///
/// ```
/// assert_eq!(eval_stats::unpaired_variance(0.5, 0.5), Some(0.5));
/// ```
pub fn unpaired_variance(a: f64, b: f64) -> Option<f64> {
    (is_share(a) && is_share(b)).then_some(a * (1.0 - a) + b * (1.0 - b))
}

/// The variance of a paired difference when rows are tried several times: ω² + σ²A/KA + σ²B/KB (Miller 2024).
///
/// `between` is the variance of the true differences over rows; each of `a` and `b` is the variance within a row and
/// the number of tries. More tries help only as long as the later terms are not small beside the first.
///
/// Returns `None` for negative or infinite variances, or no tries.
///
/// ```
/// let variance = eval_stats::variance_of_tries(1.0 / 9.0, (1.0 / 6.0, 10), (1.0 / 6.0, 10)).unwrap();
/// let rows = eval_stats::Design::default().rows_needed(variance, 0.03).unwrap();
/// assert_eq!(rows.ceil(), 1260.0);
/// ```
pub fn variance_of_tries(between: f64, a: (f64, u64), b: (f64, u64)) -> Option<f64> {
    let is_variance = |variance: f64| variance >= 0.0 && variance.is_finite();
    let is_possible = is_variance(between) && is_variance(a.0) && is_variance(b.0);
    (is_possible && a.1 > 0 && b.1 > 0).then(|| between + a.0 / real(a.1) + b.0 / real(b.1))
}

/// The exact power of both forms of `McNemar`'s test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemarPower {
    /// The chance that the mid-p is at most α.
    pub mid_p: f64,
    /// The chance that the exact p is at most α.
    pub exact_p: f64,
}

/// The chance that [`mcnemar`](crate::mcnemar) finds a difference at level `alpha` on `n` rows, if A alone is right on
/// the share `only_a` of rows and B alone on `only_b`.
///
/// By adding up: the number of differing rows is Bin(n, a + b), and A's part of them is Bin(·, a/(a + b)). With
/// `only_a == only_b` it is the true level of the test. For few rows, where [`Design`] only approximates.
///
/// Returns `None` without rows, beyond a million rows, for shares outside 0..=1 or with a sum above 1, or unless
/// `0 < alpha < 1`.
///
/// ```
/// let power = eval_stats::mcnemar_power(15, 0.45, 0.05, 0.05).unwrap();
/// assert_eq!(format!("{:.3} {:.3}", power.exact_p, power.mid_p), "0.490 0.628");
/// ```
pub fn mcnemar_power(n: u64, only_a: f64, only_b: f64, alpha: f64) -> Option<McNemarPower> {
    paired_variance(only_a, only_b)?;
    if n == 0 || n > MOST_ENUMERATED || !is_probability_inside(alpha) {
        return None;
    }
    let (rows, differing) = (real(n), only_a + only_b);
    let mut power = McNemarPower { mid_p: 0.0, exact_p: 0.0 };
    for m in likely(n, differing) {
        let weight = binomial(real(m), rows, differing);
        if weight > 0.0 {
            let found = |is_significant: &dyn Fn(u64) -> bool| {
                let n_tail = count_while(m / 2 + 1, is_significant);
                weight * in_tails(n_tail, m, only_a / differing)
            };
            let p = |fewer: u64| sign_test(fewer, m - fewer);
            // A p value that equals alpha but for rounding counts as equal.
            let level = alpha * (1.0 + 1e-12);
            power.mid_p += found(&|fewer| p(fewer).is_some_and(|p| p.mid_p <= level));
            power.exact_p += found(&|fewer| p(fewer).is_some_and(|p| p.exact_p <= level));
        }
    }
    Some(McNemarPower { mid_p: power.mid_p.min(1.0), exact_p: power.exact_p.min(1.0) })
}

/// Up to this many rows the outcomes are added up; it takes a fraction of a second, and [`Design`] is right far below.
const MOST_ENUMERATED: u64 = 1_000_000;

/// The numbers of differing rows outside which less than one part in 10¹⁷ lies.
fn likely(n: u64, share: f64) -> std::ops::RangeInclusive<u64> {
    let mean = real(n) * share;
    let reach = 9.0 * (mean * (1.0 - share)).max(0.0).sqrt();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most a million rows, and a cast stops at 0"
    )]
    let (low, high) = ((mean - reach - 40.0) as u64, (mean + reach + 40.0) as u64);
    low..=high.min(n)
}

/// How many of 0, 1, 2, … below `end` hold from the start on, by halving.
fn count_while(end: u64, holds: &dyn Fn(u64) -> bool) -> u64 {
    let (mut low, mut high) = (0, end);
    while low < high {
        let middle = low + (high - low) / 2;
        if holds(middle) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// P(X < tail) + P(X > m − tail) for X ~ Bin(m, share).
fn in_tails(tail: u64, m: u64, share: f64) -> f64 {
    if tail == 0 {
        return 0.0;
    }
    let (at_most, m) = (real(tail - 1), real(m));
    binomial_lower(at_most, m, share) + binomial_lower(at_most, m, 1.0 - share)
}
