//! Shares of rows.

use eval_stats::{Prior, beta_interval, clopper_pearson, newcombe, normal_quantile, wilson};
use serde_json::Value;

use super::{assert_close, assert_closes, cases, count, number, oracles};

#[test]
fn intervals_of_a_share_equal_scipy() {
    let cases = cases("one_proportion");
    assert_eq!(cases.len(), 13);
    for case in cases {
        let (k, n) = (count(&case, "k"), count(&case, "n"));
        let jeffreys = beta_interval(k, n, Prior::Jeffreys, 0.95).unwrap();
        let uniform = beta_interval(k, n, Prior::Uniform, 0.95).unwrap();
        assert_closes(wilson(k, n, 0.95).unwrap(), &case["wilson"], &case);
        let exact = clopper_pearson(k, n, 0.95).unwrap();
        assert_closes(exact, &case["clopper_pearson"], &case);
        assert_closes(jeffreys, &case["jeffreys"], &case);
        assert_closes(uniform, &case["uniform"], &case);
    }
}

#[test]
fn wilson_holds_for_rare_passes_and_other_confidences() {
    for case in cases("wilson_other") {
        let (k, n) = (count(&case, "k"), count(&case, "n"));
        let interval = wilson(k, n, number(&case, "confidence")).unwrap();
        assert_closes(interval, &case["wilson"], &case);
    }
}

#[test]
fn clopper_pearson_holds_for_many_rows_and_other_confidences() {
    for case in cases("clopper_pearson_other") {
        let (k, n) = (count(&case, "k"), count(&case, "n"));
        let interval = clopper_pearson(k, n, number(&case, "confidence")).unwrap();
        assert_closes(interval, &case["interval"], &case);
    }
}

#[test]
fn newcombe_equals_statsmodels() {
    for case in cases("newcombe") {
        let pair = |name: &str| {
            let of = |at: usize| case[name][at].as_u64().unwrap();
            (of(0), of(1))
        };
        let interval = newcombe(pair("first"), pair("second"), 0.95).unwrap();
        assert_closes(interval, &case["interval"], &case);
    }
}

#[test]
fn the_normal_quantile_equals_scipy_and_mpmath() {
    for (p, x) in oracles("norm").as_object().unwrap() {
        let got = normal_quantile(p.parse().unwrap()).unwrap();
        assert_close(got, x.as_f64().unwrap(), p);
    }
    for case in cases("norm_tails") {
        let (p, want) = (number(&case, "p"), number(&case, "x"));
        let got = normal_quantile(p).unwrap();
        assert!((got - want).abs() <= 1e-14 * want.abs(), "{p:e}: got {got:e}, want {want:e}");
    }
}

#[test]
fn a_win_rate_equals_scipy() {
    let case: Value = oracles("wins");
    let (wins, losses, ties) = (count(&case, "wins"), count(&case, "losses"), count(&case, "ties"));
    let found = eval_stats::win_rate(wins, losses, ties, 0.95).unwrap();
    assert_close(found.rate, number(&case, "rate"), "rate");
    assert_close(found.test.exact_p, number(&case, "exact_p"), "sign test");
    assert_closes(found.decisive_interval.unwrap(), &case["decisive"], "decisive");
    let case = oracles("decisive_wilson");
    let (wins, losses) = (count(&case, "wins"), count(&case, "losses"));
    let found = eval_stats::win_rate(wins, losses, 0, 0.95).unwrap();
    assert_closes(found.decisive_interval.unwrap(), &case["wilson"], "decisive, other counts");
}
