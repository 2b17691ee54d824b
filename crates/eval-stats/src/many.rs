//! Many models or many slices: what is left of small p values once one counts how many were looked at.

use crate::number::{is_share, length, real};
use crate::paired::{McNemar, PairedCounts, mcnemar};
use crate::sums::CochranSums;

/// Holm's adjusted p values, in the order of `p`: the chance of any false alarm stays below the level.
///
/// The i-th smallest times (m − i + 1), then the running maximum, at most 1 (Holm 1979). Valid for any dependence. For
/// comparisons of models, where one wrong claim is one too many.
///
/// Returns `None` for a p outside 0..=1.
///
/// ```
/// assert_eq!(eval_stats::holm(&[0.04, 0.01, 0.03]), Some(vec![0.06, 0.03, 0.06]));
/// ```
pub fn holm(p: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        largest = largest.max(p[at] * real((p.len() - rank) as u64)).min(1.0);
        adjusted[at] = largest;
    }
    Some(adjusted)
}

/// Benjamini and Hochberg's adjusted p values, in the order of `p`: the expected share of false alarms among the
/// alarms stays below the level.
///
/// The i-th smallest times m / i, then the running minimum from above, at most 1 (Benjamini & Hochberg 1995). Valid
/// for independent and for positively dependent tests. For slices, where one looks for what to look into.
///
/// Returns `None` for a p outside 0..=1.
///
/// ```
/// let adjusted = eval_stats::benjamini_hochberg(&[0.04, 0.01, 0.02]).unwrap();
/// assert_eq!(adjusted, [0.04, 0.03, 0.03]);
/// ```
pub fn benjamini_hochberg(p: &[f64]) -> Option<Vec<f64>> {
    let order = ascending(p)?;
    let mut adjusted = vec![0.0; p.len()];
    let mut smallest = 1.0_f64;
    for (rank, at) in order.into_iter().enumerate().rev() {
        // The quotient first: it is at least 1, so that no rounding makes a p value smaller.
        smallest = smallest.min(p[at] * (length(p) / real(rank as u64 + 1)));
        adjusted[at] = smallest;
    }
    Some(adjusted)
}

/// The positions of the p values from the smallest up.
fn ascending(p: &[f64]) -> Option<Vec<usize>> {
    if !p.iter().all(|p| is_share(*p)) {
        return None;
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|one, other| p[*one].total_cmp(&p[*other]));
    Some(order)
}

/// Cochran's Q: whether several models differ at all on the same rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CochranQ {
    /// The statistic; 0 when no row tells the models apart.
    pub q: f64,
    /// Its degrees of freedom, one less than there are models.
    pub df: u64,
    /// P(χ² > q); 1 when no row tells the models apart.
    pub p: f64,
}

/// Cochran's Q test of two or more models, each a list of verdicts over the same rows (Cochran 1950).
///
/// With `G_j` right rows of model j and `L_i` right models on row i: k(k−1) Σ(`G_j` − Ḡ)² / Σ `L_i` (k − `L_i`),
/// against χ² of k − 1 degrees of freedom. The first question with many models; good from about 24 / k rows on that
/// tell models apart (Tate & Brown 1970).
///
/// Returns `None` for fewer than two models, no rows, or lists of unequal length.
///
/// ```
/// let models = [[true, true, true, false], [true, true, false, false], [false, true, false, false]];
/// let test = eval_stats::cochran_q(&models).unwrap();
/// assert_eq!((test.q, test.df), (3.0, 2));
/// ```
pub fn cochran_q<M: AsRef<[bool]>>(models: &[M]) -> Option<CochranQ> {
    let rows = models.first()?.as_ref().len();
    if models.iter().any(|model| model.as_ref().len() != rows) {
        return None;
    }
    let mut sums = CochranSums::new(models.len());
    for row in 0..rows {
        let verdicts: Vec<bool> = models.iter().map(|model| model.as_ref()[row]).collect();
        sums.push(&verdicts);
    }
    sums.test()
}

/// One of several comparisons of two models.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The position of the model A.
    pub a: usize,
    /// The position of the model B: the baseline, where there is one.
    pub b: usize,
    /// How the rows fall.
    pub counts: PairedCounts,
    /// The test of this pair alone.
    pub test: McNemar,
    /// Its mid-p after Holm's adjustment for all pairs that were compared: the one to judge by.
    pub adjusted_p: f64,
}

/// Compares several models over the same rows: each with the baseline, or without one each with each.
///
/// [`mcnemar`]'s mid-p with [`holm`]'s adjustment over the pairs. A declared baseline makes k − 1 comparisons out of
/// k(k − 1)/2, so that each needs less evidence. Ask [`cochran_q`] first whether there is anything to tell apart.
///
/// Returns `None` where [`cochran_q`] does, and for a baseline that is not there.
///
/// ```
/// let models = [vec![true; 12], [vec![false; 9], vec![true; 3]].concat(), vec![true; 12]];
/// let pairs = eval_stats::compare_models(&models, Some(0)).unwrap();
/// assert_eq!((pairs[0].a, pairs[0].b, pairs[0].counts.only_b), (1, 0, 9));
/// assert!(pairs[0].adjusted_p < 0.01 && pairs[1].adjusted_p == 1.0);
/// ```
pub fn compare_models<M: AsRef<[bool]>>(
    models: &[M],
    baseline: Option<usize>,
) -> Option<Vec<Comparison>> {
    if models.len() < 2 || baseline.is_some_and(|baseline| baseline >= models.len()) {
        return None;
    }
    let pairs = (0..models.len()).flat_map(|one| match baseline {
        Some(baseline) if one == baseline => Vec::new(),
        Some(baseline) => vec![(one, baseline)],
        None => (one + 1..models.len()).map(|other| (one, other)).collect(),
    });
    let compared: Option<Vec<Comparison>> = pairs
        .map(|(a, b)| {
            let counts = PairedCounts::of(models[a].as_ref(), models[b].as_ref())?;
            let test = mcnemar(&counts)?;
            Some(Comparison { a, b, counts, test, adjusted_p: test.mid_p })
        })
        .collect();
    let mut compared = compared?;
    let alone: Vec<f64> = compared.iter().map(|pair| pair.test.mid_p).collect();
    for (pair, adjusted) in compared.iter_mut().zip(holm(&alone)?) {
        pair.adjusted_p = adjusted;
    }
    Some(compared)
}
