//! The distributions against scipy, and against identities where scipy does not reach.

use serde_json::Value;

use super::*;

fn oracles(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../../tests/data/oracles.json")).unwrap();
    all[name].as_array().unwrap().clone()
}

fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap_or_else(|| panic!("no {name} in {case}"))
}

#[track_caller]
fn assert_close(got: f64, want: f64, what: &Value) {
    assert!((got - want).abs() <= 1e-11 * want.abs(), "{what}: got {got:e}, want {want:e}");
}

#[test]
fn the_beta_quantile_equals_scipy() {
    for case in oracles("beta") {
        let p = number(&case, "p");
        let got = beta_quantile(number(&case, "a"), number(&case, "b"), p, 1.0 - p);
        assert_close(got, number(&case, "x"), &case);
    }
}

#[test]
fn students_t_equals_scipy() {
    for case in oracles("student") {
        // A confidence near 1 has lost digits of its tail before it comes here.
        let confidence = number(&case, "confidence");
        assert_close(student_quantile(confidence, number(&case, "df")), number(&case, "t"), &case);
    }
    for case in oracles("student_p") {
        let got = student_two_sided(number(&case, "t"), number(&case, "df"));
        assert_close(got, number(&case, "p"), &case);
    }
}

#[test]
fn chi_squared_and_normal_tails_equal_scipy() {
    for case in oracles("chi_squared") {
        let got = chi_squared_upper(number(&case, "x"), number(&case, "df"));
        assert_close(got, number(&case, "p"), &case);
    }
    for case in oracles("normal_cdf") {
        assert_close(normal_cdf(number(&case, "x")), number(&case, "p"), &case);
    }
}

#[test]
fn binomial_tails_equal_scipy() {
    for case in oracles("binomial_two_sided") {
        let (k, n) = (number(&case, "k"), number(&case, "n"));
        assert_close((2.0 * binomial_lower(k, n, 0.5)).min(1.0), number(&case, "p"), &case);
    }
}

#[test]
fn binomial_weights_add_up_to_the_tail() {
    for (n, p) in [(1_u32, 0.5), (7, 0.01), (40, 0.3), (500, 0.97), (2_000, 0.5)] {
        let mut total = 0.0;
        for k in 0..=n {
            total += binomial(f64::from(k), f64::from(n), p);
            let tail = binomial_lower(f64::from(k), f64::from(n), p);
            let slack = 1e-12 * tail + 1e-300;
            assert!((total - tail).abs() <= slack, "n {n}, p {p}, k {k}: {total:e} and {tail:e}");
        }
    }
}

#[test]
fn quantiles_undo_the_incomplete_beta_up_to_the_most_rows() {
    for size in [1.0, 30.0, 1e4, 1e7, 4e9] {
        for share in [0.001, 0.1, 0.5, 0.9] {
            for below in [1e-9, 0.025, 0.5, 0.8] {
                let (a, b) = (size * share + 0.5, size * (1.0 - share) + 0.5);
                let x = beta_quantile(a, b, below, 1.0 - below);
                let back = incomplete_beta(a, b, x, 1.0 - x);
                // One unit in the last place of x moves the tail by this much.
                let slack = 1e-11 + 20.0 * f64::EPSILON * size.sqrt();
                assert!((back - below).abs() <= slack * 10.0 * below, "{a} {b} {below}: {back:e}");
            }
        }
    }
}

#[test]
fn the_normal_distribution_and_its_quantile_undo_each_other() {
    for p in [1e-100, 1e-9, 0.02, 0.5, 0.7, 0.999] {
        let back = normal_cdf(normal_quantile(p).unwrap());
        assert!((back - p).abs() <= 1e-12 * p, "{p}: {back:e}");
    }
}
