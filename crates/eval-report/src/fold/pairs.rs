//! Two columns of verdicts, row by row, to the figures of their difference.

use eval_stats::{ClusterSums, Design, Interval, PairedCounts, ScoreSums};
use scoring::Scores;

use crate::groups::Clusters;
use crate::numbers::CONFIDENCE;
use crate::{Bounds, Flips, Method, RowsForGap, Test, TestName};

/// The gap that every comparison says the rows for.
pub(crate) const GAP: f64 = 0.05;
/// Rows, or clusters, below which nothing is said of how many it would take.
const LEAST_TO_PLAN: u64 = 10;

/// What a scorer said of a row: a grade in 0..=1, and whether it is a pass or fail.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Said {
    pub(crate) value: f64,
    pub(crate) is_verdict: bool,
}

impl Said {
    pub(crate) fn of(scores: &Scores, scorer: usize, row: u64) -> Option<Self> {
        let value = scores.value(scorer, row)?;
        Some(Self { value, is_verdict: scores.passed(scorer, row).is_some() })
    }
}

/// Sums over rows that two columns were both scored on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairing {
    flips: Flips,
    is_graded: bool,
    differences: ScoreSums,
    clusters: Option<ClusterSums>,
}

/// The figures of a difference at one confidence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Difference {
    pub(crate) value: f64,
    pub(crate) interval: Option<Bounds>,
    pub(crate) test: Option<Test>,
}

impl Pairing {
    /// No rows yet, in clusters or not.
    pub(crate) fn new(in_clusters: bool) -> Self {
        Self { clusters: in_clusters.then(ClusterSums::default), ..Self::default() }
    }

    /// No rows again, with the memory kept for others.
    pub(crate) fn clear(&mut self) {
        let mut clusters = self.clusters.take();
        clusters.iter_mut().for_each(ClusterSums::clear);
        *self = Self { clusters, ..Self::default() };
    }

    /// All rows of two columns.
    pub(crate) fn of(a: &Scores, b: &Scores, scorer: usize, clusters: Option<&Clusters>) -> Self {
        let mut pairing = Self::new(clusters.is_some());
        for (at, row) in (0..a.rows().min(b.rows())).enumerate() {
            if let (Some(a), Some(b)) = (Said::of(a, scorer, row), Said::of(b, scorer, row)) {
                pairing.push(a, b, clusters.map(|clusters| clusters.of(at)));
            }
        }
        pairing
    }

    /// Adds a row that both were scored on.
    pub(crate) fn push(&mut self, a: Said, b: Said, cluster: Option<u32>) {
        let difference = a.value - b.value;
        self.differences.push(difference);
        if a.is_verdict && b.is_verdict {
            let cell = match (a.value > 0.5, b.value > 0.5) {
                (true, true) => &mut self.flips.both,
                (true, false) => &mut self.flips.only_a,
                (false, true) => &mut self.flips.only_b,
                (false, false) => &mut self.flips.neither,
            };
            *cell += 1;
        } else {
            self.is_graded = true;
        }
        if let (Some(sums), Some(cluster)) = (&mut self.clusters, cluster) {
            sums.push(difference, cluster);
        }
    }

    pub(crate) fn rows(&self) -> u64 {
        self.differences.rows()
    }

    pub(crate) fn clusters(&self) -> Option<u64> {
        self.clusters.as_ref().map(ClusterSums::clusters)
    }

    /// How verdicts fall; none where some are grades, or there are no rows.
    pub(crate) fn flips(&self) -> Option<Flips> {
        (!self.is_graded && self.rows() > 0).then_some(self.flips)
    }

    /// The counts as the statistics take them.
    fn counts(&self) -> Option<PairedCounts> {
        let Flips { both, only_a, only_b, neither } = self.flips()?;
        Some(PairedCounts { both, only_a, only_b, neither })
    }

    /// The difference with its interval and test; none without rows.
    pub(crate) fn difference(&self) -> Option<Difference> {
        self.difference_at(CONFIDENCE)
    }

    /// The same at another confidence.
    pub(crate) fn difference_at(&self, confidence: f64) -> Option<Difference> {
        let bounds = |method, interval: Interval| Bounds {
            low: interval.low,
            high: interval.high,
            confidence,
            method,
        };
        let test = |name, p, exact_p| Test { name, p, exact_p, adjusted_p: None };
        if let Some(sums) = &self.clusters {
            let found = sums.difference(confidence)?;
            // Columns that never differ are as far from a difference as can be.
            let value = self.counts().and_then(|counts| counts.difference()).unwrap_or(found.mean);
            let level = || (found.se.is_some() && value.abs() < f64::EPSILON).then_some(1.0);
            return Some(Difference {
                value,
                interval: found.interval.map(|interval| bounds(Method::Clustered, interval)),
                test: found.p().or_else(level).map(|p| test(TestName::Clustered, p, None)),
            });
        }
        if let Some(counts) = self.counts() {
            let interval = eval_stats::tango(&counts, confidence);
            let found = eval_stats::mcnemar(&counts);
            return Some(Difference {
                value: counts.difference()?,
                interval: interval.map(|interval| bounds(Method::Tango, interval)),
                test: found.map(|found| test(TestName::MidP, found.mid_p, Some(found.exact_p))),
            });
        }
        let found = self.differences.paired(confidence)?;
        let method = if found.t.is_some() { Method::PairedT } else { Method::Tango };
        Some(Difference {
            value: found.difference.mean,
            interval: found.difference.interval.map(|interval| bounds(method, interval)),
            test: found.p.map(|p| test(TestName::PairedT, p, None)),
        })
    }

    /// How many rows a gap of five points needs, going by how much the columns differ on a row; and the smallest gap
    /// that these rows show.
    pub(crate) fn power(&self) -> (Option<RowsForGap>, Option<f64>) {
        let rows = self.rows();
        // Fewer say too little of how often the columns differ.
        if self.clusters().unwrap_or(rows) < LEAST_TO_PLAN {
            return (None, None);
        }
        let design = Design::default();
        let planned = self.planning_variance();
        let needed = planned.and_then(|variance| design.rows_needed(variance, GAP));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a count of rows above 0; a cast stops at the ends"
        )]
        let needed = needed.map(|rows| RowsForGap { gap: GAP, rows: rows.ceil() as u64 });
        let seen = match (&self.clusters, self.counts()) {
            (None, Some(counts)) => eval_stats::proportion(counts.only_a + counts.only_b, rows)
                .and_then(|differing| design.detectable_of_flips(differing, rows)),
            _ => self.seen_variance().and_then(|variance| design.detectable(variance, rows)),
        };
        (needed, seen)
    }

    /// The variance of the difference on one row as the rows show it, for grades and for rows in clusters.
    fn seen_variance(&self) -> Option<f64> {
        if let Some(sums) = &self.clusters {
            let se = sums.mean(CONFIDENCE)?.se?;
            #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
            return Some(se * se * self.rows() as f64);
        }
        self.differences.variance()
    }

    /// The same if the columns were five points apart: of verdicts at least that share must differ.
    fn planning_variance(&self) -> Option<f64> {
        match (&self.clusters, self.counts()) {
            (None, Some(counts)) => {
                let differing = counts.only_a + counts.only_b;
                let share = eval_stats::proportion(differing, counts.rows())?.max(GAP);
                let (more, less) = (f64::midpoint(share, GAP), (share - GAP) / 2.0);
                eval_stats::paired_variance(more.min(1.0 - less), less)
            }
            _ => self.seen_variance().filter(|variance| *variance > 0.0),
        }
    }
}
