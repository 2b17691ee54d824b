//! JSON values held against each other, numbers by what they are worth.

use serde_json::{Map, Value};

use crate::{Kind, View};

/// Deeper values are not compared: `serde_json` builds none, and recursion over them would have no bound.
const DEEPEST: usize = 120;

/// The value that a view sees; `None` if it is nested too deeply, or has a number beyond all bounds.
pub(super) fn value_of(view: View<'_>) -> Option<Value> {
    // Lone surrogates, which it refuses, are rare, and only written as escapes.
    let has_escapes = || view.text().contains("\\u");
    let value = serde_json::from_str(view.text()).ok();
    value.or_else(|| has_escapes().then(|| built(view, 0)).flatten())
}

fn built(view: View<'_>, depth: usize) -> Option<Value> {
    if depth == DEEPEST {
        return None;
    }
    Some(match view.kind() {
        Kind::Object => {
            let member = |(name, value): (std::borrow::Cow<'_, str>, View<'_>)| {
                Some((name.into_owned(), built(value, depth + 1)?))
            };
            Value::Object(view.members().map(member).collect::<Option<Map<_, _>>>()?)
        }
        Kind::Array => {
            view.elements().map(|element| built(element, depth + 1)).collect::<Option<_>>()?
        }
        Kind::String => view.as_str()?.into_owned().into(),
        Kind::Number | Kind::Bool | Kind::Null => serde_json::from_str(view.text()).ok()?,
    })
}

/// Whether two values are equal; `1` and `1.0` are, and the order of members is nothing.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => same_number(one, other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let is_in = |(name, value)| other.get(name).is_some_and(|other| same(value, other));
            one.len() == other.len() && one.iter().all(is_in)
        }
        _ => one == other,
    }
}

/// What is written differently but is the same number is equal.
fn same_number(one: &serde_json::Number, other: &serde_json::Number) -> bool {
    let whole = |number: &serde_json::Number| {
        number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
    };
    match (whole(one), whole(other)) {
        (Some(one), Some(other)) => one == other,
        _ => one.as_f64() == other.as_f64(),
    }
}

/// Whether `part` is in `whole`: every member of an object, at any depth; all else equal.
pub(super) fn contains(whole: &Value, part: &Value) -> bool {
    match (whole, part) {
        (Value::Object(whole), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| whole.get(name).is_some_and(|whole| contains(whole, part))),
        (Value::Array(whole), Value::Array(part)) => {
            let all = || whole.iter().zip(part).all(|(whole, part)| contains(whole, part));
            whole.len() == part.len() && all()
        }
        _ => same(whole, part),
    }
}

/// The share of fields that two values agree in: of all leaves that either has, those that are equal in both.
///
/// A leaf is a value without members or elements, by its path; so two equal scalars have one field in common.
pub(super) fn agreement(one: &Value, other: &Value) -> f64 {
    let (equal, all) = leaves(Some(one), Some(other));
    #[expect(clippy::cast_precision_loss, reason = "far fewer than 2^52")]
    let share = equal as f64 / all as f64;
    share
}

/// The leaves that are equal, and all.
fn leaves(one: Option<&Value>, other: Option<&Value>) -> (u64, u64) {
    let add = |sum: (u64, u64), more: (u64, u64)| (sum.0 + more.0, sum.1 + more.1);
    let within = |value: Option<&Value>| match value {
        Some(Value::Object(members)) => !members.is_empty(),
        Some(Value::Array(elements)) => !elements.is_empty(),
        _ => false,
    };
    match (one, other) {
        (Some(Value::Object(one)), Some(Value::Object(other)))
            if !one.is_empty() || !other.is_empty() =>
        {
            let missing = other.iter().filter(|(name, _)| !one.contains_key(*name));
            let sum = one.iter().map(|(name, value)| leaves(Some(value), other.get(name)));
            sum.chain(missing.map(|(_, value)| leaves(None, Some(value)))).fold((0, 0), add)
        }
        (Some(Value::Array(one)), Some(Value::Array(other)))
            if !one.is_empty() || !other.is_empty() =>
        {
            (0..one.len().max(other.len()))
                .map(|at| leaves(one.get(at), other.get(at)))
                .fold((0, 0), add)
        }
        // What has leaves on one side only differs in all of them.
        (one, other) if within(one) || within(other) => {
            let side = |value: Option<&Value>| match value {
                Some(Value::Object(members)) if !members.is_empty() => {
                    members.values().map(|value| leaves(Some(value), None)).fold((0, 0), add)
                }
                Some(Value::Array(elements)) if !elements.is_empty() => {
                    elements.iter().map(|value| leaves(Some(value), None)).fold((0, 0), add)
                }
                Some(_) => (0, 1),
                None => (0, 0),
            };
            add(side(one), side(other))
        }
        (Some(one), Some(other)) => (u64::from(same(one, other)), 1),
        (None, None) => (0, 0),
        _ => (0, 1),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_what_they_are_worth() {
        for (one, other, want) in [
            (json!(1), json!(1.0), true),
            (json!(1e3), json!(1000), true),
            (json!(9_007_199_254_740_993_u64), json!(9_007_199_254_740_992_u64), false),
            (json!(-1), json!(u64::MAX), false),
            (json!({"a": [1, {"b": 2}]}), json!({"a": [1.0, {"b": 2.0}]}), true),
            (json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true),
            (json!({"a": 1}), json!({"a": 1, "b": null}), false),
            (json!("1"), json!(1), false),
        ] {
            assert_eq!(same(&one, &other), want, "{one} {other}");
        }
    }

    #[test]
    fn parts_are_contained_member_by_member() {
        let whole = json!({"a": {"b": 1, "c": [1, {"d": 2, "e": 3}]}, "f": null});
        for (part, want) in [
            (json!({}), true),
            (json!({"a": {"b": 1.0}}), true),
            (json!({"a": {"c": [1, {"e": 3}]}}), true),
            (json!({"a": {"c": [1]}}), false),
            (json!({"f": null}), true),
            (json!({"g": null}), false),
            (json!(1), false),
        ] {
            assert_eq!(contains(&whole, &part), want, "{part}");
        }
    }

    #[test]
    fn agreement_is_the_share_of_leaves() {
        for (one, other, want) in [
            (json!({"a": 1, "b": 2}), json!({"a": 1, "b": 3}), 1.0 / 2.0),
            (json!({"a": 1, "b": 2}), json!({"a": 1, "c": 2}), 1.0 / 3.0),
            (json!({"a": [1, 2]}), json!({"a": [1, 2, 3]}), 2.0 / 3.0),
            (json!({"a": {"x": 1, "y": 2}}), json!({"a": 5}), 0.0),
            (json!({}), json!({}), 1.0),
            (json!({}), json!({"a": 1}), 0.0),
            (json!([]), json!({}), 0.0),
            (json!(1), json!(1.0), 1.0),
            (json!("x"), json!({"a": 1}), 0.0),
        ] {
            let there = agreement(&one, &other);
            assert!((there - want).abs() < 1e-12, "{one} {other}: {there}");
            assert!((agreement(&other, &one) - want).abs() < 1e-12, "{other} {one}");
        }
    }

    #[test]
    fn odd_values_are_built_or_refused_and_never_too_deep() {
        let of = |json: &str| value_of(View::new(serde_json::from_str(json).unwrap()));
        assert_eq!(of(r#"{"a":"\ud800","a":[1]}"#), Some(json!({"a": [1]})));
        assert_eq!(of(r#"["\ud800x"]"#), Some(json!(["\u{fffd}\u{fffd}\u{fffd}x"])));
        assert_eq!(of("1e400"), None);
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert_eq!(of(&deep(100_000)), None);
        assert!(of(&deep(100)).is_some());
    }
}
