//! Money: whole micro-dollars, which add up exactly and never wrap.

use std::fmt;
use std::iter::Sum;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

use crate::decimal::{self, NoAmount};

/// An amount of US dollars in whole micro-dollars. Sums stop at the largest amount rather than wrap.
///
/// It is read from text with up to six decimals, and serialised as its number of micro-dollars.
///
/// ```
/// use batch_cost::Money;
///
/// let money: Money = "0.0123".parse()?;
/// assert_eq!(money.micros(), 12_300);
/// assert_eq!((money + money).to_string(), "$0.0246");
/// # Ok::<(), batch_cost::NoAmount>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many millionths of a dollar.
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// So many dollars.
    pub const fn from_dollars(dollars: u64) -> Self {
        Self(dollars.saturating_mul(1_000_000))
    }

    /// Millionths of a dollar.
    pub const fn micros(self) -> u64 {
        self.0
    }

    /// What is left of it after `spent`; nothing rather than less than nothing.
    #[must_use]
    pub const fn less(self, spent: Self) -> Self {
        Self(self.0.saturating_sub(spent.0))
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        u64::deserialize(from).map(Self)
    }
}

impl std::ops::Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl std::ops::AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, |sum, amount| sum + amount)
    }
}

impl FromStr for Money {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        decimal::millionths(text).map(Self)
    }
}

/// `$0.0123` below 100 dollars and `$123.46` from there on, to the nearest; what is there but less than half
/// of a hundredth of a cent is `<$0.0001`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (digits, unit) = if self.0 < 100_000_000 { (4, 100) } else { (2, 10_000) };
        let rounded = self.0 / unit + u64::from(self.0 % unit >= unit / 2);
        if rounded == 0 && self.0 > 0 {
            return f.pad("<$0.0001");
        }
        let whole = 10_u64.pow(digits);
        let digits = digits as usize;
        f.pad(&format!("${}.{:0digits$}", rounded / whole, rounded % whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_what_a_person_can_compare() {
        let shown = [0, 1, 49, 50, 12_300, 1_234_567, 99_999_949, 99_999_950, 123_456_789]
            .map(|micros| Money::from_micros(micros).to_string());
        let want = [
            "$0.0000",
            "<$0.0001",
            "<$0.0001",
            "$0.0001",
            "$0.0123",
            "$1.2346",
            "$99.9999",
            "$100.0000",
            "$123.46",
        ];
        assert_eq!(shown, want);
        assert_eq!(format!("{:>9}|", Money::from_dollars(5)), "  $5.0000|");
    }

    #[test]
    fn sums_stop_at_the_top() {
        let top = Money::from_micros(u64::MAX);
        assert_eq!(top + Money::from_micros(1), top);
        assert_eq!([top, top].into_iter().sum::<Money>(), top);
        assert_eq!(Money::from_dollars(u64::MAX), top);
        assert_eq!(Money::from_micros(1).less(Money::from_micros(2)), Money::ZERO);
    }
}
