//! Answers by drawing again where there is no formula: sign flips for paired differences, the bootstrap for anything.

use std::collections::BTreeMap;

use crate::interval::Interval;
use crate::number::{is_probability_inside, length, moments, real, sum};
use crate::random::Random;
use crate::special::{normal_cdf, normal_quantile};

/// How a sign-flip p value came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flips {
    /// All 2^n ways to sign the differences were counted.
    All,
    /// So many were drawn at random.
    Drawn(u32),
}

/// The two-sided p value of the sign-flip test.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// The share of sign flips with a sum at least as far from 0 as the one seen.
    pub p: f64,
    /// How it was had.
    pub flips: Flips,
}

/// Up to this many differences that are not 0 all sign flips are counted.
const MOST_COUNTED: usize = 20;

/// The exact sign-flip permutation test that paired `differences` are symmetric about 0 (Fisher 1935).
///
/// All 2^n sign patterns are counted. Needs no normality and fits few rows. Sums count as equal within 10⁻¹² of the
/// sum of sizes, so that decimal fractions tie as they do on paper.
///
/// Returns `None` without differences, for ones that are not finite, or for more than 20 that are not 0.
///
/// ```
/// let p = eval_stats::sign_flip_exact(&[0.1, -0.05, 0.25, 0.0, 0.1, 0.2, 0.15, 0.05]).unwrap();
/// assert_eq!(p, 12.0 / 256.0);
/// ```
pub fn sign_flip_exact(differences: &[f64]) -> Option<f64> {
    let sizes = nonzero_sizes(differences)?;
    if sizes.len() > MOST_COUNTED {
        return None;
    }
    let Some((first, others)) = sizes.split_first() else { return Some(1.0) };
    // The first sign stands for both: a pattern and its mirror image have sums of the same size.
    let hits = count_far(*first, others, far(differences, &sizes));
    Some(real(hits) / real(1 << others.len()))
}

fn nonzero_sizes(differences: &[f64]) -> Option<Vec<f64>> {
    moments(differences)?;
    Some(differences.iter().map(|d| d.abs()).filter(|size| *size > 0.0).collect())
}

/// What a sum must reach to count as at least as far from 0 as the one seen.
fn far(differences: &[f64], sizes: &[f64]) -> f64 {
    sum(differences.iter().copied()).abs() - 1e-12 * sum(sizes.iter().copied())
}

fn count_far(partial: f64, left: &[f64], far: f64) -> u64 {
    match left.split_first() {
        None => u64::from(partial.abs() >= far),
        Some((size, left)) => {
            count_far(partial + size, left, far) + count_far(partial - size, left, far)
        }
    }
}

/// The sign-flip test by `draws` random patterns from `seed`: (hits + 1) / (draws + 1).
///
/// Counting the pattern seen as one of the draws keeps the p value valid and above 0 (Phipson & Smyth 2010). With
/// 9,999 draws a p value near 0.05 is right to about 0.004 (two standard errors).
///
/// Returns `None` without differences, for ones that are not finite, or without draws.
///
/// ```
/// let differences: Vec<f64> = (0..40).map(|row| if row % 5 == 0 { -0.5 } else { 0.5 }).collect();
/// let p = eval_stats::sign_flip_drawn(&differences, 9_999, 7).unwrap();
/// assert!(p < 0.001 && p >= 1.0 / 10_000.0);
/// ```
pub fn sign_flip_drawn(differences: &[f64], draws: u32, seed: u64) -> Option<f64> {
    let sizes = nonzero_sizes(differences)?;
    if draws == 0 {
        return None;
    }
    let far = far(differences, &sizes);
    let mut random = Random::new(seed);
    let mut hits = 0_u32;
    for _ in 0..draws {
        let mut total = 0.0;
        for sizes in sizes.chunks(64) {
            let mut signs = random.bits();
            for size in sizes {
                total += if signs & 1 == 0 { *size } else { -size };
                signs >>= 1;
            }
        }
        hits += u32::from(total.abs() >= far);
    }
    Some((f64::from(hits) + 1.0) / (f64::from(draws) + 1.0))
}

/// The sign-flip test: [`sign_flip_exact`] where that is quick, up to 20 differences that are not 0, else
/// [`sign_flip_drawn`] with 9,999 draws.
///
/// Returns `None` without differences or for ones that are not finite.
///
/// ```
/// use eval_stats::{Flips, sign_flip};
///
/// assert_eq!(sign_flip(&[1.0; 6], 1).unwrap().p, 2.0 / 64.0);
/// assert_eq!(sign_flip(&[1.0; 60], 1).unwrap().flips, Flips::Drawn(9_999));
/// ```
pub fn sign_flip(differences: &[f64], seed: u64) -> Option<SignFlip> {
    if nonzero_sizes(differences)?.len() <= MOST_COUNTED {
        return sign_flip_exact(differences).map(|p| SignFlip { p, flips: Flips::All });
    }
    let draws = 9_999;
    let p = sign_flip_drawn(differences, draws, seed)?;
    Some(SignFlip { p, flips: Flips::Drawn(draws) })
}

/// How to bootstrap: the same settings and rows give the same figures everywhere.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    /// How many times the rows are drawn again; at least 100, and 10,000 for figures that are shown.
    pub draws: u32,
    /// What the random numbers start from.
    pub seed: u64,
    /// The confidence of the intervals, 0.95 for 95 %.
    pub confidence: f64,
}

/// What the bootstrap says of a statistic.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrapped {
    /// The statistic of the rows as they are.
    pub estimate: f64,
    /// The standard deviation of the statistic over the draws.
    pub se: f64,
    /// The bias-corrected and accelerated interval: the one to show; none where it is not defined.
    pub bca: Option<Interval>,
    /// The percentile interval, for comparison; none when it would be a single point.
    pub percentile: Option<Interval>,
}

impl Bootstrap {
    /// Bootstraps a statistic of independent rows: [`Bootstrap::clusters`] with every row a cluster of its own.
    ///
    /// ```
    /// let bootstrap = eval_stats::Bootstrap { draws: 2_000, seed: 1, confidence: 0.95 };
    /// let median = |rows: &[f64]| {
    ///     let mut rows = rows.to_vec();
    ///     rows.sort_by(f64::total_cmp);
    ///     rows[rows.len() / 2]
    /// };
    /// let rows: Vec<f64> = (0..101).map(f64::from).collect();
    /// let found = bootstrap.rows(&rows, median).unwrap();
    /// assert_eq!(found.estimate, 50.0);
    /// assert!(found.bca.unwrap().contains(50.0) && found.bca.unwrap().width() < 40.0);
    /// ```
    pub fn rows<T: Copy>(
        &self,
        rows: &[T],
        statistic: impl Fn(&[T]) -> f64,
    ) -> Option<Bootstrapped> {
        let own: Vec<usize> = (0..rows.len()).collect();
        self.clusters(rows, &own, statistic)
    }

    /// Bootstraps a statistic of rows in clusters: whole clusters are drawn with replacement (Davison & Hinkley 1997,
    /// 3.8).
    ///
    /// Only for what has no formula, such as an F1 score or a median. The interval is `BCa` (Efron 1987) with the
    /// acceleration by leaving out one cluster at a time: it follows skew and bias, which the percentile interval does
    /// not, and is within the range of the statistic as that is. Both are too narrow below some 20 clusters.
    ///
    /// Returns `None` for fewer than two clusters, unequal numbers of rows and clusters, fewer than 100 draws, unless
    /// `0 < confidence < 1`, or when the statistic of the rows or of a draw is not finite: a statistic that some rows
    /// do not define must say itself what it is then.
    pub fn clusters<T: Copy, K: Ord>(
        &self,
        rows: &[T],
        clusters: &[K],
        statistic: impl Fn(&[T]) -> f64,
    ) -> Option<Bootstrapped> {
        if rows.len() != clusters.len()
            || self.draws < 100
            || !is_probability_inside(self.confidence)
        {
            return None;
        }
        let mut members: BTreeMap<&K, Vec<T>> = BTreeMap::new();
        for (row, cluster) in rows.iter().zip(clusters) {
            members.entry(cluster).or_default().push(*row);
        }
        let members: Vec<Vec<T>> = members.into_values().collect();
        if members.len() < 2 {
            return None;
        }
        let mut drawn = Vec::with_capacity(rows.len());
        let mut of = |chosen: &mut dyn Iterator<Item = usize>| {
            drawn.clear();
            chosen.for_each(|at| drawn.extend_from_slice(&members[at]));
            let value = statistic(&drawn);
            value.is_finite().then_some(value)
        };
        let n = members.len();
        let estimate = Some(statistic(rows)).filter(|value| value.is_finite())?;
        let mut random = Random::new(self.seed);
        let replicates: Option<Vec<f64>> =
            (0..self.draws).map(|_| of(&mut (0..n).map(|_| random.below(n)))).collect();
        // Where the statistic is not defined without some cluster, there is no acceleration and no BCa interval.
        let left_out: Option<Vec<f64>> =
            (0..n).map(|out| of(&mut (0..n).filter(|at| *at != out))).collect();
        let mut replicates = replicates?;
        replicates.sort_by(f64::total_cmp);
        summarise(estimate, &replicates, left_out.as_deref(), self.confidence)
    }
}

/// The intervals from sorted replicates and the values with one cluster left out.
pub(crate) fn summarise(
    estimate: f64,
    replicates: &[f64],
    left_out: Option<&[f64]>,
    confidence: f64,
) -> Option<Bootstrapped> {
    let (_, squares) = moments(replicates)?;
    let tail = (1.0 - confidence) / 2.0;
    let between = |low: f64, high: f64| {
        let (low, high) = (quantile(replicates, low), quantile(replicates, high));
        (low < high).then_some(Interval { low, high })
    };
    let levels = left_out.and_then(|left_out| bca_levels(estimate, replicates, left_out, tail));
    Some(Bootstrapped {
        estimate,
        se: (squares / (length(replicates) - 1.0)).sqrt(),
        bca: levels.and_then(|(low, high)| between(low, high)),
        percentile: between(tail, 1.0 - tail),
    })
}

/// The levels of the replicates between which the `BCa` interval lies.
fn bca_levels(
    estimate: f64,
    replicates: &[f64],
    left_out: &[f64],
    tail: f64,
) -> Option<(f64, f64)> {
    // Replicates that equal the estimate on paper may miss it by rounding; they count half below and half above.
    let rounding = 1e-12 * estimate.abs();
    let below = replicates.partition_point(|value| *value < estimate - rounding);
    let up_to = replicates.partition_point(|value| *value <= estimate + rounding);
    let bias = normal_quantile(real((below + up_to) as u64) / 2.0 / length(replicates))?;
    let (centre, squares) = moments(left_out)?;
    let cubes = sum(left_out.iter().map(|value| (centre - value).powi(3)));
    if squares <= 0.0 {
        return None;
    }
    let acceleration = cubes / (6.0 * squares.powf(1.5));
    let level = |z: f64| {
        let moved = bias + z;
        let denominator = 1.0 - acceleration * moved;
        (denominator > 0.0).then(|| normal_cdf(bias + moved / denominator))
    };
    let z = normal_quantile(tail)?;
    Some((level(z)?, level(-z)?))
}

/// The quantile of sorted values by linear interpolation (type 7 of Hyndman & Fan 1996).
fn quantile(sorted: &[f64], level: f64) -> f64 {
    let place = level * (length(sorted) - 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a place within the list"
    )]
    let at = (place as usize).min(sorted.len() - 1);
    let next = (at + 1).min(sorted.len() - 1);
    sorted[at] + (place - place.floor()) * (sorted[next] - sorted[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(value: &serde_json::Value) -> Vec<f64> {
        value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
    }

    #[test]
    fn intervals_of_given_replicates_equal_scipy() {
        let oracles: serde_json::Value =
            serde_json::from_str(include_str!("../tests/data/oracles.json")).unwrap();
        let case = &oracles["bca"];
        let (x, confidence) = (numbers(&case["x"]), case["confidence"].as_f64().unwrap());
        let mean = |values: &[f64]| sum(values.iter().copied()) / length(values);
        let without = |out: usize| [&x[..out], &x[out + 1..]].concat();
        let left_out: Vec<f64> = (0..x.len()).map(|out| mean(&without(out))).collect();
        let replicates = numbers(&case["replicates"]);
        let found = summarise(mean(&x), &replicates, Some(&left_out), confidence).unwrap();
        for (got, want) in [(found.bca, "bca"), (found.percentile, "percentile")] {
            let (got, want) = (got.unwrap(), numbers(&case[want]));
            assert!((got.low - want[0]).abs() <= 1e-9 * want[0], "{got:?} {want:?}");
            assert!((got.high - want[1]).abs() <= 1e-9 * want[1], "{got:?} {want:?}");
        }
        assert!((found.se - case["se"].as_f64().unwrap()).abs() <= 1e-9 * found.se);
    }

    #[test]
    fn the_quantiles_at_the_ends_are_the_first_and_the_last() {
        let sorted = [1.0, 2.0, 4.0];
        for (level, want) in [(0.0, 1.0), (0.25, 1.5), (0.5, 2.0), (0.75, 3.0), (1.0, 4.0)] {
            assert!((quantile(&sorted, level) - want).abs() <= f64::EPSILON, "{level}");
        }
    }

    #[test]
    fn replicates_that_equal_the_estimate_lean_to_neither_side() {
        let replicates = [0.4, 0.5, 0.5, 0.5, 0.6];
        let found = summarise(0.5, &replicates, Some(&[0.4, 0.6]), 0.9).unwrap();
        let (bca, percentile) = (found.bca.unwrap(), found.percentile.unwrap());
        assert!((bca.low - percentile.low).abs() <= 1e-9, "{bca:?} {percentile:?}");
        assert!((bca.high - percentile.high).abs() <= 1e-9, "{bca:?} {percentile:?}");
    }

    #[test]
    fn draws_that_never_reach_the_difference_are_no_proof_beyond_their_number() {
        // One chance in 2⁶⁹ that all seventy signs are drawn alike.
        let p = sign_flip_drawn(&[1.0; 70], 999, 1).unwrap();
        assert!((p - 0.001).abs() <= f64::EPSILON, "{p}");
    }
}
