//! Two models on the same rows, each row right or wrong: only the rows on which they differ tell them apart.

use std::cmp::Ordering;

use crate::interval::{DIFFERENCES, Interval};
use crate::number::{MOST_ROWS, real, z_two_sided};
use crate::special::{binomial, binomial_lower, incomplete_beta};

/// How the rows that were scored for both A and B fall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PairedCounts {
    /// Rows that both got right.
    pub both: u64,
    /// Rows that only A got right.
    pub only_a: u64,
    /// Rows that only B got right.
    pub only_b: u64,
    /// Rows that neither got right.
    pub neither: u64,
}

impl PairedCounts {
    /// The counts of two verdicts on each row; `None` when there are more verdicts of one than of the other.
    ///
    /// ```
    /// use eval_stats::PairedCounts;
    ///
    /// let counts = PairedCounts::of(&[true, true, false], &[true, false, false]).unwrap();
    /// assert_eq!(counts, PairedCounts { both: 1, only_a: 1, only_b: 0, neither: 1 });
    /// ```
    pub fn of(a: &[bool], b: &[bool]) -> Option<Self> {
        if a.len() != b.len() {
            return None;
        }
        let mut counts = Self::default();
        for pair in a.iter().zip(b) {
            match pair {
                (true, true) => counts.both += 1,
                (true, false) => counts.only_a += 1,
                (false, true) => counts.only_b += 1,
                (false, false) => counts.neither += 1,
            }
        }
        Some(counts)
    }

    /// How many rows were scored for both.
    pub fn rows(&self) -> u64 {
        [self.only_a, self.only_b, self.neither].iter().fold(self.both, |n, k| n.saturating_add(*k))
    }

    /// A's share of right rows minus B's, in -1..=1; `None` without rows.
    ///
    /// ```
    /// let counts = eval_stats::PairedCounts { both: 8, only_a: 6, only_b: 0, neither: 1 };
    /// assert_eq!(counts.difference(), Some(0.4));
    /// ```
    pub fn difference(&self) -> Option<f64> {
        let n = self.rows();
        (n > 0).then(|| (real(self.only_a) - real(self.only_b)) / real(n))
    }

    /// The variance of the difference on one row, (b + c)/n − (b − c)²/n²; `None` without rows.
    ///
    /// Divided by the number of rows it is the squared plug-in standard error (Miller 2024); it is what
    /// [`Design`](crate::Design) plans with. It is 0 when the models never differ, so no interval stands on it.
    ///
    /// ```
    /// let counts = eval_stats::PairedCounts { both: 120, only_a: 25, only_b: 12, neither: 43 };
    /// assert_eq!(format!("{:.4}", counts.variance().unwrap()), "0.1808");
    /// ```
    pub fn variance(&self) -> Option<f64> {
        let difference = self.difference()?;
        let differing = (real(self.only_a) + real(self.only_b)) / real(self.rows());
        Some((differing - difference * difference).max(0.0))
    }

    /// The counts as a table for [`kappa`](crate::kappa): A's verdicts down, B's across, right before wrong.
    pub fn table(&self) -> [[u64; 2]; 2] {
        [[self.both, self.only_a], [self.only_b, self.neither]]
    }

    /// The same rows with A and B in each other's place.
    #[must_use]
    pub fn swapped(&self) -> Self {
        Self { only_a: self.only_b, only_b: self.only_a, ..*self }
    }
}

/// What `McNemar`'s test says: how surprising the split of the differing rows is if A and B are equally good.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct McNemar {
    /// The two-sided mid-p value: the one to judge by.
    pub mid_p: f64,
    /// The two-sided exact conditional p value: never too small, and too large for most purposes.
    pub exact_p: f64,
}

/// `McNemar`'s test of the rows on which A and B differ, in its mid-p and its exact form.
///
/// With X ~ Bin(b + c, ½) and m = min(b, c): mid-p = 2 P(X < m) + P(X = m), exact = 2 P(X ≤ m), at most 1. Fagerland,
/// Lydersen & Laake 2013 (BMC Med Res Methodol 13:91) recommend mid-p: it holds its level in practice and finds more.
/// Both are 1 when the models never differ.
///
/// Returns `None` without rows, and for more than 2³² differing rows.
///
/// ```
/// let counts = eval_stats::PairedCounts { both: 8, only_a: 6, only_b: 0, neither: 1 };
/// let test = eval_stats::mcnemar(&counts).unwrap();
/// assert_eq!(format!("{:.3} {:.3}", test.mid_p, test.exact_p), "0.016 0.031");
/// ```
pub fn mcnemar(counts: &PairedCounts) -> Option<McNemar> {
    if counts.rows() == 0 {
        return None;
    }
    sign_test(counts.only_a, counts.only_b)
}

/// The two-sided tests that `wins` and `losses` come from a fair coin.
pub(crate) fn sign_test(wins: u64, losses: u64) -> Option<McNemar> {
    let n = wins.checked_add(losses).filter(|n| *n <= MOST_ROWS)?;
    if wins == losses {
        return Some(McNemar { mid_p: 1.0, exact_p: 1.0 });
    }
    let (fewer, n) = (real(wins.min(losses)), real(n));
    let at_most = binomial_lower(fewer, n, 0.5);
    let mid_p = 2.0 * at_most - binomial(fewer, n, 0.5);
    Some(McNemar { mid_p: mid_p.min(1.0), exact_p: (2.0 * at_most).min(1.0) })
}

/// Tango's score interval of the difference A − B over the same rows, within -1..=1.
///
/// The differences Δ whose score (b − c − nΔ) / √(n (2q + Δ(1 − Δ))) lies within ±z, where q is the most likely share
/// of rows that only B gets right, given Δ (Tango 1998, Statistics in Medicine 17:891). The default for paired yes/no
/// verdicts at any number of rows: it agrees with [`mcnemar`] nearly always and has a width even when the models
/// never differ.
///
/// Returns `None` without rows or unless `0 < confidence < 1`.
///
/// ```
/// let counts = eval_stats::PairedCounts { both: 8, only_a: 6, only_b: 0, neither: 1 };
/// let interval = eval_stats::tango(&counts, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.1146 0.6425");
/// ```
pub fn tango(counts: &PairedCounts, confidence: f64) -> Option<Interval> {
    let n = counts.rows();
    if n == 0 {
        return None;
    }
    let z = z_two_sided(confidence)?;
    Some(tango_of(real(counts.only_a), real(counts.only_b), real(n), z))
}

/// Tango's interval of counts that need not be whole.
pub(crate) fn tango_of(only_a: f64, only_b: f64, n: f64, z: f64) -> Interval {
    let low = tango_low(only_a, only_b, n, z);
    let high = -tango_low(only_b, only_a, n, z);
    Interval::on_scale(low, high, DIFFERENCES)
}

/// The lower bound, by halving: the score falls as Δ rises, and is above z at -1 and 0 at the estimate.
fn tango_low(b: f64, c: f64, n: f64, z: f64) -> f64 {
    let (mut low, mut high) = (-1.0, (b - c) / n);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high || high - low < f64::MIN_POSITIVE {
            return middle;
        }
        let variance = if middle < 0.0 {
            tango_variance(c, b, n, -middle)
        } else {
            tango_variance(b, c, n, middle)
        };
        if b - c - n * middle > z * (n * variance).sqrt() {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// 2q + Δ(1 − Δ) for Δ ≥ 0, where nothing in it cancels.
fn tango_variance(b: f64, c: f64, n: f64, delta: f64) -> f64 {
    let linear = (2.0 * n - b + c) * delta - b - c;
    let constant = -c * delta * (1.0 - delta);
    let root = (linear * linear - 8.0 * n * constant).sqrt();
    let q =
        if linear > 0.0 { -2.0 * constant / (root + linear) } else { (root - linear) / (4.0 * n) };
    2.0 * q + delta * (1.0 - delta)
}

/// Bonett and Price's interval of the difference A − B over the same rows, within -1..=1.
///
/// With p = (b + 1)/(n + 2) and q = (c + 1)/(n + 2): p − q ± z √((p + q − (p − q)²)/(n + 2)) (Bonett & Price 2012,
/// J. Educ. Behav. Stat. 37:479). A closed form near to [`tango`], pulled a little towards 0; for spreadsheets and as a
/// second opinion.
///
/// Returns `None` without rows or unless `0 < confidence < 1`.
///
/// ```
/// let counts = eval_stats::PairedCounts { both: 8, only_a: 6, only_b: 0, neither: 1 };
/// let interval = eval_stats::bonett_price(&counts, 0.95).unwrap();
/// assert_eq!(format!("{:.4} {:.4}", interval.low, interval.high), "0.0733 0.6326");
/// ```
pub fn bonett_price(counts: &PairedCounts, confidence: f64) -> Option<Interval> {
    if counts.rows() == 0 {
        return None;
    }
    let z = z_two_sided(confidence)?;
    let n = real(counts.rows()) + 2.0;
    let (p, q) = ((real(counts.only_a) + 1.0) / n, (real(counts.only_b) + 1.0) / n);
    let half = z * ((p + q - (p - q) * (p - q)) / n).sqrt();
    Some(Interval::on_scale(p - q - half, p - q + half, DIFFERENCES))
}

/// The probability that A is better than B, given the rows and a flat Dirichlet prior: 1 − I½(b + 1, c + 1).
///
/// For a sentence that people understand; ½ when nothing is known. Returns `None` beyond 2³² differing rows.
///
/// ```
/// let counts = eval_stats::PairedCounts { both: 7, only_a: 7, only_b: 1, neither: 0 };
/// assert_eq!(format!("{:.4}", eval_stats::probability_better(&counts).unwrap()), "0.9805");
/// ```
pub fn probability_better(counts: &PairedCounts) -> Option<f64> {
    counts.only_a.checked_add(counts.only_b).filter(|n| *n <= MOST_ROWS)?;
    let (b, c) = (real(counts.only_a) + 1.0, real(counts.only_b) + 1.0);
    Some(match counts.only_a.cmp(&counts.only_b) {
        Ordering::Less => incomplete_beta(c, b, 0.5, 0.5),
        Ordering::Equal => 0.5,
        Ordering::Greater => 1.0 - incomplete_beta(b, c, 0.5, 0.5),
    })
}
