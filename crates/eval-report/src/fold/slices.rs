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
    clusters: ClusterSums,
    pairing: Option<Pairing>,
}

/// Adds the slices of one field, by every scorer and for every column.
pub(super) fn fold(
    report: &mut Report,
    scores: &[&Scores],
    slicing: &Slicing,
    baseline: Option<usize>,
    clusters: Option<&Clusters>,
) {
    for scorer in 0..report.scorers.len() {
        let columns: Vec<Vec<Sums>> = (0..scores.len())
            .map(|at| {
                let baseline = baseline.filter(|baseline| *baseline != at);
                let baseline = baseline.and_then(|baseline| scores.get(baseline));
                sums(scores[at], baseline.copied(), scorer, slicing, clusters)
            })
            .collect();
        for group in order(slicing, columns.first().map_or(&[], Vec::as_slice)) {
            for (column, of_groups) in report.models.iter().zip(&columns) {
                let Some(sums) = of_groups.get(group) else { continue };
                report.slices.push(Slice {
                    field: slicing.field().to_owned(),
                    value: slicing.name(group).to_owned(),
                    scorer: report.scorers[scorer].clone(),
                    column: column.title(),
                    rows: sums.rows,
                    scored: sums.scored,
                    passes: sums.passes,
                    accuracy: sums.accuracy(clusters.is_some()),
                    mean: sums.mean(),
                    difference: sums.pairing.as_ref().and_then(difference),
                });
            }
        }
    }
}

/// The groups that have rows: the largest first, and those that are no value last.
fn order(slicing: &Slicing, sums: &[Sums]) -> Vec<usize> {
    let mut groups: Vec<usize> = (0..slicing.groups())
        .filter(|group| sums.get(*group).is_some_and(|s| s.rows > 0))
        .collect();
    groups.sort_by_key(|group| {
        let rows = sums.get(*group).map_or(0, |sums| sums.rows);
        (Slicing::is_special(*group), std::cmp::Reverse(rows), slicing.name(*group).to_owned())
    });
    groups
}

fn sums(
    scores: &Scores,
    baseline: Option<&Scores>,
    scorer: usize,
    slicing: &Slicing,
    clusters: Option<&Clusters>,
) -> Vec<Sums> {
    let pairing = || baseline.map(|_| Pairing::new(clusters.is_some()));
    let new = |_| Sums { pairing: pairing(), ..Sums::default() };
    let mut sums: Vec<Sums> = (0..slicing.groups()).map(new).collect();
    for (at, row) in (0..scores.rows().min(slicing.rows())).enumerate() {
        let Some(sum) = sums.get_mut(slicing.of(at)) else { continue };
        sum.rows += 1;
        let cluster = clusters.map(|clusters| clusters.of(at));
        sum.push(scores, scorer, row, cluster);
        let said = Said::of(scores, scorer, row);
        let against = baseline.and_then(|baseline| Said::of(baseline, scorer, row));
        if let (Some(pairing), Some(said), Some(against)) = (&mut sum.pairing, said, against) {
            pairing.push(said, against, cluster);
        }
    }
    sums
}

impl Sums {
    fn push(&mut self, scores: &Scores, scorer: usize, row: u64, cluster: Option<u32>) {
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
            if let Some(cluster) = cluster {
                self.clusters.push(value, cluster);
            }
        }
    }

    fn accuracy(&self, in_clusters: bool) -> Option<Estimate> {
        let plain = Estimate::of(self.passes, self.scored).filter(|_| !self.is_other)?;
        let clustered = in_clusters.then(|| self.clusters.proportion(CONFIDENCE)).flatten();
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
