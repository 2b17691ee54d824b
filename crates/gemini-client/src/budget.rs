//! A budget for retries, so that a storm of failures does not become a storm of requests.

const FULL: u32 = 100;
const RETRY: u32 = 5;
const RETRY_AFTER_SILENCE: u32 = 10;

/// Tokens that retries take and successes give back.
#[derive(Debug)]
pub(crate) struct Budget(u32);

impl Default for Budget {
    fn default() -> Self {
        Self(FULL)
    }
}

impl Budget {
    /// Takes what one retry costs, or says that there is not enough left.
    pub(crate) fn take(&mut self, after_silence: bool) -> bool {
        let cost = if after_silence { RETRY_AFTER_SILENCE } else { RETRY };
        let enough = self.0 >= cost;
        if enough {
            self.0 -= cost;
        }
        enough
    }

    pub(crate) fn success(&mut self) {
        self.0 = FULL.min(self.0 + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Budget;

    #[test]
    fn storm_ends_in_no_retries_and_successes_bring_them_back() {
        let mut budget = Budget::default();
        let taken = (0..1_000).filter(|_| budget.take(false)).count();
        assert_eq!(taken, 20);
        for _ in 0..5 {
            assert!(!budget.take(false));
            budget.success();
        }
        assert!(budget.take(false));
        let mut budget = Budget::default();
        assert_eq!((0..1_000).filter(|_| budget.take(true)).count(), 10);
    }
}
