//! The budget: what may still be begun, given what is spent and what is under way.

use crate::forecast::Total;
use crate::{Money, Range};

/// A limit to what a run may cost in all: shards, attempts and judges together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    limit: Money,
}

/// Whether something may be begun.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decision {
    /// It fits, whatever of its range comes true.
    Within {
        /// What is left then, at least.
        left: Money,
    },
    /// It may cost more than there is.
    MayExceed {
        /// What there is for it.
        left: Money,
        /// What it may cost.
        cost: Range<Money>,
    },
    /// What it may cost is not known, so it may cost more than there is.
    Unknown {
        /// The parts whose cost is not known.
        parts: Vec<String>,
    },
}

impl Budget {
    /// A budget of so much in all.
    pub fn new(limit: Money) -> Self {
        Self { limit }
    }

    /// The limit.
    pub fn limit(&self) -> Money {
        self.limit
    }

    /// Whether `next` may be begun. `committed` is what finished jobs cost, plus the upper forecasts of those
    /// under way. The upper end of the forecast decides: what may exceed the budget is not begun.
    ///
    /// ```
    /// use batch_cost::{Budget, Decision, Money, Total};
    ///
    /// let budget = Budget::new(Money::from_dollars(5));
    /// let judge = Total::known(Money::from_dollars(1));
    /// assert!(matches!(budget.check(Money::from_dollars(4), &judge), Decision::Within { .. }));
    /// assert!(matches!(budget.check(Money::from_dollars(5), &judge), Decision::MayExceed { .. }));
    /// ```
    pub fn check(&self, committed: Money, next: &Total) -> Decision {
        if !next.unknown.is_empty() {
            return Decision::Unknown { parts: next.unknown.clone() };
        }
        let left = self.limit.less(committed);
        // Committed beyond the limit leaves nothing, and what costs nothing may still be begun.
        if next.cost.high > left {
            return Decision::MayExceed { left, cost: next.cost };
        }
        Decision::Within { left: left.less(next.cost.high) }
    }
}
