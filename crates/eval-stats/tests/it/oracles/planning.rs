//! Rows needed and gaps that can be seen.

use eval_stats::{Design, PairedCounts, mcnemar_power, variance_of_tries};
use serde_json::Value;

use super::{assert_close, cases, count, number};

#[test]
fn rows_needed_equal_the_formula_of_miller() {
    for case in cases("power") {
        let arm = |name: &str| -> (f64, u64) {
            let of: &Value = &case[name];
            (of[0].as_f64().unwrap(), of[1].as_u64().unwrap())
        };
        let between = number(&case, "between");
        let variance = variance_of_tries(between, arm("a"), arm("b")).unwrap();
        let design = Design { alpha: 0.05, power: number(&case, "power") };
        let rows = design.rows_needed(variance, number(&case, "effect")).unwrap();
        assert_close(rows, number(&case, "rows"), &case);
        let rounded = count(&case, "rounded");
        let effect = design.detectable(variance, rounded).unwrap();
        assert_close(effect, number(&case, "effect_at_rounded"), &case);
    }
}

#[test]
fn the_smallest_gap_equals_that_of_observed_counts() {
    for case in cases("detectable") {
        let n = count(&case, "n");
        let (only_a, only_b) = (count(&case, "only_a"), count(&case, "only_b"));
        let counts = PairedCounts { both: n - only_a - only_b, only_a, only_b, neither: 0 };
        let variance = counts.variance().unwrap();
        assert_close(variance.sqrt(), number(&case, "sd"), &case);
        let effect = Design::default().detectable(variance, n).unwrap();
        assert_close(effect, number(&case, "effect"), &case);
    }
}

#[test]
fn the_power_of_mcnemar_equals_the_sum_over_all_outcomes() {
    for case in cases("mcnemar_power") {
        let (only_a, only_b) = (number(&case, "only_a"), number(&case, "only_b"));
        let n = count(&case, "n");
        let power = mcnemar_power(n, only_a, only_b, number(&case, "alpha")).unwrap();
        assert_close(power.exact_p, number(&case, "exact_p"), &case);
        assert_close(power.mid_p, number(&case, "mid_p"), &case);
    }
}
