//! Rows that come in clusters (one conversation, one template, one document) and so tell less than their number says.

use std::collections::BTreeMap;

use crate::interval::Interval;
use crate::means::t_interval;
use crate::number::{is_probability_inside, moments, real, sum};

/// A mean over rows in clusters and how sure one may be of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClusteredMean {
    /// How many rows.
    pub n: u64,
    /// In how many clusters they come.
    pub clusters: u64,
    /// The mean over the rows.
    pub mean: f64,
    /// The plain clustered standard error, CR0 (Miller 2024); none for a single cluster.
    pub se_cr0: Option<f64>,
    /// The clustered standard error corrected for few clusters, CR1 = CR0 · √(C/(C − 1)); none for a single cluster.
    pub se: Option<f64>,
    /// The interval with t of C − 1 degrees of freedom; none where the clusters do not tell.
    pub interval: Option<Interval>,
    /// Fewer than [`FEW_CLUSTERS`]: the standard error is itself uncertain and tends to be too small.
    pub few_clusters: bool,
}

/// Below this many clusters a clustered standard error deserves a note.
///
/// Cameron & Miller 2015 (J. Human Resources 50:317) put the limit somewhere from 20 to 50; this is its careful end.
pub const FEW_CLUSTERS: u64 = 50;

/// The mean of values in clusters, with clustered standard errors and the t interval of C − 1 degrees of freedom.
///
/// CR0 = √(Σ over clusters of (Σ in the cluster of (value − mean))²) / n (Liang & Zeger 1986; Miller 2024, arXiv
/// 2411.00640). `clusters` names the cluster of each value. With the differences of two models as values it is the
/// clustered paired comparison. With every row a cluster of its own, the standard error is the ordinary one.
///
/// The interval knows no scale; see [`Interval::cut_to`]. There is none for a single cluster, whose standard error
/// would be 0 by construction, nor when the standard error is 0.
///
/// Returns `None` without values, for unequal numbers of values and clusters, for values that are not finite, or
/// unless `0 < confidence < 1`.
///
/// ```
/// let values = [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 0.0];
/// let clusters = ["a", "a", "a", "b", "b", "c", "c", "c", "c", "d", "d", "e"];
/// let mean = eval_stats::clustered_mean(&values, &clusters, 0.95).unwrap();
/// assert_eq!(format!("{:.6} {:.6}", mean.se_cr0.unwrap(), mean.se.unwrap()), "0.079179 0.088525");
/// assert!(mean.few_clusters);
/// ```
pub fn clustered_mean<K: Ord>(
    values: &[f64],
    clusters: &[K],
    confidence: f64,
) -> Option<ClusteredMean> {
    if values.len() != clusters.len() || !is_probability_inside(confidence) {
        return None;
    }
    let (mean, squares) = moments(values)?;
    let mut away: BTreeMap<&K, f64> = BTreeMap::new();
    for (value, cluster) in values.iter().zip(clusters) {
        *away.entry(cluster).or_default() += value - mean;
    }
    let away = (away.len() as u64, away.into_values());
    of_sums(values.len() as u64, mean, squares, away, confidence)
}

/// The clustered mean of `n` values with this mean and sum of squares about it, in so many clusters; `away` is by how
/// much each cluster's sum is away from what the mean makes of it.
pub(crate) fn of_sums(
    n: u64,
    mean: f64,
    squares: f64,
    (n_clusters, away): (u64, impl Iterator<Item = f64>),
    confidence: f64,
) -> Option<ClusteredMean> {
    if n == 0 || !mean.is_finite() || !is_probability_inside(confidence) {
        return None;
    }
    let found = ClusteredMean {
        n,
        clusters: n_clusters,
        mean,
        se_cr0: None,
        se: None,
        interval: None,
        few_clusters: n_clusters < FEW_CLUSTERS,
    };
    if n_clusters < 2 {
        return Some(found);
    }
    let c = real(n_clusters);
    let between = sum(away.map(|sum| sum * sum));
    // Deviations that cancel within every cluster leave rounding errors, which are no evidence of precision.
    let cr0 =
        if squares <= 0.0 || between <= squares * 1e-24 { 0.0 } else { between.sqrt() / real(n) };
    let se = cr0 * (c / (c - 1.0)).sqrt();
    let interval = t_interval(mean, se, c - 1.0, confidence);
    Some(ClusteredMean { se_cr0: Some(cr0), se: Some(se), interval, ..found })
}

/// The share of passes among rows in clusters, with an interval within 0..=1 that is never a single point.
///
/// [`clustered_mean`] of the verdicts, but with Wilson's interval at the effective number of rows p(1 − p)/se², at
/// most n, and t of C − 1 degrees of freedom in z's place: the idea of Korn & Graubard 1998 (Survey Methodology 24:193)
/// in a form that Dean & Pagano 2015 (J. Surv. Stat. Methodol. 3:484) compare with it. Where the standard error is 0,
/// as when all rows pass, each cluster counts as one row.
///
/// Returns `None` where [`clustered_mean`] does; the interval is missing only for a single cluster.
///
/// ```
/// let all = eval_stats::clustered_proportion(&[true; 8], &[1, 1, 2, 2, 3, 3, 4, 4], 0.95).unwrap();
/// let interval = all.interval.unwrap();
/// assert_eq!(format!("{:.2} {:.2}", interval.low, interval.high), "0.28 1.00");
/// ```
pub fn clustered_proportion<K: Ord>(
    passes: &[bool],
    clusters: &[K],
    confidence: f64,
) -> Option<ClusteredMean> {
    let values: Vec<f64> = passes.iter().map(|pass| f64::from(u8::from(*pass))).collect();
    clustered_mean(&values, clusters, confidence).map(|found| found.as_proportion(confidence))
}
