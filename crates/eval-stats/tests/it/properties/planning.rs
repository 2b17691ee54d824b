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
fn impossible_plans_have_no_answer() {
    let design = Design::default();
    assert_eq!(design.rows_needed(0.0, 0.1), None);
    assert_eq!(design.rows_needed(0.2, 0.0), None);
    assert_eq!(design.rows_needed(f64::NAN, 0.1), None);
    assert_eq!(design.detectable(0.2, 0), None);
    assert_eq!(Design { alpha: 0.0, power: 0.8 }.detectable(0.2, 9), None);
    assert_eq!(Design { alpha: 0.05, power: 1.0 }.detectable(0.2, 9), None);
    assert_eq!(Design { alpha: 0.05, power: 0.01 }.detectable(0.2, 9), None);
    assert_eq!(paired_variance(0.6, 0.5), None);
    assert_eq!(unpaired_variance(-0.1, 0.5), None);
    assert_eq!(variance_of_tries(0.1, (0.1, 0), (0.1, 1)), None);
    assert_eq!(mcnemar_power(0, 0.1, 0.1, 0.05), None);
    assert_eq!(mcnemar_power(10, 0.7, 0.7, 0.05), None);
    assert_eq!(mcnemar_power(1_000_001, 0.1, 0.1, 0.05), None);
    let never = PairedCounts { both: 9, ..PairedCounts::default() };
    assert_eq!(design.detectable(never.variance().unwrap(), 9), None);
    let power = mcnemar_power(10, 0.0, 0.0, 0.05).unwrap();
    assert_eq!((power.mid_p, power.exact_p), (0.0, 0.0));
}
