//! Means of real-valued scores and of their differences over the same rows.

use crate::interval::{DIFFERENCES, Interval, SHARES};
use crate::number::{is_probability_inside, is_share, largest, length, moments_of, z_two_sided};
use crate::paired::tango_of;
use crate::proportion::wilson_of;
use crate::special::{student_quantile, student_two_sided};

/// A mean over rows and how sure one may be of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mean {
    /// How many rows.
    pub n: u64,
    /// Their mean.
    pub mean: f64,
    /// The standard deviation of one row, with n − 1; none for a single row.
    pub sd: Option<f64>,
    /// The standard error of the mean, sd / √n; none for a single row.
    pub se: Option<f64>,
    /// The interval; none where the rows do not tell, which is said rather than shown as certainty.
    pub interval: Option<Interval>,
}

/// The mean of `values` with Student's t interval, mean ± t(n − 1) sd / √n (Student 1908).
///
/// For values on no bounded scale: tokens, seconds, cost. There is no interval for a single row, nor when all values
/// are equal: that rows agree so far does not make the next one certain. For scores in 0..=1 see [`mean_score`].
///
/// Returns `None` without values, for values that are not finite, or unless `0 < confidence < 1`.
///
/// ```
/// let mean = eval_stats::mean(&[310.0, 290.0, 330.0, 270.0], 0.95).unwrap();
/// let interval = mean.interval.unwrap();
/// assert_eq!(format!("{} {:.1} {:.1}", mean.mean, interval.low, interval.high), "300 258.9 341.1");
/// assert_eq!(eval_stats::mean(&[1.0, 1.0, 1.0], 0.95).unwrap().interval, None);
/// ```
pub fn mean(values: &[f64], confidence: f64) -> Option<Mean> {
    mean_of(values, largest(values), confidence)
}

/// The same of values that were calculated from numbers as large as `magnitude`.
fn mean_of(values: &[f64], magnitude: f64, confidence: f64) -> Option<Mean> {
    let (mean, squares) = moments_of(values, magnitude)?;
    if !is_probability_inside(confidence) {
        return None;
    }
    let n = values.len() as u64;
    if n < 2 {
        return Some(Mean { n, mean, sd: None, se: None, interval: None });
    }
    let rows = length(values);
    let sd = (squares / (rows - 1.0)).sqrt();
    let se = sd / rows.sqrt();
    let interval = t_interval(mean, se, rows - 1.0, confidence);
    Some(Mean { n, mean, sd: Some(sd), se: Some(se), interval })
}

/// mean ± t · se; none for a standard error of 0.
pub(crate) fn t_interval(mean: f64, se: f64, df: f64, confidence: f64) -> Option<Interval> {
    let half = student_quantile(confidence, df) * se;
    (half > 0.0).then_some(Interval { low: mean - half, high: mean + half })
}

/// The mean of scores in 0..=1 with an interval within 0..=1 that is never a single point.
///
/// Student's t interval cut to 0..=1, except where it would mislead: scores that are all 0 or 1 are yes/no verdicts and
/// get Wilson's interval, and scores without any spread, a single one included, get Wilson's interval of the
/// equivalent count n · mean, which is right for the most variable scores that have this mean.
///
/// Returns `None` without scores, for a score outside 0..=1, or unless `0 < confidence < 1`.
///
/// ```
/// let interval = eval_stats::mean_score(&[1.0; 15], 0.95).unwrap().interval.unwrap();
/// assert_eq!(Some(interval), eval_stats::wilson(15, 15, 0.95));
/// ```
pub fn mean_score(scores: &[f64], confidence: f64) -> Option<Mean> {
    if !scores.iter().all(|score| is_share(*score)) {
        return None;
    }
    let found = mean(scores, confidence)?;
    let z = z_two_sided(confidence)?;
    let are_verdicts = scores.iter().all(|score| *score <= 0.0 || *score >= 1.0);
    let rows = length(scores);
    let interval = match found.interval {
        Some(Interval { low, high }) if !are_verdicts => Interval::on_scale(low, high, SHARES),
        _ => wilson_of(rows * found.mean, rows * (1.0 - found.mean), z),
    };
    Some(Mean { interval: Some(interval), ..found })
}

/// A mean difference A − B over the same rows, and Student's test of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PairedMeans {
    /// The mean of the differences, A's value minus B's on each row.
    pub difference: Mean,
    /// Student's t = mean / se, with n − 1 degrees of freedom; none for one row or equal differences.
    pub t: Option<f64>,
    /// Its two-sided p value.
    pub p: Option<f64>,
}

/// The paired t test and interval of two values on each row (Student 1908): [`mean`] of the differences.
///
/// Good from about 30 rows on, or for differences that are near normal; below, put [`sign_flip`](crate::sign_flip)
/// beside it.
///
/// Returns `None` for unequal numbers of values and where [`mean`] does.
///
/// ```
/// let a = [0.9, 0.4, 0.75, 0.6, 1.0, 0.2, 0.85, 0.55];
/// let b = [0.8, 0.45, 0.5, 0.6, 0.9, 0.0, 0.7, 0.5];
/// let paired = eval_stats::paired_t(&a, &b, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", paired.t.unwrap(), paired.p.unwrap()), "2.8284 0.0255");
/// ```
pub fn paired_t(a: &[f64], b: &[f64], confidence: f64) -> Option<PairedMeans> {
    if a.len() != b.len() {
        return None;
    }
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    let difference = mean_of(&differences, largest(a).max(largest(b)), confidence)?;
    let t = difference.interval.and(difference.se).map(|se| difference.mean / se);
    let p = t.map(|t| student_two_sided(t, length(a) - 1.0));
    Some(PairedMeans { difference, t, p })
}

/// [`paired_t`] of scores in 0..=1, with an interval within -1..=1 that is never a single point.
///
/// Where all differences are equal, a single row included, the interval is Tango's of the counts with the same mean:
/// right for the most variable scores there are. Verdicts, scores that are all 0 or 1, get Tango's interval too.
///
/// Returns `None` for unequal numbers of scores, and where [`mean_score`] does for either.
///
/// ```
/// let same = eval_stats::paired_scores(&[0.5; 40], &[0.5; 40], 0.95).unwrap();
/// let interval = same.difference.interval.unwrap();
/// assert_eq!(format!("{:.3} {:.3}", interval.low, interval.high), "-0.088 0.088");
/// ```
pub fn paired_scores(a: &[f64], b: &[f64], confidence: f64) -> Option<PairedMeans> {
    if !a.iter().chain(b).all(|score| is_share(*score)) {
        return None;
    }
    let found = paired_t(a, b, confidence)?;
    let z = z_two_sided(confidence)?;
    let are_verdicts = a.iter().chain(b).all(|score| *score <= 0.0 || *score >= 1.0);
    let interval = match found.difference.interval {
        Some(Interval { low, high }) if !are_verdicts => Interval::on_scale(low, high, DIFFERENCES),
        _ => {
            let pairs = || a.iter().zip(b).map(|(a, b)| a - b);
            let up: f64 = pairs().map(|difference| difference.max(0.0)).sum();
            let down: f64 = pairs().map(|difference| (-difference).max(0.0)).sum();
            tango_of(up, down, length(a), z)
        }
    };
    Some(PairedMeans { difference: Mean { interval: Some(interval), ..found.difference }, ..found })
}
