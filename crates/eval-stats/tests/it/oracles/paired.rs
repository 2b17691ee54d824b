//! Two models on the same rows, and the gate.

use eval_stats::{
    Bootstrap, Decision, PairedCounts, bonett_price, mcnemar, non_inferiority, normal_quantile,
    paired_t, probability_better, sign_flip_exact, tango,
};
use serde_json::Value;

use super::{assert_close, assert_closes, cases, count, number, numbers, oracles};

fn counts(case: &Value) -> PairedCounts {
    PairedCounts {
        both: count(case, "both"),
        only_a: count(case, "only_a"),
        only_b: count(case, "only_b"),
        neither: count(case, "neither"),
    }
}

#[test]
fn paired_verdicts_equal_scipy_and_statsmodels() {
    let cases = cases("paired");
    assert_eq!(cases.len(), 9);
    for case in cases {
        let counts = counts(&case);
        let rows = u32::try_from(counts.rows()).unwrap();
        let test = mcnemar(&counts).unwrap();
        assert_close(counts.difference().unwrap(), number(&case, "difference"), &case);
        let se = (counts.variance().unwrap() / f64::from(rows)).sqrt();
        assert_close(se, number(&case, "se"), &case);
        assert_close(test.exact_p, number(&case, "exact_p"), &case);
        assert_close(test.mid_p, number(&case, "mid_p"), &case);
        assert_closes(tango(&counts, 0.95).unwrap(), &case["tango"], &case);
        assert_closes(bonett_price(&counts, 0.95).unwrap(), &case["bonett_price"], &case);
        let better = probability_better(&counts).unwrap();
        assert_close(better, number(&case, "probability_better"), &case);
    }
}

#[test]
fn paired_scores_equal_scipy() {
    let case = oracles("paired_real");
    let (a, b) = (numbers(&case["a"]), numbers(&case["b"]));
    let found = paired_t(&a, &b, 0.95).unwrap();
    assert_close(found.difference.mean, number(&case, "mean_diff"), "mean");
    assert_close(found.difference.sd.unwrap(), number(&case, "sd_diff"), "sd");
    assert_close(found.difference.se.unwrap(), number(&case, "se"), "se");
    assert_close(found.t.unwrap(), number(&case, "t"), "t");
    assert_close(found.p.unwrap(), number(&case, "p"), "p");
    assert_closes(found.difference.interval.unwrap(), &case["ci95"], "interval");
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let p = sign_flip_exact(&differences).unwrap();
    assert_close(p, number(&case, "sign_flip_p"), "sign flip");
}

#[test]
fn the_gate_equals_the_oracle_in_its_outcome_and_its_standard_error() {
    for case in cases("non_inferiority") {
        let (only_a, only_b, n) =
            (count(&case, "only_a"), count(&case, "only_b"), count(&case, "n"));
        let counts = PairedCounts { both: 0, only_a, only_b, neither: n - only_a - only_b };
        let gate = non_inferiority(&counts, number(&case, "margin"), 0.95).unwrap();
        let difference = number(&case, "difference");
        assert_close(gate.estimate.unwrap(), difference, &case);
        assert_eq!(gate.decision == Decision::Pass, case["passes"].as_bool().unwrap(), "{case}");
        let rows = f64::from(u32::try_from(n).unwrap());
        let se = (counts.variance().unwrap() / rows).sqrt();
        let wald = difference - normal_quantile(0.95).unwrap() * se;
        assert_close(wald, number(&case, "wald_low"), &case);
        // Both bounds are of order 1/√n around the estimate; they part by some 1/n.
        assert!((gate.bounds.unwrap().low - wald).abs() < 3.0 / rows, "{case}");
    }
}

#[test]
fn the_bootstrap_of_a_mean_approaches_its_exact_values() {
    let case = oracles("bootstrap");
    let (x, draws) = (numbers(&case["x"]), 40_000);
    let bootstrap = Bootstrap { draws, seed: 11, confidence: 0.95 };
    let mean = |rows: &[f64]| rows.iter().sum::<f64>() / 5.0;
    let found = bootstrap.rows(&x, mean).unwrap();
    assert_close(found.estimate, number(&case, "mean"), "mean");
    let error = (found.se / number(&case, "se") - 1.0).abs();
    assert!(error < 4.0 / f64::from(2 * draws).sqrt(), "off by {error}");
    // The exact distribution is discrete in steps of 0.02 or so; more draws than atoms find its quantiles.
    assert_closes(found.percentile.unwrap(), &case["percentile"], "percentile");
}
