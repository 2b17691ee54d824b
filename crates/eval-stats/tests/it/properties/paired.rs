//! Paired verdicts, for every table.

use eval_stats::{
    PairedCounts, bonett_price, kappa, mcnemar, newcombe, probability_better, tango, win_rate,
};
use proptest::prelude::*;

use super::{confidence, is_honest, real};

fn counts() -> impl Strategy<Value = PairedCounts> {
    let count = || prop_oneof![Just(0), 0..30_u64, 0..1_000_000_u64];
    (count(), count(), count(), count())
        .prop_map(|(both, only_a, only_b, neither)| PairedCounts { both, only_a, only_b, neither })
        .prop_filter("there are rows", |counts| counts.rows() > 0)
}

proptest! {
    #[test]
    fn intervals_are_honest_and_hold_the_estimate(counts in counts(), c in confidence()) {
        let difference = counts.difference().unwrap();
        let tango = tango(&counts, c).unwrap();
        prop_assert!(is_honest(tango, -1.0, 1.0), "{tango:?}");
        prop_assert!(tango.low <= difference + 1e-12 && difference - 1e-12 <= tango.high);
        prop_assert!(is_honest(bonett_price(&counts, c).unwrap(), -1.0, 1.0));
        let (a, b) = (counts.both + counts.only_a, counts.both + counts.only_b);
        let n = counts.rows();
        prop_assert!(is_honest(newcombe((a, n), (b, n), c).unwrap(), -1.0, 1.0));
    }

    #[test]
    fn a_and_b_may_change_places(counts in counts(), c in confidence()) {
        let swapped = counts.swapped();
        let (one, other) = (tango(&counts, c).unwrap(), tango(&swapped, c).unwrap());
        prop_assert_eq!((one.low, one.high), (-other.high, -other.low));
        let (one, other) = (bonett_price(&counts, c).unwrap(), bonett_price(&swapped, c).unwrap());
        prop_assert!((one.low + other.high).abs() < 1e-15 && (one.high + other.low).abs() < 1e-15);
        prop_assert_eq!(mcnemar(&counts), mcnemar(&swapped));
        let sum = probability_better(&counts).unwrap() + probability_better(&swapped).unwrap();
        prop_assert!((sum - 1.0).abs() < 1e-12);
    }

    #[test]
    fn p_values_are_shares_and_mid_p_is_the_smaller(counts in counts()) {
        let test = mcnemar(&counts).unwrap();
        prop_assert!(0.0 <= test.mid_p && test.mid_p <= test.exact_p && test.exact_p <= 1.0);
    }

    #[test]
    fn a_better_a_moves_everything_its_way(counts in counts()) {
        prop_assume!(counts.only_b > 0);
        let better = PairedCounts { only_a: counts.only_a + 1, only_b: counts.only_b - 1, ..counts };
        let (less, more) = (tango(&counts, 0.95).unwrap(), tango(&better, 0.95).unwrap());
        prop_assert!(less.low <= more.low && less.high <= more.high);
        prop_assert!(probability_better(&counts) <= probability_better(&better));
        if counts.only_a >= counts.only_b {
            prop_assert!(mcnemar(&better).unwrap().mid_p <= mcnemar(&counts).unwrap().mid_p);
        }
    }

    #[test]
    fn tango_widens_with_confidence_and_narrows_with_rows(counts in counts(), c in 0.1..0.9_f64) {
        let (narrow, wide) = (tango(&counts, c).unwrap(), tango(&counts, c + 0.05).unwrap());
        prop_assert!(narrow.width() < wide.width());
        let PairedCounts { both, only_a, only_b, neither } = counts;
        let more = PairedCounts {
            both: 4 * both, only_a: 4 * only_a, only_b: 4 * only_b, neither: 4 * neither,
        };
        prop_assert!(tango(&more, c).unwrap().width() < narrow.width());
    }

    #[test]
    fn win_rates_are_honest(wins in 0..500_u64, losses in 0..500_u64, ties in 0..500_u64) {
        prop_assume!(wins + losses + ties > 0);
        let found = win_rate(wins, losses, ties, 0.95).unwrap();
        let decisive = (wins + losses > 0).then(|| real(wins) / real(wins + losses));
        prop_assert_eq!(found.decisive, decisive);
        prop_assert!(is_honest(found.interval, 0.0, 1.0));
        prop_assert!(found.interval.low <= found.rate && found.rate <= found.interval.high);
        prop_assert_eq!(found.decisive.is_none(), wins + losses == 0);
        prop_assert_eq!(found.decisive_interval.is_none(), wins + losses == 0);
    }

    #[test]
    fn kappa_is_symmetric_and_honest(
        table in prop::collection::vec(prop::collection::vec(0..40_u64, 3), 3),
    ) {
        prop_assume!(table.iter().flatten().sum::<u64>() > 0);
        let turned: Vec<Vec<u64>> =
            (0..3).map(|j| table.iter().map(|row| row[j]).collect()).collect();
        for how in [
            eval_stats::Disagreement::Alike,
            eval_stats::Disagreement::Linear,
            eval_stats::Disagreement::Quadratic,
        ] {
            let (one, other) = (kappa(&table, how, 0.95).unwrap(), kappa(&turned, how, 0.95).unwrap());
            prop_assert!(is_honest(one.share_interval, 0.0, 1.0));
            prop_assert_eq!(one.kappa.is_some(), other.kappa.is_some());
            if let (Some(one), Some(other)) = (one.kappa, other.kappa) {
                prop_assert!((one - other).abs() < 1e-9);
            }
            if let Some(interval) = one.interval {
                prop_assert!(is_honest(interval, -1.0, 1.0));
                prop_assert!(interval.width() > 0.0);
            }
        }
    }
}

#[test]
fn no_rows_no_comparison() {
    let none = PairedCounts::default();
    assert_eq!(none.difference(), None);
    assert_eq!(none.variance(), None);
    assert_eq!(mcnemar(&none), None);
    assert_eq!(tango(&none, 0.95), None);
    assert_eq!(bonett_price(&none, 0.95), None);
    assert_eq!(win_rate(0, 0, 0, 0.95), None);
    assert_eq!(win_rate(0, 0, 7, 0.95).unwrap().decisive, None);
    assert_eq!(PairedCounts::of(&[true], &[]), None);
    assert_eq!(probability_better(&none), Some(0.5));
}

#[test]
fn agreement_that_is_perfect_or_forced_has_no_interval_of_kappa() {
    use eval_stats::Disagreement::Alike;
    let perfect = kappa(&[[20, 0], [0, 11]], Alike, 0.95).unwrap();
    assert_eq!((perfect.kappa, perfect.se, perfect.interval), (Some(1.0), Some(0.0), None));
    assert!(perfect.share_interval.low < 0.9);
    let forced = kappa(&[[20, 0], [0, 0]], Alike, 0.95).unwrap();
    assert_eq!((forced.kappa, forced.interval), (None, None));
    let opposed = kappa(&[[0, 9], [9, 0]], Alike, 0.95).unwrap();
    assert_eq!((opposed.kappa, opposed.interval), (Some(-1.0), None));
    assert_eq!(kappa(&[[0, 0], [0, 0]], Alike, 0.95), None);
    assert_eq!(kappa(&[vec![1, 2], vec![3]], Alike, 0.95), None);
    assert_eq!(kappa(&[[7]], Alike, 0.95), None);
}
