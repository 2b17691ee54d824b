//! Shares with their intervals, and how they are written, so that rounding never claims more than the rows do.

use eval_stats::Interval;
use serde::{Deserialize, Serialize};

use crate::Method;

/// The confidence of every interval in a report.
pub(crate) const CONFIDENCE: f64 = 0.95;

/// A share of rows with its interval, each in 0..=1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// The share.
    pub value: f64,
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// The confidence of the interval, 0.95 for 95 %.
    pub confidence: f64,
    /// How the bounds were found.
    #[serde(default)]
    pub method: Method,
}

impl Estimate {
    /// The share of `passes` in `rows` with its Wilson interval at 95 %; `None` without rows.
    pub(crate) fn of(passes: u64, rows: u64) -> Option<Self> {
        let Interval { low, high } = eval_stats::wilson(passes, rows, CONFIDENCE)?;
        Some(Self {
            value: eval_stats::proportion(passes, rows)?,
            low,
            high,
            confidence: CONFIDENCE,
            method: Method::Wilson,
        })
    }
}

/// A share in percent with one decimal. Only none at all is 0.0 and only all is 100.0: what rounds there but is not
/// there stops a tenth before.
pub(crate) fn percent(share: f64) -> String {
    let rounded = format!("{:.1}", share * 100.0);
    match rounded.as_str() {
        "0.0" if share > 0.0 => "0.1".to_owned(),
        "100.0" if share < 1.0 => "99.9".to_owned(),
        _ => rounded,
    }
}

/// A whole number with its thousands set apart: `1,234,567`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A duration as people say it: `0.4 s`, `12.3 s`, `4 min 5 s`, `2 h 3 min`.
pub(crate) fn duration(milliseconds: u64) -> String {
    let tenths = milliseconds.div_euclid(100) + u64::from(milliseconds % 100 >= 50);
    let seconds = tenths / 10;
    match seconds {
        0..60 => format!("{seconds}.{} s", tenths % 10),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 row`, `2 rows`.
pub(crate) fn rows(count: u64) -> String {
    let word = if count == 1 { "row" } else { "rows" };
    format!("{} {word}", grouped(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percents_reach_their_ends_only_there() {
        for (share, want) in [
            (0.0, "0.0"),
            (1e-9, "0.1"),
            (0.0005, "0.1"),
            (0.5333, "53.3"),
            (0.9994, "99.9"),
            (0.999_999, "99.9"),
            (1.0, "100.0"),
        ] {
            assert_eq!(percent(share), want, "{share}");
        }
    }

    #[test]
    fn counts_and_durations_are_written_for_people() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(
            [0, 49, 50, 12_345, 59_960, 245_000, 7_400_000].map(duration),
            ["0.0 s", "0.0 s", "0.1 s", "12.3 s", "1 min 0 s", "4 min 5 s", "2 h 3 min"]
        );
        assert_eq!([1, 2000].map(rows), ["1 row", "2,000 rows"]);
    }
}
