//! Figures against scipy, statsmodels and mpmath, to 1e-9 relative.

use eval_stats::{normal_quantile, wilson};
use serde_json::Value;

fn oracles() -> Value {
    serde_json::from_str(include_str!("oracles.json")).unwrap()
}

#[track_caller]
fn assert_close(got: f64, want: f64, what: &str) {
    let error = (got - want).abs();
    assert!(error <= 1e-9 * want.abs(), "{what}: got {got:e}, the oracle says {want:e}");
}

#[track_caller]
fn check_wilson(passes: u64, n: u64, confidence: f64, want: &Value) {
    let got = wilson(passes, n, confidence).unwrap();
    let what = format!("wilson({passes}, {n}, {confidence})");
    assert_close(got.low, want[0].as_f64().unwrap(), &what);
    assert_close(got.high, want[1].as_f64().unwrap(), &what);
}

#[test]
fn wilson_equals_statsmodels() {
    let oracles = oracles();
    let cases = oracles["one_proportion"].as_array().unwrap();
    assert_eq!(cases.len(), 13);
    for case in cases {
        let (k, n) = (case["k"].as_u64().unwrap(), case["n"].as_u64().unwrap());
        check_wilson(k, n, 0.95, &case["wilson"]);
    }
    let decisive = &oracles["decisive_wilson"];
    let (wins, losses) = (decisive["wins"].as_u64(), decisive["losses"].as_u64());
    let (wins, losses) = (wins.unwrap(), losses.unwrap());
    check_wilson(wins, wins + losses, 0.95, &decisive["wilson"]);
}

#[test]
fn wilson_holds_for_rare_passes_and_other_confidences() {
    for case in oracles()["wilson_other"].as_array().unwrap() {
        check_wilson(
            case["k"].as_u64().unwrap(),
            case["n"].as_u64().unwrap(),
            case["confidence"].as_f64().unwrap(),
            &case["wilson"],
        );
    }
}

#[test]
fn the_normal_quantile_equals_scipy_and_mpmath() {
    let oracles = oracles();
    for (p, x) in oracles["norm"].as_object().unwrap() {
        let got = normal_quantile(p.parse().unwrap()).unwrap();
        assert_close(got, x.as_f64().unwrap(), p);
    }
    for case in oracles["norm_tails"].as_array().unwrap() {
        let p = case["p"].as_f64().unwrap();
        let (got, want) = (normal_quantile(p).unwrap(), case["x"].as_f64().unwrap());
        assert!(
            (got - want).abs() <= 1e-14 * want.abs(),
            "quantile({p:e}): got {got:e}, want {want:e}"
        );
    }
}
