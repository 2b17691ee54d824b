//! What a run may cost: estimates per job, their sum, and whether a budget bears one more.

/// How heavy one job is, as far as anybody can say before it has run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Load {
    /// Tokens that count against the model's queue at the service; 0 where unknown.
    pub tokens: u64,
    /// What it may cost at most, in millionths of a dollar; `None` where no price is known.
    pub cost: Option<u64>,
}

/// The sum of what is spent and what is committed.
///
/// ```
/// use batch_orchestrator::Ledger;
///
/// let mut ledger = Ledger::default();
/// ledger.add(Some(700_000));
/// assert!(ledger.affords(1_000_000, Some(300_000)));
/// assert!(!ledger.affords(1_000_000, Some(300_001)));
/// assert!(!ledger.affords(1_000_000, None), "an unknown price fits no budget");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ledger {
    /// Millionths of a dollar: what ended jobs cost, or what the others were forecast to cost.
    pub committed: u64,
    /// Jobs that cost something nobody knows.
    pub unknown: u64,
}

impl Ledger {
    /// Takes one more cost.
    pub fn add(&mut self, cost: Option<u64>) {
        match cost {
            Some(cost) => self.committed = self.committed.saturating_add(cost),
            None => self.unknown += 1,
        }
    }

    /// Takes a cost back that was added.
    pub(crate) fn take_back(&mut self, cost: Option<u64>) {
        match cost {
            Some(cost) => self.committed = self.committed.saturating_sub(cost),
            None => self.unknown = self.unknown.saturating_sub(1),
        }
    }

    /// Whether a job of this cost still fits the budget. A job without a known price never does.
    pub fn affords(&self, budget: u64, cost: Option<u64>) -> bool {
        cost.and_then(|cost| cost.checked_add(self.committed)).is_some_and(|sum| sum <= budget)
    }
}
