//! Shares of rows, for every count and confidence.

use eval_stats::{
    Prior, beta_interval, clopper_pearson, newcombe, normal_quantile, proportion, wilson,
};
use proptest::prelude::*;

use super::is_honest;

/// `(passes, n)` with `passes <= n` and at least one row, small and huge.
fn counts() -> impl Strategy<Value = (u64, u64)> {
    prop_oneof![1..200_u64, 1..10_000_000_u64, Just(u64::MAX), Just(1 << 60)]
        .prop_flat_map(|n| (prop_oneof![Just(0), Just(n), 0..=n], Just(n)))
}

fn confidence() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.95), Just(1e-12), Just(1.0_f64.next_down()), 0.01..0.9999_f64]
}

proptest! {
    #[test]
    fn wilson_stays_within_bounds_and_is_never_a_point((k, n) in counts(), c in confidence()) {
        let interval = wilson(k, n, c).unwrap();
        prop_assert!(0.0 <= interval.low && interval.high <= 1.0);
        prop_assert!(interval.low <= interval.high);
        prop_assert!(interval.low < 1.0 && interval.high > 0.0, "{interval:?}");
    }

    #[test]
    fn wilson_holds_the_estimate((k, n) in counts(), c in 0.01..0.9999_f64) {
        let interval = wilson(k, n, c).unwrap();
        let p = proportion(k, n).unwrap();
        prop_assert!(interval.low <= p + 1e-12 && p - 1e-12 <= interval.high);
    }

    #[test]
    fn wilson_is_symmetric_in_passes_and_failures((k, n) in counts(), c in confidence()) {
        let (one, other) = (wilson(k, n, c).unwrap(), wilson(n - k, n, c).unwrap());
        prop_assert!((one.low - (1.0 - other.high)).abs() <= f64::EPSILON);
        prop_assert!((one.high - (1.0 - other.low)).abs() <= f64::EPSILON);
    }

    #[test]
    fn wilson_rises_with_passes(n in 2..100_000_u64, share in 0.0..1.0_f64, c in 0.01..0.9999_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss,
                 clippy::cast_precision_loss, reason = "a count below n, made from a share")]
        let k = ((n - 1) as f64 * share) as u64;
        let (less, more) = (wilson(k, n, c).unwrap(), wilson(k + 1, n, c).unwrap());
        prop_assert!(less.low < more.low && less.high < more.high);
    }

    #[test]
    fn wilson_widens_with_confidence(n in 1..100_000_u64, c in 0.1..0.9_f64) {
        let (narrow, wide) = (wilson(n / 3, n, c).unwrap(), wilson(n / 3, n, c + 0.05).unwrap());
        prop_assert!(narrow.width() < wide.width());
    }

    #[test]
    fn wilson_narrows_with_rows(n in 1..100_000_u64) {
        let (few, many) = (wilson(n, 2 * n, 0.95).unwrap(), wilson(4 * n, 8 * n, 0.95).unwrap());
        prop_assert!(many.width() < few.width());
        prop_assert!(few.contains(0.5) && many.contains(0.5));
    }

    #[test]
    fn exact_and_beta_intervals_are_honest_symmetric_and_hold_the_estimate(
        n in prop_oneof![1..200_u64, 1..3_000_000_u64], at in 0.0..=1.0_f64, c in 0.01..0.9999_f64,
    ) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss,
                 clippy::cast_precision_loss, reason = "a count up to n, made from a share")]
        let k = (n as f64 * at) as u64;
        let p = proportion(k, n).unwrap();
        let exact = clopper_pearson(k, n, c).unwrap();
        prop_assert!(is_honest(exact, 0.0, 1.0));
        prop_assert!(exact.low <= p + 1e-12 && p - 1e-12 <= exact.high);
        let other = clopper_pearson(n - k, n, c).unwrap();
        prop_assert!((exact.low - (1.0 - other.high)).abs() < 1e-12);
        for prior in [Prior::Uniform, Prior::Jeffreys] {
            let interval = beta_interval(k, n, prior, c).unwrap();
            prop_assert!(is_honest(interval, 0.0, 1.0));
            // The exact interval is that of both priors, half a row or more farther out on each side.
            prop_assert!(exact.low <= interval.low + 1e-12 && interval.high <= exact.high + 1e-12);
            let other = beta_interval(n - k, n, prior, c).unwrap();
            prop_assert!((interval.low - (1.0 - other.high)).abs() < 1e-12);
        }
    }

    #[test]
    fn exact_intervals_rise_with_passes_and_cover_their_ends(
        n in 2..400_u64, k in 0..400_u64, c in 0.5..0.999_f64,
    ) {
        prop_assume!(k < n);
        let (less, more) = (clopper_pearson(k, n, c).unwrap(), clopper_pearson(k + 1, n, c).unwrap());
        prop_assert!(less.low < more.low && less.high < more.high);
    }

    #[test]
    fn the_quantile_rises_and_is_odd(p in 1e-10..0.5_f64, step in 1e-9..1e-3_f64) {
        let at = |p| normal_quantile(p).unwrap();
        prop_assert!(at(p) < at(p + step));
        // 1 - p is exact to one unit in the last place of 1, which is far more of p when p is small.
        let slack = 1e-15 / p + 1e-13;
        prop_assert!((at(p) + at(1.0 - p)).abs() <= slack * at(p).abs().max(1.0));
    }
}

#[test]
fn no_rows_no_estimate() {
    assert_eq!(wilson(0, 0, 0.95), None);
    assert_eq!(proportion(0, 0), None);
    assert_eq!(clopper_pearson(0, 0, 0.95), None);
    assert_eq!(beta_interval(0, 0, Prior::Uniform, 0.95), None);
    assert_eq!(newcombe((0, 0), (1, 2), 0.95), None);
}

#[test]
fn nothing_and_everything_end_exactly_at_the_ends_of_the_scale() {
    for n in [1, 15, 3_000] {
        assert_eq!(clopper_pearson(0, n, 0.95).unwrap().low.to_bits(), 0.0_f64.to_bits());
        assert_eq!(clopper_pearson(n, n, 0.95).unwrap().high.to_bits(), 1.0_f64.to_bits());
        assert_eq!(
            beta_interval(0, n, Prior::Jeffreys, 0.95).unwrap().low.to_bits(),
            0.0_f64.to_bits()
        );
        assert_eq!(
            beta_interval(n, n, Prior::Jeffreys, 0.95).unwrap().high.to_bits(),
            1.0_f64.to_bits()
        );
    }
}

#[test]
fn tails_are_calculated_up_to_their_most_rows() {
    let most = 1 << 32;
    assert!(clopper_pearson(3, most, 0.95).is_some());
    assert!(beta_interval(3, most, Prior::Uniform, 0.95).is_some());
    assert_eq!(clopper_pearson(3, most + 1, 0.95), None);
    assert_eq!(beta_interval(3, most + 1, Prior::Uniform, 0.95), None);
}

#[test]
fn impossible_questions_have_no_answer() {
    assert_eq!(wilson(3, 2, 0.95), None);
    assert_eq!(proportion(3, 2), None);
    for confidence in [0.0, 1.0, -0.5, 1.5, f64::NAN, f64::INFINITY] {
        assert_eq!(wilson(1, 2, confidence), None, "{confidence}");
        assert_eq!(clopper_pearson(1, 2, confidence), None, "{confidence}");
        assert_eq!(beta_interval(1, 2, Prior::Jeffreys, confidence), None, "{confidence}");
        assert_eq!(newcombe((1, 2), (1, 2), confidence), None, "{confidence}");
    }
    for p in [0.0, 1.0, -1.0, 2.0, f64::NAN] {
        assert_eq!(normal_quantile(p), None, "{p}");
    }
}
