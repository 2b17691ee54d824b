//! A figure that is not known exactly: where it probably lies, and where it may lie.

use std::fmt;

/// A figure with its range: `low <= mid <= high`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Range<T> {
    /// It will hardly be less.
    pub low: T,
    /// The best guess.
    pub mid: T,
    /// It will hardly be more.
    pub high: T,
}

impl<T: Copy + Ord> Range<T> {
    /// Around `mid`; bounds on the wrong side of it are drawn to it.
    pub fn around(low: T, mid: T, high: T) -> Self {
        Self { low: low.min(mid), mid, high: high.max(mid) }
    }

    /// A figure that is known.
    pub fn exactly(value: T) -> Self {
        Self { low: value, mid: value, high: value }
    }

    /// Each of the three through a function that keeps their order.
    pub fn map<U>(self, f: impl Fn(T) -> U) -> Range<U> {
        Range { low: f(self.low), mid: f(self.mid), high: f(self.high) }
    }

    /// Whether the three are the same.
    pub fn is_exact(&self) -> bool {
        self.low == self.high
    }
}

impl<T: std::ops::Add<Output = T>> std::ops::Add for Range<T> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { low: self.low + other.low, mid: self.mid + other.mid, high: self.high + other.high }
    }
}

/// `$1.2000 ($0.9000 to $1.6000)`, or only the figure where it is exact.
impl<T: fmt::Display + Copy + Ord> fmt::Display for Range<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_exact() {
            return self.mid.fmt(f);
        }
        write!(f, "{} ({} to {})", self.mid, self.low, self.high)
    }
}
