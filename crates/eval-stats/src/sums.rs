//! The same estimates from sums that grow row by row, for runs whose rows are too many to be lists of numbers.

use crate::cluster::{ClusteredMean, of_sums};
use crate::interval::{DIFFERENCES, Interval, SHARES};
use crate::many::CochranQ;
use crate::means::{Mean, PairedMeans, t_interval};
use crate::number::{is_probability_inside, real, without_noise, z_two_sided};
use crate::paired::tango_of;
use crate::proportion::wilson_of;
use crate::special::{chi_squared_upper, student_quantile, student_two_sided};

/// Scores in 0..=1 as they come, for [`mean_score`](crate::mean_score) without a list; or differences of two, for
/// [`paired_scores`](crate::paired_scores).
///
/// ```
/// let (mut a, mut difference) = (eval_stats::ScoreSums::default(), eval_stats::ScoreSums::default());
/// for (one, other) in [(0.9, 0.8), (0.4, 0.45), (0.75, 0.5), (0.6, 0.6)] {
///     a.push(one);
///     difference.push(one - other);
/// }
/// assert_eq!(format!("{:.4}", a.mean(0.95).unwrap().mean), "0.6625");
/// let paired = difference.paired(0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", paired.difference.mean, paired.p.unwrap()), "0.0750 0.3393");
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ScoreSums {
    n: u64,
    mean: f64,
    /// The sum of squares about the mean.
    squares: f64,
    up: f64,
    down: f64,
    is_graded: bool,
}

impl ScoreSums {
    /// Adds the value of a row.
    pub fn push(&mut self, value: f64) {
        self.n += 1;
        // Welford 1962: no large sums are subtracted from each other.
        let away = value - self.mean;
        self.mean += away / real(self.n);
        self.squares += away * (value - self.mean);
        self.up += value.max(0.0);
        self.down += (-value).max(0.0);
        self.is_graded |= value.fract() != 0.0;
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.n
    }

    /// The variance of one row, with n − 1; `None` for fewer than two rows.
    pub fn variance(&self) -> Option<f64> {
        (self.n > 1).then(|| self.squares() / (real(self.n) - 1.0))
    }

    /// The sum of squares about the mean, of values made from scores of up to 1.
    fn squares(&self) -> f64 {
        without_noise(self.squares, real(self.n), 1.0)
    }

    fn plain(&self, confidence: f64) -> Option<Mean> {
        if self.n == 0 || !self.mean.is_finite() || !is_probability_inside(confidence) {
            return None;
        }
        let sd = self.variance().map(f64::sqrt);
        let se = sd.map(|sd| sd / real(self.n).sqrt());
        let interval = se.and_then(|se| t_interval(self.mean, se, real(self.n) - 1.0, confidence));
        Some(Mean { n: self.n, mean: self.mean, sd, se, interval })
    }

    /// As [`mean_score`](crate::mean_score) of the values; they must lie in 0..=1.
    pub fn mean(&self, confidence: f64) -> Option<Mean> {
        let found = self.plain(confidence)?;
        let z = z_two_sided(confidence)?;
        let interval = match found.interval {
            Some(Interval { low, high }) if self.is_graded => Interval::on_scale(low, high, SHARES),
            _ => wilson_of(self.up, real(self.n) - self.up, z),
        };
        Some(Mean { interval: Some(interval), ..found })
    }

    /// The mean of grades, which may be anything in 0..=1: [`ScoreSums::mean`], but with Student's t interval even where
    /// all of them happen to be 0 or 1, so that the method does not hang on the values. Without any spread there is no
    /// such interval; then it is Wilson's of the count n · mean, as there, and `true` stands beside the mean.
    pub fn grades(&self, confidence: f64) -> Option<(Mean, bool)> {
        let found = self.plain(confidence)?;
        match found.interval {
            Some(Interval { low, high }) => {
                let interval = Interval::on_scale(low, high, SHARES);
                Some((Mean { interval: Some(interval), ..found }, false))
            }
            None => self.mean(confidence).map(|found| (found, true)),
        }
    }

    /// As [`paired_scores`](crate::paired_scores) of the grades whose differences these are; for passes and fails there
    /// is [`tango`](crate::tango).
    pub fn paired(&self, confidence: f64) -> Option<PairedMeans> {
        let found = self.plain(confidence)?;
        let z = z_two_sided(confidence)?;
        let t = found.interval.and(found.se).map(|se| found.mean / se);
        let p = t.map(|t| student_two_sided(t, real(self.n) - 1.0));
        let interval = match found.interval {
            Some(Interval { low, high }) => Interval::on_scale(low, high, DIFFERENCES),
            None => tango_of(self.up, self.down, real(self.n), z),
        };
        let difference = Mean { interval: Some(interval), ..found };
        Some(PairedMeans { difference, t, p })
    }
}

/// Values of rows in clusters as they come, for [`clustered_mean`](crate::clustered_mean) and its kin without lists:
/// memory grows with the clusters, not with the rows.
///
/// Clusters are numbered from 0 on: 12 bytes for each number up to the highest, and 4 for each that has rows.
///
/// ```
/// let mut sums = eval_stats::ClusterSums::default();
/// for (row, cluster) in [(1.0, 0), (1.0, 0), (0.0, 1), (1.0, 2), (0.0, 2)] {
///     sums.push(row, cluster);
/// }
/// let listed = eval_stats::clustered_mean(&[1.0, 1.0, 0.0, 1.0, 0.0], &[0, 0, 1, 2, 2], 0.95);
/// assert_eq!(sums.mean(0.95).unwrap().clusters, listed.unwrap().clusters);
/// sums.clear();
/// assert_eq!((sums.clusters(), sums.mean(0.95)), (0, None));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClusterSums {
    all: ScoreSums,
    /// The sum and the number of the values of each cluster.
    sums: Vec<f64>,
    rows: Vec<u32>,
    /// The clusters that have rows, as they came.
    met: Vec<u32>,
}

impl ClusterSums {
    /// Adds the value of a row in the cluster of this number.
    pub fn push(&mut self, value: f64, cluster: u32) {
        self.all.push(value);
        let at = cluster as usize;
        if at >= self.rows.len() {
            self.sums.resize(at + 1, 0.0);
            self.rows.resize(at + 1, 0);
        }
        let (Some(sum), Some(rows)) = (self.sums.get_mut(at), self.rows.get_mut(at)) else {
            return;
        };
        if *rows == 0 {
            self.met.push(cluster);
        }
        *sum += value;
        *rows = rows.saturating_add(1);
    }

    /// Forgets all rows, but keeps the memory for others: takes as long as there were clusters with rows.
    pub fn clear(&mut self) {
        self.all = ScoreSums::default();
        for cluster in self.met.drain(..) {
            let at = cluster as usize;
            if let (Some(sum), Some(rows)) = (self.sums.get_mut(at), self.rows.get_mut(at)) {
                (*sum, *rows) = (0.0, 0);
            }
        }
    }

    /// How many clusters there are.
    pub fn clusters(&self) -> u64 {
        self.met.len() as u64
    }

    /// As [`clustered_mean`](crate::clustered_mean) of the values.
    pub fn mean(&self, confidence: f64) -> Option<ClusteredMean> {
        let ScoreSums { n, mean, .. } = self.all;
        let of = |cluster: &u32| {
            let at = *cluster as usize;
            Some((self.sums.get(at)?, real(u64::from(*self.rows.get(at)?))))
        };
        let away = self.met.iter().filter_map(of).map(|(sum, rows)| sum - rows * mean);
        of_sums(n, mean, self.all.squares(), (self.clusters(), away), confidence)
    }

    /// As [`clustered_proportion`](crate::clustered_proportion) of passes, which are 1, and fails, which are 0.
    pub fn proportion(&self, confidence: f64) -> Option<ClusteredMean> {
        self.mean(confidence).map(|found| found.as_proportion(confidence))
    }

    /// The mean of differences of scores, with an interval within -1..=1 that is never a single point.
    ///
    /// [`ClusterSums::mean`], but where the standard error is 0, as when two models never differ, the interval is
    /// Tango's with each cluster as one row. None for a single cluster.
    pub fn difference(&self, confidence: f64) -> Option<ClusteredMean> {
        let found = self.mean(confidence)?;
        let z = z_two_sided(confidence)?;
        let c = real(found.clusters);
        let interval = match (found.interval, found.se) {
            (Some(Interval { low, high }), _) => Some(Interval::on_scale(low, high, DIFFERENCES)),
            (None, Some(_)) => {
                let share = c / real(found.n);
                Some(tango_of(self.all.up * share, self.all.down * share, c, z))
            }
            (None, None) => None,
        };
        Some(ClusteredMean { interval, ..found })
    }
}

impl ClusteredMean {
    /// The two-sided p value of the mean being 0, with t of C − 1 degrees of freedom; none without a standard error.
    ///
    /// ```
    /// let differences = [1.0, 0.0, 1.0, 0.0, 0.0, -1.0, 1.0, 1.0];
    /// let found = eval_stats::clustered_mean(&differences, &[1, 1, 2, 2, 3, 3, 4, 4], 0.95).unwrap();
    /// assert_eq!(format!("{:.3}", found.p().unwrap()), "0.319");
    /// ```
    pub fn p(&self) -> Option<f64> {
        let se = self.se.filter(|se| *se > 0.0)?;
        Some(student_two_sided(self.mean / se, real(self.clusters) - 1.0))
    }

    /// The same with Wilson's interval at the effective number of rows.
    pub(crate) fn as_proportion(self, confidence: f64) -> Self {
        let interval = self.se.map(|se| {
            let (c, p) = (real(self.clusters), self.mean);
            let rows = if se > 0.0 { (p * (1.0 - p) / (se * se)).min(real(self.n)) } else { c };
            wilson_of(p * rows, (1.0 - p) * rows, student_quantile(confidence, c - 1.0))
        });
        Self { interval, ..self }
    }
}

/// Verdicts of several models on a row as they come, for [`cochran_q`](crate::cochran_q) without lists.
///
/// ```
/// let mut sums = eval_stats::CochranSums::new(3);
/// for row in [[true, true, false], [true, true, true], [true, false, false], [false, false, false]] {
///     sums.push(&row);
/// }
/// assert_eq!(sums.test().unwrap().q, 3.0);
/// ```
#[derive(Debug, Clone)]
pub struct CochranSums {
    rows: u64,
    totals: Vec<u64>,
    mixed: u64,
}

impl CochranSums {
    /// Sums over no rows of so many models.
    pub fn new(models: usize) -> Self {
        Self { rows: 0, totals: vec![0; models], mixed: 0 }
    }

    /// Adds a row: one verdict a model.
    pub fn push(&mut self, passes: &[bool]) {
        let right = passes.iter().filter(|pass| **pass).count() as u64;
        self.mixed += right * (passes.len() as u64 - right);
        for (total, pass) in self.totals.iter_mut().zip(passes) {
            *total += u64::from(*pass);
        }
        self.rows += 1;
    }

    /// How many rows there are.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The test; `None` for fewer than two models or no rows.
    pub fn test(&self) -> Option<CochranQ> {
        let models = self.totals.len() as u64;
        if models < 2 || self.rows == 0 {
            return None;
        }
        let k = real(models);
        let centre = real(self.totals.iter().sum()) / k;
        let away = |total: &u64| (real(*total) - centre) * (real(*total) - centre);
        let apart: f64 = self.totals.iter().map(away).sum();
        let mixed = real(self.mixed);
        let q = if mixed > 0.0 { k * (k - 1.0) * apart / mixed } else { 0.0 };
        Some(CochranQ { q, df: models - 1, p: chi_squared_upper(q, k - 1.0) })
    }
}
