//! Every column once more on the rows of each slice.

use eval_stats::{ClusterSums, Interval, benjamini_hochberg};
use scoring::Scores;

use super::pairs::{Pairing, Said};
use crate::groups::{Clusters, Slicing};
use crate::numbers::CONFIDENCE;
use crate::{Estimate, Method, Report, Slice, SliceDifference, Test};

/// Sums of one column over one slice.
#[derive(Default)]
struct Sums {
    rows: u64,
    scored: u64,
    passes: u64,
    /// Whether some verdict is a grade or a label.
    is_other: bool,
    total: f64,
    graded: u64,
    clusters: Option<ClusterSums>,
    pairing: Option<Pairing>,
}

/// The figures of one column over one slice.
struct Figures {
    rows: u64,
    scored: u64,
    passes: u64,
    accuracy: Option<Estimate>,
    mean: Option<f64>,
    difference: Option<SliceDifference>,
}

/// Adds the slices of one field, by every scorer and for every column.
pub(super) fn fold(
    report: &mut Report,
    scores: &[&Scores],
    slicing: &Slicing,
    baseline: Option<usize>,
    clusters: Option<&Clusters>,
) {
    let clusters = clusters.map(|clusters| (clusters, slicing.rows_by_group()));
    for scorer in 0..report.scorers.len() {
        let columns: Vec<Vec<Figures>> = (0..scores.len())
            .map(|at| {
                let baseline = baseline.filter(|baseline| *baseline != at);
                let baseline = baseline.and_then(|baseline| scores.get(baseline));
                let pair = Pair { scores: scores[at], baseline: baseline.copied(), scorer };
                match &clusters {
                    None => alone(&pair, slicing),
                    Some((clusters, rows)) => clustered(&pair, clusters, rows),
                }
            })
            .collect();
        for group in order(slicing, columns.first().map_or(&[], Vec::as_slice)) {
            for (column, of_groups) in report.models.iter().zip(&columns) {
                let Some(figures) = of_groups.get(group) else { continue };
                report.slices.push(Slice {
                    field: slicing.field().to_owned(),
                    value: slicing.name(group).to_owned(),
                    scorer: report.scorers[scorer].clone(),
                    column: column.title(),
                    rows: figures.rows,
                    scored: figures.scored,
                    passes: figures.passes,
                    accuracy: figures.accuracy,
                    mean: figures.mean,
                    difference: figures.difference,
                });
            }
        }
    }
}

/// The groups that have rows: the largest first, and those that are no value last.
fn order(slicing: &Slicing, figures: &[Figures]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..slicing.groups())
        .filter(|group| figures.get(*group).is_some_and(|figures| figures.rows > 0))
        .collect();
    groups.sort_by_key(|group| {
        let rows = figures.get(*group).map_or(0, |figures| figures.rows);
        (Slicing::is_special(*group), std::cmp::Reverse(rows), slicing.name(*group).to_owned())
    });
    groups
}

/// A column by one scorer, and what it is held against.
struct Pair<'s> {
    scores: &'s Scores,
    baseline: Option<&'s Scores>,
    scorer: usize,
}

/// The figures of all groups, in one go through the rows.
fn alone(pair: &Pair<'_>, slicing: &Slicing) -> Vec<Figures> {
    let mut sums: Vec<Sums> = (0..slicing.groups()).map(|_| Sums::new(pair, false)).collect();
    for row in 0..pair.scores.rows().min(slicing.rows()) {
        let group = usize::try_from(row).map_or(0, |row| slicing.of(row));
        if let Some(sums) = sums.get_mut(group) {
            sums.push(pair, row, None);
        }
    }
    sums.iter().map(Sums::figures).collect()
}

/// The same for rows in clusters, one group after another: the sums of all clusters are in memory once, not for each.
fn clustered(pair: &Pair<'_>, clusters: &Clusters, rows: &[Vec<u32>]) -> Vec<Figures> {
    let mut sums = Sums::new(pair, true);
    let group = |rows: &Vec<u32>| {
        sums.clear();
        let known = rows.iter().filter(|row| u64::from(**row) < pair.scores.rows());
        for row in known {
            sums.push(pair, u64::from(*row), Some(clusters.of(*row as usize)));
        }
        sums.figures()
    };
    rows.iter().map(group).collect()
}

impl Sums {
    fn new(pair: &Pair<'_>, in_clusters: bool) -> Self {
        let pairing = pair.baseline.map(|_| Pairing::new(in_clusters));
        let clusters = in_clusters.then(ClusterSums::default);
        Self { clusters, pairing, ..Self::default() }
    }

    /// No rows again, with the memory kept for others.
    fn clear(&mut self) {
        let (mut clusters, mut pairing) = (self.clusters.take(), self.pairing.take());
        clusters.iter_mut().for_each(ClusterSums::clear);
        pairing.iter_mut().for_each(Pairing::clear);
        *self = Self { clusters, pairing, ..Self::default() };
    }

    fn push(&mut self, pair: &Pair<'_>, row: u64, cluster: Option<u32>) {
        self.rows += 1;
        self.push_verdict(pair.scores, pair.scorer, row, cluster);
        let said = Said::of(pair.scores, pair.scorer, row);
        let against = pair.baseline.and_then(|baseline| Said::of(baseline, pair.scorer, row));
        if let (Some(pairing), Some(said), Some(against)) = (&mut self.pairing, said, against) {
            pairing.push(said, against, cluster);
        }
    }

    fn figures(&self) -> Figures {
        Figures {
            rows: self.rows,
            scored: self.scored,
            passes: self.passes,
            accuracy: self.accuracy(),
            mean: self.mean(),
            difference: self.pairing.as_ref().and_then(difference),
        }
    }

    fn push_verdict(&mut self, scores: &Scores, scorer: usize, row: u64, cluster: Option<u32>) {
        let passed = scores.passed(scorer, row);
        let value = scores.value(scorer, row);
        if value.is_none() && scores.label(scorer, row).is_none() {
            return;
        }
        self.scored += 1;
        self.passes += u64::from(passed == Some(true));
        self.is_other |= passed.is_none();
        if let Some(value) = value {
            self.total += value;
            self.graded += 1;
            if let (Some(clusters), Some(cluster)) = (&mut self.clusters, cluster) {
                clusters.push(value, cluster);
            }
        }
    }

    fn accuracy(&self) -> Option<Estimate> {
        let plain = Estimate::of(self.passes, self.scored).filter(|_| !self.is_other)?;
        let clustered = self.clusters.as_ref().and_then(|sums| sums.proportion(CONFIDENCE));
        match clustered.and_then(|found| found.interval) {
            Some(Interval { low, high }) => {
                Some(Estimate { low, high, method: Method::ClusteredWilson, ..plain })
            }
            None => Some(plain),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "row counts are far below 2^53")]
    fn mean(&self) -> Option<f64> {
        (self.is_other && self.graded > 0).then(|| (self.total / self.graded as f64).min(1.0))
    }
}

fn difference(pairing: &Pairing) -> Option<SliceDifference> {
    let found = pairing.difference()?;
    Some(SliceDifference {
        rows: pairing.rows(),
        value: found.value,
        interval: found.interval,
        test: found.test,
    })
}

/// Benjamini and Hochberg's adjustment over all slices of a scorer: the question is what to look into.
pub(super) fn adjust(slices: &mut [Slice]) {
    let scorers: Vec<String> = slices.iter().map(|slice| slice.scorer.clone()).collect();
    let mut unique = scorers;
    unique.dedup();
    unique.sort();
    unique.dedup();
    for scorer in unique {
        let mut tests: Vec<&mut Test> = slices
            .iter_mut()
            .filter(|slice| slice.scorer == scorer)
            .filter_map(|slice| slice.difference.as_mut()?.test.as_mut())
            .collect();
        let alone: Vec<f64> = tests.iter().map(|test| test.p).collect();
        if let Some(adjusted) = benjamini_hochberg(&alone).filter(|_| alone.len() > 1) {
            for (test, p) in tests.iter_mut().zip(adjusted) {
                test.adjusted_p = Some(p);
            }
        }
    }
}
