//! Power and rows needed.

use eval_stats::{
    Design, PairedCounts, mcnemar_power, paired_variance, unpaired_variance, variance_of_tries,
};
use proptest::prelude::*;

use super::real;

proptest! {
    #[test]
    fn rows_and_gap_undo_each_other(
        variance in 0.001..1.0_f64, rows in 1..100_000_u64, power in 0.5..0.99_f64, alpha in 0.001..0.2_f64,
    ) {
        let design = Design { alpha, power };
        let effect = design.detectable(variance, rows).unwrap();
        let back = design.rows_needed(variance, effect).unwrap();
        prop_assert!((back / real(rows) - 1.0).abs() < 1e-12);
        let more = Design { power: power + 0.005, ..design };
        prop_assert!(more.rows_needed(variance, effect).unwrap() > back);
        prop_assert!(design.rows_needed(variance, effect / 2.0).unwrap() > 3.9 * back);
    }

    #[test]
    fn the_gap_of_flips_is_what_so_many_of_them_show(
        differing in 0.0..=1.0_f64, rows in 1..100_000_u64, power in 0.5..0.99_f64,
    ) {
        let design = Design { power, ..Design::default() };
        let gap = design.detectable_of_flips(differing, rows).unwrap();
        // Models that are a gap apart differ on at least as many rows.
        let differ = differing.max(gap);
        let same = design.detectable(differ - gap * gap, rows).unwrap();
        prop_assert!((gap / same - 1.0).abs() < 1e-9, "{gap} {same}");
    }

    #[test]
    fn power_is_a_share_and_mid_p_finds_more(
        n in 1..150_u64, a in 0.0..0.5_f64, b in 0.0..0.5_f64, alpha in 0.01..0.2_f64,
    ) {
        let power = mcnemar_power(n, a, b, alpha).unwrap();
        prop_assert!(0.0 <= power.exact_p && power.exact_p <= power.mid_p && power.mid_p <= 1.0);
        let swapped = mcnemar_power(n, b, a, alpha).unwrap();
        prop_assert!((power.mid_p - swapped.mid_p).abs() < 1e-12);
        if (a - b).abs() < 1e-12 {
            prop_assert!(power.exact_p <= alpha);
        }
    }

    #[test]
    fn the_exact_test_holds_its_level(n in 1..200_u64, d in 0.0..0.5_f64, alpha in 0.01..0.2_f64) {
        prop_assert!(mcnemar_power(n, d, d, alpha).unwrap().exact_p <= alpha * (1.0 + 1e-9));
    }
}

#[test]
fn the_level_of_both_tests_is_the_one_measured_by_enumeration() {
    // A true tie, 10 % of 200 rows differ: 2.9 % and 4.6 % at a level of 5 %.
    let level = mcnemar_power(200, 0.05, 0.05, 0.05).unwrap();
    assert_eq!(format!("{:.3} {:.3}", level.exact_p, level.mid_p), "0.029 0.046");
    // The mid-p test finds 10 % against 5 % on 200 rows in 43 of 100 cases.
    let power = mcnemar_power(200, 0.10, 0.05, 0.05).unwrap();
    assert_eq!(format!("{:.2} {:.2}", power.exact_p, power.mid_p), "0.37 0.43");
}

#[test]
fn the_plan_and_the_exact_power_agree_for_many_rows() {
    let variance = paired_variance(0.10, 0.07).unwrap();
    let rows = Design::default().rows_needed(variance, 0.03).unwrap();
    assert!((1_400.0..1_600.0).contains(&rows), "{rows}");
    let power = mcnemar_power(1_474, 0.10, 0.07, 0.05).unwrap();
    assert!((power.mid_p - 0.8).abs() < 0.02, "{power:?}");
}

#[test]
fn variances_of_two_models_add_up() {
    assert!((unpaired_variance(0.5, 0.2).unwrap() - 0.41).abs() < 1e-15);
    assert!((paired_variance(0.3, 0.1).unwrap() - 0.36).abs() < 1e-15);
}

#[test]
fn a_lone_differing_row_has_a_mid_p_of_one_half() {
    let power = mcnemar_power(1, 0.3, 0.1, 0.6).unwrap();
    assert!((power.mid_p - 0.4).abs() < 1e-12 && power.exact_p <= 0.0, "{power:?}");
}

#[test]
fn a_p_value_that_equals_the_level_is_found() {
    // Five of five: two chances in 2⁵.
    let power = mcnemar_power(5, 1.0, 0.0, 0.0625).unwrap();
    assert!((power.exact_p - 1.0).abs() < 1e-12, "{power:?}");
}

#[test]
fn impossible_plans_have_no_answer() {
    let design = Design::default();
    assert_eq!(design.rows_needed(0.0, 0.1), None);
    assert_eq!(design.rows_needed(0.2, 0.0), None);
    assert_eq!(design.rows_needed(f64::NAN, 0.1), None);
    assert_eq!(design.detectable(0.2, 0), None);
    assert_eq!(Design { alpha: 0.0, power: 0.8 }.detectable(0.2, 9), None);
    assert_eq!(Design { alpha: 0.05, power: 1.0 }.detectable(0.2, 9), None);
    assert_eq!(Design { alpha: 0.05, power: 0.01 }.detectable(0.2, 9), None);
    assert_eq!(Design { alpha: 0.05, power: 0.025 }.detectable(0.2, 9), None);
    assert_eq!(paired_variance(0.6, 0.5), None);
    assert_eq!(unpaired_variance(-0.1, 0.5), None);
    assert_eq!(unpaired_variance(0.5, 1.1), None);
    assert_eq!(variance_of_tries(0.1, (0.1, 0), (0.1, 1)), None);
    assert_eq!(variance_of_tries(0.1, (0.1, 1), (0.1, 0)), None);
    for wrong in [-0.1, f64::INFINITY, f64::NAN] {
        assert_eq!(variance_of_tries(wrong, (0.1, 1), (0.1, 1)), None);
        assert_eq!(variance_of_tries(0.1, (wrong, 1), (0.1, 1)), None);
        assert_eq!(variance_of_tries(0.1, (0.1, 1), (wrong, 1)), None);
    }
    assert_eq!(design.detectable_of_flips(0.1, 0), None);
    for share in [-0.1, 1.1, f64::NAN] {
        assert_eq!(design.detectable_of_flips(share, 9), None);
    }
    assert_eq!(mcnemar_power(0, 0.1, 0.1, 0.05), None);
    assert_eq!(mcnemar_power(10, 0.7, 0.7, 0.05), None);
    assert_eq!(mcnemar_power(1_000_001, 0.1, 0.1, 0.05), None);
    assert!(mcnemar_power(1_000_000, 1e-6, 1e-6, 0.05).is_some());
    let never = PairedCounts { both: 9, ..PairedCounts::default() };
    assert_eq!(design.detectable(never.variance().unwrap(), 9), None);
    let power = mcnemar_power(10, 0.0, 0.0, 0.05).unwrap();
    assert_eq!((power.mid_p, power.exact_p), (0.0, 0.0));
}
