//! Looking for a job that may not exist: when to list, and when to hold that there is none.

use std::time::Duration;

/// The watch over one doubtful job, counted on this process's own clock from the moment the doubt
/// began here: no trust in wall clocks or stored times.
///
/// A create that is still under way at the service can show up after a list said there is none
/// (measured to happen), so one list, however complete, settles nothing.
#[derive(Debug, Clone)]
pub(crate) struct Settle {
    began: Duration,
    wait: Duration,
    complete_lists: u32,
    next: Duration,
}

impl Settle {
    pub(crate) fn new(now: Duration, wait: Duration) -> Self {
        Self { began: now, wait, complete_lists: 0, next: now }
    }

    /// When the next list is due.
    pub(crate) fn next(&self) -> Duration {
        self.next
    }

    /// Time until the job may be held not to exist.
    pub(crate) fn left(&self, now: Duration) -> Duration {
        (self.began + self.wait).saturating_sub(now)
    }

    /// Notes a complete list, *begun* at `begun`, that did not show the job. Returns whether the
    /// job is now held not to exist: two such lists, the last one begun after the whole wait.
    pub(crate) fn absent(&mut self, begun: Duration) -> bool {
        self.complete_lists += 1;
        if self.complete_lists >= 2 && begun >= self.began + self.wait {
            return true;
        }
        self.plan_next(begun);
        false
    }

    /// Notes a list that failed: it says nothing.
    pub(crate) fn failed(&mut self, now: Duration) {
        self.plan_next(now);
    }

    fn plan_next(&mut self, now: Duration) {
        let step = (self.wait / 8).clamp(Duration::from_millis(10), Duration::from_secs(30));
        let end = self.began + self.wait;
        self.next = if now < end { (now + step).min(end) } else { now + step };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const S: fn(u64) -> Duration = Duration::from_secs;

    #[test]
    fn needs_two_lists_and_the_whole_wait() {
        let mut settle = Settle::new(S(100), S(600));
        let mut lists = 0;
        let mut now = settle.next();
        while !settle.absent(now) {
            lists += 1;
            assert!(lists < 100, "it ends");
            now = settle.next();
        }
        assert!(now >= S(700), "not before the wait is over: {now:?}");
        assert!(now <= S(701), "and not long after it: {now:?}");
    }

    #[test]
    fn one_late_list_is_not_enough() {
        let mut settle = Settle::new(S(0), S(600));
        settle.failed(S(0));
        assert!(!settle.absent(S(5_000)), "the first complete list, however late");
        assert!(settle.absent(S(5_030)));
    }
}
