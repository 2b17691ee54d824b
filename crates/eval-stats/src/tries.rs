//! Several tries per row: what k tries would give, and how much of the spread lies within a row.

use crate::number::{length, moments, real, sum};

/// The chance that at least one of `k` tries passes, estimated from `passes` out of `n` tries of a row.
///
/// 1 − C(n − c, k) / C(n, k), unbiased (Chen et al. 2021, arXiv 2107.03374). The row is the unit: average it over rows
/// with [`mean_score`](crate::mean_score).
///
/// Returns `None` unless `1 <= k <= n` and `passes <= n`.
///
/// ```
/// assert_eq!(format!("{:.2}", eval_stats::pass_at_k(5, 2, 3).unwrap()), "0.90");
/// ```
pub fn pass_at_k(n: u64, passes: u64, k: u64) -> Option<f64> {
    all_chosen(n, n.checked_sub(passes)?, k).map(|none_passes| 1.0 - none_passes)
}

/// The chance that all of `k` tries pass, estimated from `passes` out of `n` tries of a row: pass^k.
///
/// C(c, k) / C(n, k), unbiased (Yao et al. 2024, arXiv 2406.12045). For reliability: an agent that must not fail once.
///
/// Returns `None` unless `1 <= k <= n` and `passes <= n`.
///
/// ```
/// assert_eq!(format!("{:.2}", eval_stats::pass_hat_k(10, 8, 2).unwrap()), "0.62");
/// ```
pub fn pass_hat_k(n: u64, passes: u64, k: u64) -> Option<f64> {
    all_chosen(n, (passes <= n).then_some(passes)?, k)
}

/// C(marked, k) / C(n, k): the chance that k drawn out of n are all marked, as a product of at most k factors.
fn all_chosen(n: u64, marked: u64, k: u64) -> Option<f64> {
    if k == 0 || k > n {
        return None;
    }
    if k > marked {
        return Some(0.0);
    }
    // C(m, k)/C(n, k) = C(n−k, n−m)/C(n, n−m): whichever product is shorter.
    let (drawn, left) = if k <= n - marked { (k, marked) } else { (n - marked, n - k) };
    let factor = |i: u64| real(left - i) / real(n - i);
    Some((0..drawn).map(factor).product())
}

/// Where the spread of scores comes from when every row was tried several times.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrySpread {
    /// The mean over rows of each row's mean.
    pub mean: f64,
    /// The standard error of that mean, from the row means; none for a single row.
    pub se: Option<f64>,
    /// ω²: the variance between rows, without the noise of the tries; 0 where the estimate is negative.
    pub between: Option<f64>,
    /// σ²: the variance between tries of one row.
    pub within: f64,
}

/// Splits the spread of scores into that between rows and that within rows, for rows tried equally often.
///
/// within = mean over rows of the row's variance, between = variance of row means − within / K (one-way random
/// effects, as in Miller 2024). More tries shrink only the second part: a standard error that treats tries as rows
/// is wrong. Feed both to [`variance_of_tries`](crate::variance_of_tries) to plan.
///
/// Returns `None` without rows, for rows of unequal or fewer than 2 tries, or scores that are not finite.
///
/// ```
/// let rows = [[1.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0], [1.0, 1.0, 1.0, 1.0]];
/// let spread = eval_stats::try_spread(&rows).unwrap();
/// assert_eq!(format!("{:.3} {:.3}", spread.mean, spread.within), "0.667 0.167");
/// ```
pub fn try_spread<R: AsRef<[f64]>>(rows: &[R]) -> Option<TrySpread> {
    let tries = rows.first()?.as_ref().len();
    if tries < 2 || rows.iter().any(|row| row.as_ref().len() != tries) {
        return None;
    }
    let each: Option<Vec<(f64, f64)>> = rows.iter().map(|row| moments(row.as_ref())).collect();
    let each = each?;
    let means: Vec<f64> = each.iter().map(|(mean, _)| *mean).collect();
    let (mean, squares) = moments(&means)?;
    let (n, tries) = (length(rows), length(rows.first()?.as_ref()));
    let within = sum(each.iter().map(|(_, squares)| squares / (tries - 1.0))) / n;
    let of_means = (rows.len() > 1).then(|| squares / (n - 1.0));
    Some(TrySpread {
        mean,
        se: of_means.map(|variance| (variance / n).sqrt()),
        between: of_means.map(|variance| (variance - within / tries).max(0.0)),
        within,
    })
}
