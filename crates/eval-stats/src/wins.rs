//! Pairwise judgements: how often A's answer is preferred to B's.

use crate::interval::{Interval, SHARES};
use crate::number::real;
use crate::paired::{McNemar, PairedCounts, sign_test, tango};
use crate::proportion::wilson;

/// How often A wins against B.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WinRate {
    /// (wins + ties / 2) / rows, in 0..=1.
    pub rate: f64,
    /// The interval of `rate`, within 0..=1, never a single point.
    pub interval: Interval,
    /// wins / (wins + losses); none when every row is a tie.
    pub decisive: Option<f64>,
    /// Wilson's interval of `decisive`.
    pub decisive_interval: Option<Interval>,
    /// The sign test of wins against losses, ties left out (Dixon & Mood 1946), as mid-p and exact p.
    pub test: McNemar,
}

/// The win rate of A over B from wins, losses and ties; a disagreement between the two orders of a judge is a tie.
///
/// A win, a tie and a loss are worth 1, ½ and 0, so the rate is (1 + Δ)/2 where Δ = (wins − losses)/rows is a paired
/// difference of shares; its interval is [`tango`]'s, moved alike.
///
/// Returns `None` without rows, beyond 2³² decisive ones, or unless `0 < confidence < 1`.
///
/// ```
/// let wins = eval_stats::win_rate(31, 17, 12, 0.95).unwrap();
/// let decisive = wins.decisive_interval.unwrap();
/// assert_eq!(format!("{:.4}", wins.rate), "0.6167");
/// assert_eq!(format!("{:.4} {:.4}", decisive.low, decisive.high), "0.5044 0.7657");
/// ```
pub fn win_rate(wins: u64, losses: u64, ties: u64, confidence: f64) -> Option<WinRate> {
    let counts = PairedCounts { only_a: wins, only_b: losses, neither: ties, both: 0 };
    let difference = counts.difference()?;
    let interval = tango(&counts, confidence)?;
    let (low, high) = (f64::midpoint(1.0, interval.low), f64::midpoint(1.0, interval.high));
    let test = sign_test(wins, losses)?;
    let n_decisive = wins + losses;
    Some(WinRate {
        rate: f64::midpoint(1.0, difference),
        interval: Interval::on_scale(low, high, SHARES),
        decisive: (n_decisive > 0).then(|| real(wins) / real(n_decisive)),
        decisive_interval: wilson(wins, n_decisive, confidence),
        test,
    })
}
