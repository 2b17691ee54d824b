//! What a token costs: dollars for a million of them, exactly.

use std::fmt;

use serde::{Deserialize, Deserializer};

use crate::Money;
use crate::decimal;

/// A price for tokens: micro-dollars for a million tokens, which is pico-dollars for one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// So many micro-dollars for a million tokens.
    pub const fn from_micros_per_million(micros: u64) -> Self {
        Self(micros)
    }

    /// What so many tokens cost.
    pub(crate) fn times(self, tokens: u64) -> Exact {
        Exact(u128::from(self.0) * u128::from(tokens))
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(decimal::Visitor).map(Self)
    }
}

/// Dollars for a million tokens, as price lists write it: `$0.375`.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        // Two decimals at least.
        let kept = text.trim_end_matches('0').len().max(text.len() - 4);
        f.pad(&format!("${}", text.get(..kept).unwrap_or(&text)))
    }
}

/// A sum of money before it is rounded, in pico-dollars.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exact(u128);

impl Exact {
    pub(crate) fn add(&mut self, other: Self) {
        self.0 = self.0.saturating_add(other.0);
    }

    pub(crate) fn plus(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    /// In whole micro-dollars, rounded up once, so that no sum says less than was spent.
    pub(crate) fn money(self) -> Money {
        Money::from_micros(u64::try_from(self.0.div_ceil(1_000_000)).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_a_micro_dollar_are_rounded_once() {
        let rate = Rate::from_micros_per_million(375_000);
        assert_eq!(rate.to_string(), "$0.375");
        assert_eq!(Rate::from_micros_per_million(6_000_000).to_string(), "$6.00");
        // A token costs 0.375 micro-dollars: three rows of one token cost 1.125, not 3.
        let mut sum = Exact::default();
        (0..3).for_each(|_| sum.add(rate.times(1)));
        assert_eq!(sum.money().micros(), 2);
        assert_eq!(rate.times(1_000_000).money().micros(), 375_000);
        assert_eq!(Rate(u64::MAX).times(u64::MAX).money().micros(), u64::MAX);
    }
}
