//! From bytes to tokens: a line through the rows whose tokens are known, and how far it can be trusted.

use crate::Range;
use crate::sample::mix;

/// Sizes are capped here; no line of a dataset is longer, and sums of squares keep within 128 bits.
const LARGEST: u64 = u32::MAX as u64;

/// Groups for the jackknife.
const GROUPS: usize = 32;

/// Pairs of a request's bytes and its tokens, in constant memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairs {
    /// Sums of the pairs by a hash of the pair: neither order nor parts of a pass matter.
    groups: Vec<Sums>,
}

/// A line through pairs of bytes and tokens, by least squares, through their means.
///
/// A request's tokens are a share of its bytes, less what the JSON around the texts takes: that is why the line
/// has an intercept. Its slope is kept within 0 to 1 token a byte, and is tokens over bytes where all pairs have
/// the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    line: Line,
    /// The lines without one group of pairs each; empty for fewer than three groups.
    without: Vec<Line>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Sums {
    count: u64,
    bytes: u128,
    tokens: u128,
    bytes_squared: u128,
    product: u128,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Line {
    mean_bytes: f64,
    mean_tokens: f64,
    slope: f64,
    /// Whether all pairs have the same bytes, so that the slope is no more than a ratio.
    is_ratio: bool,
}

impl Default for Pairs {
    fn default() -> Self {
        Self { groups: vec![Sums::default(); GROUPS] }
    }
}

impl Pairs {
    /// Adds one pair.
    pub fn add(&mut self, bytes: u64, tokens: u64) {
        let (bytes, tokens) = (bytes.min(LARGEST), tokens.min(LARGEST));
        let group = usize::try_from(mix(bytes << 32 | tokens) % GROUPS as u64).unwrap_or(0);
        let (bytes, tokens) = (u128::from(bytes), u128::from(tokens));
        if let Some(group) = self.groups.get_mut(group) {
            let (bytes_squared, product) = (bytes * bytes, bytes * tokens);
            *group = group.plus(&Sums { count: 1, bytes, tokens, bytes_squared, product });
        }
    }

    /// Adds the pairs of another.
    pub fn absorb(&mut self, other: &Self) {
        for (mine, theirs) in self.groups.iter_mut().zip(&other.groups) {
            *mine = mine.plus(theirs);
        }
    }

    /// How many pairs there are.
    pub fn count(&self) -> u64 {
        self.all().count
    }

    fn all(&self) -> Sums {
        self.groups.iter().fold(Sums::default(), |all, group| all.plus(group))
    }

    /// The line through them; `None` without any.
    pub fn fit(&self) -> Option<Fit> {
        let all = self.all();
        let line = all.line()?;
        let filled = self.groups.iter().filter(|group| group.count > 0);
        let without: Vec<Line> = filled.filter_map(|group| all.minus(group).line()).collect();
        Some(Fit { line, without: if without.len() < 3 { Vec::new() } else { without } })
    }
}

impl Sums {
    fn plus(&self, other: &Self) -> Self {
        Self {
            count: self.count.saturating_add(other.count),
            bytes: self.bytes.saturating_add(other.bytes),
            tokens: self.tokens.saturating_add(other.tokens),
            bytes_squared: self.bytes_squared.saturating_add(other.bytes_squared),
            product: self.product.saturating_add(other.product),
        }
    }

    fn minus(&self, other: &Self) -> Self {
        Self {
            count: self.count.saturating_sub(other.count),
            bytes: self.bytes.saturating_sub(other.bytes),
            tokens: self.tokens.saturating_sub(other.tokens),
            bytes_squared: self.bytes_squared.saturating_sub(other.bytes_squared),
            product: self.product.saturating_sub(other.product),
        }
    }

    fn line(&self) -> Option<Line> {
        if self.count == 0 {
            return None;
        }
        // Exact until the last division, so that nothing cancels.
        let around = |squares: u128, sums: u128| {
            let squares = squares.saturating_mul(self.count.into());
            let distance = to_f64(squares.abs_diff(sums));
            if squares < sums { -distance } else { distance }
        };
        let spread = around(self.bytes_squared, self.bytes.saturating_mul(self.bytes));
        let together = around(self.product, self.bytes.saturating_mul(self.tokens));
        let count = to_f64(self.count.into());
        let (mean_bytes, mean_tokens) = (to_f64(self.bytes) / count, to_f64(self.tokens) / count);
        let is_ratio = spread <= 0.0;
        let slope = match is_ratio {
            true if mean_bytes > 0.0 => mean_tokens / mean_bytes,
            true => 0.0,
            false => together / spread,
        };
        Some(Line { mean_bytes, mean_tokens, slope: slope.clamp(0.0, 1.0), is_ratio })
    }
}

impl Line {
    fn at(&self, bytes: f64) -> f64 {
        (self.mean_tokens + self.slope * (bytes - self.mean_bytes)).max(0.0)
    }
}

impl Fit {
    /// How many tokens a request of so many bytes probably has; at least one.
    pub fn of_row(&self, bytes: u64) -> u64 {
        to_u64(self.on_line(to_f64(bytes.into()))).max(1)
    }

    pub(crate) fn on_line(&self, bytes: f64) -> f64 {
        self.line.at(bytes)
    }

    /// How many tokens `rows` requests with `bytes` in all have: the regression estimator of sampling theory, with
    /// a range of 95 % by the delete-a-group jackknife, which trusts neither even sizes nor even errors.
    ///
    /// `seen` is how many of those requests are themselves among the pairs; when all are, the answer is their exact
    /// sum. The pairs should be an even sample of the requests. With fewer than three groups of pairs, or when all
    /// pairs have the same size and the requests another, the range is half to double.
    pub fn tokens(&self, rows: u64, bytes: u64, seen: u64) -> Range<u64> {
        if rows == 0 {
            return Range::exactly(0);
        }
        let all = to_f64(rows.into());
        let mean = to_f64(bytes.into()) / all;
        let mid = all * self.line.at(mean);
        // The mean of a whole is reached but for the last digits.
        let is_off = (mean - self.line.mean_bytes).abs() > mean * 1e-9;
        let unseen = to_f64(rows.saturating_sub(seen).into()) / all;
        if unseen <= 0.0 && !is_off {
            return Range::exactly(to_u64(mid));
        }
        if self.without.is_empty() || (self.line.is_ratio && is_off) {
            return Range::around(to_u64(mid / 2.0), to_u64(mid), to_u64(mid * 2.0));
        }
        let groups = to_f64(self.without.len() as u128);
        let distances =
            self.without.iter().map(|line| (line.at(mean) - self.line.at(mean)).powi(2));
        let variance = distances.sum::<f64>() * (groups - 1.0) / groups;
        let half = all * t_975(self.without.len() as u64 - 1) * (variance * unseen).sqrt();
        Range::around(to_u64(mid - half), to_u64(mid), to_u64(mid + half))
    }
}

/// The 0.975 quantile of Student's t: 95 % lie between it and its negative.
pub(crate) fn t_975(freedom: u64) -> f64 {
    const FEW: [f64; 9] = [
        12.706_205, 4.302_653, 3.182_446, 2.776_445, 2.570_582, 2.446_912, 2.364_624, 2.306_004,
        2.262_157,
    ];
    const Z: f64 = 1.959_964;
    let few = freedom.checked_sub(1).and_then(|at| FEW.get(usize::try_from(at).ok()?));
    few.copied().unwrap_or_else(|| {
        // Cornish and Fisher's expansion around the normal quantile; off by less than 0.001 from 10 on.
        let n = to_f64(freedom.max(1).into());
        let (z3, z5, z7) = (Z.powi(3), Z.powi(5), Z.powi(7));
        Z + (z3 + Z) / (4.0 * n)
            + (5.0 * z5 + 16.0 * z3 + 3.0 * Z) / (96.0 * n * n)
            + (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * Z) / (384.0 * n * n * n)
    })
}

#[expect(clippy::cast_precision_loss, reason = "estimates need no more than 53 bits")]
pub(crate) fn to_f64(number: u128) -> f64 {
    number as f64
}

/// The nearest whole number; what is below zero is zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast stops at both ends, which is meant"
)]
pub(crate) fn to_u64(number: f64) -> u64 {
    number.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(of: &[(u64, u64)]) -> Pairs {
        let mut pairs = Pairs::default();
        for &(bytes, tokens) in of {
            pairs.add(bytes, tokens);
        }
        pairs
    }

    #[test]
    fn a_straight_line_is_found_exactly() {
        // 50 bytes of JSON, then a token in four bytes.
        let fit = pairs(&[(90, 10), (130, 20), (250, 50), (450, 100)]).fit().unwrap();
        assert_eq!((fit.of_row(850), fit.of_row(50), fit.of_row(0)), (200, 1, 1));
        assert_eq!(fit.tokens(10, 4_500, 4), Range::exactly(1_000));
    }

    #[test]
    fn known_rows_are_summed_whatever_the_line() {
        let rows = [(100, 7), (5_000, 900), (40, 1), (70_000, 258)];
        let fit = pairs(&rows).fit().unwrap();
        assert_eq!(fit.tokens(4, 75_140, 4), Range::exactly(1_166));
    }

    #[test]
    fn worked_by_hand() {
        // Means 200 and 50, slope 0.25; without one of them each, a request of 200 bytes has 46, 52 and 46 tokens.
        let fit = pairs(&[(100, 27), (200, 46), (300, 77)]).fit().unwrap();
        assert_eq!(fit.tokens(100, 20_000, 100).mid, 5_000);
        // Their distances from 50 are 4, 2 and 4: a variance of 36 × 2/3; 97 of 100 rows are unseen.
        let half = 100.0 * 4.302_653 * (24.0_f64 * 0.97).sqrt();
        let range = fit.tokens(100, 20_000, 3);
        assert_eq!(
            (range.low, range.mid, range.high),
            (to_u64(5_000.0 - half), 5_000, to_u64(5_000.0 + half))
        );
        // Requests 40 bytes longer than the sample, as with a longer system instruction.
        assert_eq!(fit.tokens(100, 24_000, 0).mid, 6_000);
    }

    #[test]
    fn little_knowledge_gives_a_wide_range() {
        assert_eq!(Pairs::default().fit(), None);
        let one = pairs(&[(100, 25)]).fit().unwrap();
        assert_eq!(one.tokens(10, 2_000, 1), Range { low: 250, mid: 500, high: 1_000 });
        assert_eq!(one.tokens(0, 0, 0), Range::exactly(0));
        let same = pairs(&[(100, 24), (100, 25), (100, 26)]).fit().unwrap();
        assert_eq!(same.tokens(10, 2_000, 0), Range { low: 250, mid: 500, high: 1_000 });
        assert!(same.tokens(10, 1_000, 3).high < 350);
    }

    #[test]
    fn huge_numbers_do_not_wrap() {
        let mut pairs = Pairs::default();
        (0..5).for_each(|_| pairs.add(u64::MAX, u64::MAX));
        let fit = pairs.fit().unwrap();
        let range = fit.tokens(u64::MAX, u64::MAX, 0);
        assert!(range.low <= range.mid && range.mid <= range.high);
    }

    #[test]
    fn quantiles_are_students() {
        // From scipy.stats.t.ppf(0.975, n).
        for (freedom, want) in [
            (1, 12.706_205),
            (4, 2.776_445),
            (5, 2.570_582),
            (10, 2.228_139),
            (30, 2.042_272),
            (1_000, 1.962_339),
        ] {
            assert!((t_975(freedom) - want).abs() < 1e-3, "{freedom}: {}", t_975(freedom));
        }
    }
}
