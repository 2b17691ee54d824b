//! What must hold for every input.

mod gate;
mod groups;
mod means;
mod paired;
mod planning;
mod proportion;
mod resample;

use proptest::prelude::*;

fn confidence() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.95), Just(0.9), 0.05..0.9999_f64]
}

fn scores(n: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    let score = || prop_oneof![Just(0.0), Just(1.0), Just(0.5), 0.0..=1.0_f64];
    // All alike, verdicts only, or anything: the first two are where careless intervals collapse.
    prop_oneof![
        (score(), n.clone()).prop_map(|(score, n)| vec![score; n]),
        prop::collection::vec(prop_oneof![Just(0.0), Just(1.0)], n.clone()),
        prop::collection::vec(score(), n),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "counts of tests are small")]
fn real(count: u64) -> f64 {
    count as f64
}

/// Whether an interval is one that may be shown on this scale: within it, and no point at its ends.
fn is_honest(interval: eval_stats::Interval, low: f64, high: f64) -> bool {
    low <= interval.low
        && interval.low <= interval.high
        && interval.high <= high
        && interval.low < high
        && interval.high > low
}
