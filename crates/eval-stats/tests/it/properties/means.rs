//! Means of scores, for every list of them.

use eval_stats::{
    Interval, clustered_mean, clustered_proportion, mean, mean_score, paired_scores, paired_t,
    wilson,
};
use proptest::prelude::*;

use super::{confidence, is_honest, scores};

proptest! {
    #[test]
    fn intervals_of_scores_are_honest(scores in scores(1..40), c in confidence()) {
        let found = mean_score(&scores, c).unwrap();
        let interval = found.interval.unwrap();
        prop_assert!(is_honest(interval, 0.0, 1.0), "{interval:?}");
        prop_assert!(interval.low <= found.mean + 1e-12 && found.mean - 1e-12 <= interval.high);
        // Beyond floating point: no spread, no interval from the plain mean.
        let is_flat = scores.iter().all(|score| score.total_cmp(&scores[0]).is_eq());
        if is_flat || scores.len() < 2 {
            prop_assert!(mean(&scores, c).unwrap().interval.is_none_or(|i| i.width() < 1e-10));
        }
    }

    #[test]
    fn intervals_of_differences_are_honest(
        (a, b) in (1..40_usize).prop_flat_map(|n| (scores(n..n + 1), scores(n..n + 1))),
        c in confidence(),
    ) {
        let found = paired_scores(&a, &b, c).unwrap();
        let interval = found.difference.interval.unwrap();
        prop_assert!(is_honest(interval, -1.0, 1.0), "{interval:?}");
        prop_assert!(found.p.is_none_or(|p| (0.0..=1.0).contains(&p)));
        let other = paired_scores(&b, &a, c).unwrap().difference.interval.unwrap();
        prop_assert!((interval.low + other.high).abs() < 1e-12);
        prop_assert!((interval.high + other.low).abs() < 1e-12);
    }

    #[test]
    fn the_interval_and_the_test_of_a_mean_agree(
        pairs in prop::collection::vec((0.0..1.0_f64, 0.0..1.0_f64), 3..30),
    ) {
        let (a, b): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let found = paired_t(&a, &b, 0.95).unwrap();
        let (interval, p) = (found.difference.interval.unwrap(), found.p.unwrap());
        prop_assume!((p - 0.05).abs() > 1e-9);
        prop_assert_eq!(interval.contains(0.0), p > 0.05);
    }

    #[test]
    fn rows_that_are_their_own_clusters_have_the_ordinary_error(
        values in prop::collection::vec(-5.0..5.0_f64, 2..60),
    ) {
        let own: Vec<usize> = (0..values.len()).collect();
        let clustered = clustered_mean(&values, &own, 0.95).unwrap();
        let plain = mean(&values, 0.95).unwrap();
        prop_assert!((clustered.se.unwrap() - plain.se.unwrap()).abs() < 1e-12);
        prop_assert!(clustered.se_cr0 <= clustered.se);
    }

    #[test]
    fn copies_of_rows_in_a_cluster_add_nothing(
        values in prop::collection::vec(-5.0..5.0_f64, 2..30), copies in 2..6_usize,
    ) {
        let own: Vec<usize> = (0..values.len()).collect();
        let once = clustered_mean(&values, &own, 0.95).unwrap();
        let many = clustered_mean(&values.repeat(copies), &own.repeat(copies), 0.95).unwrap();
        prop_assert!((once.se.unwrap() - many.se.unwrap()).abs() < 1e-12);
        let naive = mean(&values.repeat(copies), 0.95).unwrap();
        prop_assert!(naive.se.unwrap() < many.se.unwrap());
    }

    #[test]
    fn clustered_shares_are_honest_and_never_surer_than_rows_alone(
        rows in prop::collection::vec((any::<bool>(), 0..6_u8), 1..60), all in any::<bool>(),
    ) {
        let (mut passes, clusters): (Vec<bool>, Vec<u8>) = rows.into_iter().unzip();
        if all {
            passes.fill(true);
        }
        let found = clustered_proportion(&passes, &clusters, 0.95).unwrap();
        prop_assert_eq!(found.interval.is_none(), found.clusters < 2);
        if let Some(interval) = found.interval {
            prop_assert!(is_honest(interval, 0.0, 1.0));
            prop_assert!(interval.low <= found.mean && found.mean <= interval.high);
            let right = passes.iter().filter(|pass| **pass).count() as u64;
            let plain = wilson(right, passes.len() as u64, 0.95).unwrap();
            prop_assert!(plain.width() <= interval.width() + 1e-12);
        }
    }
}

#[test]
fn scores_that_are_verdicts_have_their_interval() {
    let interval = mean_score(&[1.0, 0.0, 1.0, 1.0, 0.0], 0.95).unwrap().interval.unwrap();
    let want = wilson(3, 5, 0.95).unwrap();
    assert!((interval.low - want.low).abs() < 1e-12 && (interval.high - want.high).abs() < 1e-12);
}

#[test]
fn spread_does_not_see_where_the_scale_begins_and_rounding_is_none() {
    let sd = |at: f64| mean(&[at, at + 0.25, at + 1.0], 0.95).unwrap().sd.unwrap();
    assert!((sd(0.0) - sd(1e9)).abs() < 1e-9);
    for seventh in 1..50 {
        let value = 1e9 / 7.0 * f64::from(seventh);
        let found = clustered_mean(&[value; 7], &[1, 1, 2, 2, 3, 3, 3], 0.95).unwrap();
        assert_eq!((found.se, found.interval), (Some(0.0), None), "{value}");
    }
}

#[test]
fn intervals_are_cut_to_their_scale() {
    let interval = Interval { low: -0.5, high: 0.75 };
    assert_eq!(interval.cut_to(0.0, 1.0), Some(Interval { low: 0.0, high: 0.75 }));
    assert_eq!(interval.cut_to(-1.0, 0.5), Some(Interval { low: -0.5, high: 0.5 }));
}

#[test]
fn one_cluster_tells_nothing_of_its_own_error() {
    let found = clustered_mean(&[0.0, 1.0, 1.0], &["a"; 3], 0.95).unwrap();
    assert_eq!((found.se_cr0, found.se, found.interval), (None, None, None));
    let found = clustered_mean(&[0.0, 1.0, 0.0, 1.0], &[1, 1, 2, 2], 0.95).unwrap();
    assert_eq!((found.se, found.interval, found.p()), (Some(0.0), None, None));
}

#[test]
fn impossible_lists_have_no_mean() {
    assert_eq!(mean(&[], 0.95), None);
    assert_eq!(mean(&[f64::NAN, 1.0], 0.95), None);
    assert_eq!(mean(&[f64::INFINITY, 1.0], 0.95), None);
    assert_eq!(mean(&[0.0, 1.0], 1.0), None);
    assert_eq!(mean_score(&[0.5, 1.1], 0.95), None);
    assert_eq!(mean_score(&[f64::NAN], 0.95), None);
    assert_eq!(paired_t(&[0.5], &[], 0.95), None);
    assert_eq!(paired_scores(&[0.5], &[-0.1], 0.95), None);
    assert_eq!(clustered_mean(&[0.5], &[1, 2], 0.95), None);
    assert_eq!(clustered_mean::<u8>(&[], &[], 0.95), None);
    assert_eq!(Interval { low: 0.0, high: 1.0 }.cut_to(1.0, 1.0), None);
}

#[test]
fn sums_of_millions_of_rows_keep_their_digits() {
    let values: Vec<f64> =
        (0..2_000_000).map(|row| if row % 10 == 0 { 0.7 } else { 0.1 }).collect();
    let found = mean(&values, 0.95).unwrap();
    assert!((found.mean - 0.16).abs() < 1e-16);
    assert!((found.sd.unwrap() - (0.0324_f64 * 2e6 / (2e6 - 1.0)).sqrt()).abs() < 1e-14);
}
