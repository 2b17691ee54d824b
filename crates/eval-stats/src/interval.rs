//! The pair of bounds that every estimate comes with, as a type, so that low and high are never swapped.

/// An interval with both ends included, `low <= high`.
///
/// The unit is that of the estimate it belongs to: a share of rows in 0..=1 for [`wilson`](crate::wilson).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
}

impl Interval {
    /// How wide the interval is: `high - low`, never negative.
    ///
    /// ```
    /// assert!(eval_stats::wilson(14, 15, 0.95).unwrap().width() < 0.29);
    /// ```
    pub fn width(&self) -> f64 {
        self.high - self.low
    }

    /// Whether `value` lies between the bounds, both included.
    ///
    /// ```
    /// assert!(eval_stats::wilson(14, 15, 0.95).unwrap().contains(0.9));
    /// ```
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}
