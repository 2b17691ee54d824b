//! What may be said of labels of which nobody knows the right ones: how often two columns give the same.

use std::collections::HashMap;

use eval_stats::Disagreement;
use scoring::Scores;

use super::says_values;
use crate::numbers::CONFIDENCE;
use crate::{Agreement, Estimate, Report, phrases};

/// Labels beyond which there is no kappa: its table has the square of them.
const MOST_LABELS: usize = 200;

/// Every column but the baseline against it, by a scorer that gives labels and knows no right ones.
pub(super) fn of(
    report: &Report,
    scores: &[&Scores],
    scorer: usize,
    baseline: usize,
) -> Vec<Agreement> {
    let tallies = || scores.iter().filter_map(|scores| scores.tally(scorer));
    let labels_alone = tallies().any(|tally| !tally.labels.is_empty())
        && !tallies().any(|tally| says_values(&tally));
    let (Some(b), true) = (scores.get(baseline), labels_alone) else { return Vec::new() };
    let others = scores.iter().enumerate().filter(|(at, _)| *at != baseline);
    others
        .filter_map(|(at, a)| {
            let names = [report.models.get(at)?.title(), report.models.get(baseline)?.title()];
            Some(agreement(report.scorers.get(scorer)?, names, [a, b], scorer))
        })
        .collect()
}

fn agreement(name: &str, [a, b]: [String; 2], scores: [&Scores; 2], scorer: usize) -> Agreement {
    let mut known: HashMap<&str, usize> = HashMap::new();
    let mut cells: HashMap<[usize; 2], u64> = HashMap::new();
    let (mut rows, mut same) = (0, 0);
    for row in 0..scores[0].rows().min(scores[1].rows()) {
        let [Some(one), Some(other)] = scores.map(|scores| scores.label(scorer, row)) else {
            continue;
        };
        rows += 1;
        same += u64::from(one == other);
        let cell = [one, other].map(|label| {
            let next = known.len();
            *known.entry(label).or_insert(next)
        });
        *cells.entry(cell).or_default() += 1;
    }
    let mut agreement = Agreement {
        scorer: name.to_owned(),
        a,
        b,
        rows,
        same,
        share: Estimate::of(same, rows),
        kappa: kappa(known.len(), &cells),
        sentence: String::new(),
    };
    agreement.sentence = phrases::agreement(&agreement);
    agreement
}

fn kappa(labels: usize, cells: &HashMap<[usize; 2], u64>) -> Option<f64> {
    if labels > MOST_LABELS {
        return None;
    }
    let mut table = vec![vec![0; labels]; labels];
    for ([one, other], rows) in cells {
        table[*one][*other] = *rows;
    }
    eval_stats::kappa(&table, Disagreement::Alike, CONFIDENCE)?.kappa
}
