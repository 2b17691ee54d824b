//! The pair of bounds that every estimate comes with, as a type, so that low and high are never swapped.

/// An interval with both ends included, `low <= high`.
///
/// The unit is that of the estimate it belongs to: a share of rows in 0..=1 for [`wilson`](crate::wilson), a
/// difference of shares in -1..=1 for [`tango`](crate::tango).
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

    /// The part of this interval that lies on the scale from `low` to `high`, such as 0 to 1 for scores.
    ///
    /// For intervals of [`mean`](crate::mean) and [`clustered_mean`](crate::clustered_mean), which know no scale. The
    /// result is never the single point at an end of the scale.
    ///
    /// Returns `None` unless `low < high`.
    ///
    /// ```
    /// let interval = eval_stats::Interval { low: 0.9, high: 1.07 };
    /// let cut = interval.cut_to(0.0, 1.0).unwrap();
    /// assert_eq!((cut.low, cut.high), (0.9, 1.0));
    /// ```
    pub fn cut_to(&self, low: f64, high: f64) -> Option<Self> {
        (low < high).then(|| Self::on_scale(self.low, self.high, Self { low, high }))
    }

    /// The part of these bounds that lies on a bounded scale; never the single point at an end of the scale.
    ///
    /// Rounding must not make certainty out of many rows: what would be `[1, 1]` on the scale 0..=1 begins one
    /// representable number below 1.
    pub(crate) fn on_scale(low: f64, high: f64, scale: Self) -> Self {
        Self {
            low: low.clamp(scale.low, scale.high.next_down()),
            high: high.clamp(scale.low.next_up(), scale.high),
        }
    }
}

/// The scale of shares and scores.
pub(crate) const SHARES: Interval = Interval { low: 0.0, high: 1.0 };

/// The scale of differences of shares, and of kappa.
pub(crate) const DIFFERENCES: Interval = Interval { low: -1.0, high: 1.0 };
