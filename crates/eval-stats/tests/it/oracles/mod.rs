//! Figures against scipy, statsmodels and mpmath, to 1e-9 relative.

mod groups;
mod paired;
mod planning;
mod proportion;

use eval_stats::Interval;
use serde_json::Value;

fn oracles(name: &str) -> Value {
    let all: Value = serde_json::from_str(include_str!("../../data/oracles.json")).unwrap();
    assert!(!all[name].is_null(), "there are no oracles called {name}");
    all[name].clone()
}

fn cases(name: &str) -> Vec<Value> {
    let cases = oracles(name).as_array().unwrap().clone();
    assert!(!cases.is_empty(), "{name} holds no case");
    cases
}

fn count(case: &Value, name: &str) -> u64 {
    case[name].as_u64().unwrap_or_else(|| panic!("no count {name} in {case}"))
}

fn number(case: &Value, name: &str) -> f64 {
    case[name].as_f64().unwrap_or_else(|| panic!("no number {name} in {case}"))
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

#[track_caller]
fn assert_close(got: f64, want: f64, what: impl std::fmt::Display) {
    // What should be 0 is given up to the rounding of the numbers it is the difference of.
    let slack = if want.abs() < 1e-15 { 1e-15 } else { 1e-9 * want.abs() };
    assert!((got - want).abs() <= slack, "{what}: got {got:e}, the oracle says {want:e}");
}

#[track_caller]
fn assert_closes(got: Interval, want: &Value, what: impl std::fmt::Display) {
    assert_close(got.low, want[0].as_f64().unwrap(), &what);
    assert_close(got.high, want[1].as_f64().unwrap(), &what);
}
