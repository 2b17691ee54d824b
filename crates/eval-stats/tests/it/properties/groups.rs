//! Several models, several p values, several tries.

use eval_stats::{
    Disagreement, PairedCounts, benjamini_hochberg, cochran_q, compare_models, holm, kappa,
    mcnemar, pass_at_k, pass_hat_k, try_spread, wilson,
};
use proptest::prelude::*;

use super::real;

fn p_values() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(prop_oneof![Just(0.0), Just(1.0), Just(0.04), 0.0..=1.0_f64], 0..20)
}

fn models() -> impl Strategy<Value = Vec<Vec<bool>>> {
    (2..5_usize, 1..40_usize)
        .prop_flat_map(|(k, n)| prop::collection::vec(prop::collection::vec(any::<bool>(), n), k))
}

proptest! {
    #[test]
    fn adjusted_p_values_only_grow_and_keep_their_order(p in p_values()) {
        let (holm, bh) = (holm(&p).unwrap(), benjamini_hochberg(&p).unwrap());
        for one in 0..p.len() {
            prop_assert!(p[one] <= bh[one] && bh[one] <= holm[one] && holm[one] <= 1.0);
            for other in 0..p.len() {
                if p[one] <= p[other] {
                    prop_assert!(holm[one] <= holm[other] && bh[one] <= bh[other]);
                }
            }
        }
    }

    #[test]
    fn the_order_of_p_values_does_not_matter(p in p_values()) {
        let backwards: Vec<f64> = p.iter().rev().copied().collect();
        for adjust in [holm, benjamini_hochberg] {
            let mut turned = adjust(&backwards).unwrap();
            turned.reverse();
            prop_assert_eq!(adjust(&p).unwrap(), turned);
        }
    }

    #[test]
    fn cochran_of_two_models_is_mcnemar_by_chi_squared(models in models()) {
        let pair = &models[..2];
        let test = cochran_q(pair).unwrap();
        let counts = PairedCounts::of(&pair[0], &pair[1]).unwrap();
        let (b, c) = (real(counts.only_a), real(counts.only_b));
        let want = if b + c > 0.0 { (b - c) * (b - c) / (b + c) } else { 0.0 };
        prop_assert!((test.q - want).abs() < 1e-9);
        prop_assert!((0.0..=1.0).contains(&test.p));
    }

    #[test]
    fn the_order_of_models_does_not_matter_to_cochran(models in models()) {
        let mut turned = models.clone();
        turned.reverse();
        let (one, other) = (cochran_q(&models).unwrap(), cochran_q(&turned).unwrap());
        prop_assert!((one.q - other.q).abs() < 1e-9);
    }

    #[test]
    fn a_baseline_costs_fewer_comparisons(models in models()) {
        let k = models.len();
        let all = compare_models(&models, None).unwrap();
        let against = compare_models(&models, Some(k - 1)).unwrap();
        prop_assert_eq!((all.len(), against.len()), (k * (k - 1) / 2, k - 1));
        for pair in &against {
            prop_assert_eq!(pair.b, k - 1);
            prop_assert_eq!(Some(pair.test), mcnemar(&pair.counts));
            let same = all.iter().find(|all| (all.a, all.b) == (pair.a, pair.b)).unwrap();
            prop_assert!(pair.adjusted_p <= same.adjusted_p);
        }
    }

    #[test]
    fn tries_rise_with_passes_and_meet_at_one(n in 1..60_u64, c in 0..60_u64, k in 1..60_u64) {
        prop_assume!(c <= n && k <= n);
        let (at, hat) = (pass_at_k(n, c, k).unwrap(), pass_hat_k(n, c, k).unwrap());
        prop_assert!((0.0..=1.0).contains(&at) && (0.0..=1.0).contains(&hat) && hat <= at + 1e-12);
        let fails = pass_at_k(n, n - c, k).unwrap();
        prop_assert!((1.0 - fails - hat).abs() < 1e-12, "all pass is not one fails");
        if k < n {
            prop_assert!(pass_at_k(n, c, k + 1).unwrap() >= at - 1e-12);
            prop_assert!(pass_hat_k(n, c, k + 1).unwrap() <= hat + 1e-12);
        }
        let share = real(c) / real(n);
        prop_assert!((pass_at_k(n, c, 1).unwrap() - share).abs() < 1e-12);
        prop_assert!((pass_hat_k(n, c, 1).unwrap() - share).abs() < 1e-12);
    }
}

#[test]
fn huge_numbers_of_tries_take_no_time() {
    let n = u64::MAX;
    assert!((pass_at_k(n, n / 2, 2).unwrap() - 0.75).abs() < 1e-12);
    assert!((pass_hat_k(n, n - 1, n / 2).unwrap() - 0.5).abs() < 1e-12);
}

#[test]
fn impossible_groups_have_no_answer() {
    assert_eq!(holm(&[0.5, 1.1]), None);
    assert_eq!(benjamini_hochberg(&[f64::NAN]), None);
    assert_eq!(holm(&[]), Some(vec![]));
    assert_eq!(cochran_q(&[vec![true]]), None);
    assert_eq!(cochran_q(&[vec![], vec![]]), None);
    assert_eq!(cochran_q(&[vec![true], vec![]]), None);
    assert_eq!(compare_models(&[vec![true], vec![false]], Some(2)), None);
    assert_eq!(pass_at_k(5, 2, 0), None);
    assert_eq!(pass_at_k(5, 2, 6), None);
    assert_eq!(pass_at_k(5, 6, 1), None);
    assert_eq!(pass_hat_k(5, 6, 1), None);
    assert_eq!(pass_hat_k(0, 0, 1), None);
    assert_eq!(try_spread(&[vec![1.0], vec![0.0]]), None);
    assert_eq!(try_spread(&[vec![1.0, 0.0], vec![0.0]]), None);
    assert_eq!(try_spread::<Vec<f64>>(&[]), None);
}

#[test]
fn models_that_never_differ_are_told_apart_by_nothing() {
    let test = cochran_q(&[[true, false], [true, false], [true, false]]).unwrap();
    assert_eq!((test.q, test.p), (0.0, 1.0));
}

#[test]
fn agreement_of_two_models_is_that_of_their_table() {
    let counts = PairedCounts { both: 40, only_a: 9, only_b: 5, neither: 26 };
    let found = kappa(&counts.table(), Disagreement::Alike, 0.95).unwrap();
    assert_eq!((found.n, found.share), (80, 66.0 / 80.0));
    assert_eq!(found.share_interval, wilson(66, 80, 0.95).unwrap());
    let by_chance = (49.0 * 45.0 + 31.0 * 35.0) / 6400.0;
    assert_close(found.kappa.unwrap(), (66.0 / 80.0 - by_chance) / (1.0 - by_chance));
}

#[test]
fn two_tries_are_enough_to_spread() {
    let spread = try_spread(&[[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]).unwrap();
    // Row means ½, 1 and 0; only the first row spreads, by ½.
    assert_close(spread.mean, 0.5);
    assert_close(spread.within, 0.5 / 3.0);
    assert_close(spread.between.unwrap(), 0.25 - 0.5 / 6.0);
    assert_close(spread.se.unwrap(), (0.25_f64 / 3.0).sqrt());
    let alone = try_spread(&[[1.0, 0.0]]).unwrap();
    assert_eq!((alone.se, alone.between), (None, None));
}

fn assert_close(found: f64, want: f64) {
    assert!((found - want).abs() <= 1e-12, "{found} {want}");
}
