//! How far two graders agree beyond chance: a judge and a human, or two judges.

use crate::interval::{DIFFERENCES, Interval};
use crate::number::{real, z_two_sided};
use crate::proportion::wilson;

/// What a disagreement between two labels costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Disagreement {
    /// All disagreements are alike: labels without an order.
    #[default]
    Alike,
    /// In proportion to the distance of the labels, which are in order.
    Linear,
    /// In proportion to the squared distance: grades on a scale.
    Quadratic,
}

/// Agreement of two graders.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Agreement {
    /// How many rows both graded.
    pub n: u64,
    /// The share of rows with the same label.
    pub share: f64,
    /// Wilson's interval of that share.
    pub share_interval: Interval,
    /// Cohen's kappa, 0 for agreement by chance and 1 for perfect agreement, within -1..=1; none when a grader's
    /// labels leave nothing to agree on beyond chance.
    pub kappa: Option<f64>,
    /// Its large-sample standard error.
    pub se: Option<f64>,
    /// kappa ± z se, cut to -1..=1; none for perfect agreement, which has no spread to build it from: see
    /// `share_interval` then.
    pub interval: Option<Interval>,
}

/// Cohen's kappa of a square table of counts, `table[i][j]` rows labelled `i` by the one and `j` by the other.
///
/// κ = (Po − Pe)/(1 − Pe) (Cohen 1960, weighted 1968), with the standard error of Fleiss, Cohen & Everitt 1969. The
/// interval is good from some 50 rows on. A table of yes and no comes from
/// [`PairedCounts::table`](crate::PairedCounts::table).
///
/// Returns `None` without rows, for a table that is not square or has fewer than two labels, or unless
/// `0 < confidence < 1`.
///
/// ```
/// use eval_stats::{Disagreement, kappa};
///
/// let agreement = kappa(&[[40, 7], [5, 28]], Disagreement::Alike, 0.95).unwrap();
/// let interval = agreement.interval.unwrap();
/// assert_eq!(format!("{:.3}", agreement.kappa.unwrap()), "0.693");
/// assert_eq!(format!("{:.3} {:.3}", interval.low, interval.high), "0.534 0.853");
/// ```
pub fn kappa<R: AsRef<[u64]>>(
    table: &[R],
    disagreement: Disagreement,
    confidence: f64,
) -> Option<Agreement> {
    let labels = table.len();
    if labels < 2 || table.iter().any(|row| row.as_ref().len() != labels) {
        return None;
    }
    let cells = || {
        let rows = table.iter().enumerate();
        rows.flat_map(|(i, row)| row.as_ref().iter().enumerate().map(move |(j, k)| (i, j, *k)))
    };
    let n = cells().try_fold(0_u64, |n, (_, _, k)| n.checked_add(k))?;
    let same = cells().filter(|(i, j, _)| i == j).map(|(_, _, k)| k).sum();
    let share_interval = wilson(same, n, confidence)?;
    let (rows, z) = (real(n), z_two_sided(confidence)?);
    let farthest = labels - 1;
    let weight = |i, j| disagreement.weight(i, j, farthest);

    let (mut of_one, mut of_other) = (vec![0.0; labels], vec![0.0; labels]);
    for (i, j, k) in cells() {
        of_one[i] += real(k) / rows;
        of_other[j] += real(k) / rows;
    }
    let expected_of = |shares: &[f64], weight: &dyn Fn(usize) -> f64| -> f64 {
        shares.iter().enumerate().map(|(i, share)| share * weight(i)).sum()
    };
    let by_row: Vec<f64> = (0..labels).map(|i| expected_of(&of_other, &|j| weight(i, j))).collect();
    let by_column: Vec<f64> =
        (0..labels).map(|j| expected_of(&of_one, &|i| weight(i, j))).collect();
    let observed: f64 = cells().map(|(i, j, k)| weight(i, j) * real(k) / rows).sum();
    let expected = expected_of(&of_one, &|i| by_row[i]);
    let beyond = 1.0 - expected;

    let mut agreement = Agreement {
        n,
        share: real(same) / rows,
        share_interval,
        kappa: None,
        se: None,
        interval: None,
    };
    if beyond > f64::EPSILON {
        let kappa = ((observed - expected) / beyond).clamp(-1.0, 1.0);
        let spread = |i: usize, j: usize| weight(i, j) - (by_row[i] + by_column[j]) * (1.0 - kappa);
        let squares: f64 = cells().map(|(i, j, k)| spread(i, j).powi(2) * real(k) / rows).sum();
        let centre = kappa - expected * (1.0 - kappa);
        // Where nothing spreads, as in perfect agreement, only rounding errors are left.
        let difference = squares - centre * centre;
        let spreads = difference > 1e-14 * squares;
        let se = if spreads { (difference / rows).sqrt() / beyond } else { 0.0 };
        agreement.kappa = Some(kappa);
        agreement.se = Some(se);
        let cut = || Interval::on_scale(kappa - z * se, kappa + z * se, DIFFERENCES);
        agreement.interval = spreads.then(cut);
    }
    Some(agreement)
}

impl Disagreement {
    /// The weight of agreement of labels `i` and `j`: 1 for the same, 0 for the farthest apart.
    fn weight(self, i: usize, j: usize, farthest: usize) -> f64 {
        let apart = real(i.abs_diff(j) as u64) / real(farthest as u64);
        match self {
            Self::Alike => f64::from(u8::from(i == j)),
            Self::Linear => 1.0 - apart,
            Self::Quadratic => 1.0 - apart * apart,
        }
    }
}
