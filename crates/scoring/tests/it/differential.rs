//! The same lines through a plain implementation on `serde_json::Value`: it must say the same of every one.

use proptest::prelude::*;
use scoring::{FunctionCall, Outcome, Row, Scorer, Verdict};
use serde_json::{Value, json};

/// What a line amounts to, by the book and slowly.
fn plainly(line: &Value) -> (Outcome, [bool; 2], Option<u64>) {
    let nothing = [false; 2];
    let Some(members) = line.as_object() else {
        return (Outcome::Unparsable, nothing, None);
    };
    let given = |name: &str| members.get(name).filter(|value| !value.is_null());
    let response = given("response");
    let status = given("status").filter(|status| response.is_none() || status.is_object());
    let failure = given("error").or(status);
    match (response, failure) {
        (None, Some(_)) => return (Outcome::Error, nothing, None),
        (None, None) if members.contains_key("response") => return (Outcome::Empty, nothing, None),
        (Some(_), Some(_)) | (None, None) => return (Outcome::Unparsable, nothing, None),
        (Some(response), None) if !response.is_object() => {
            return (Outcome::Unparsable, nothing, None);
        }
        (Some(_), None) => {}
    }
    let response = &line["response"];
    let total = response["usageMetadata"]["totalTokenCount"].as_u64();
    let total = total.filter(|total| u32::try_from(*total).is_ok());
    let Some(candidate) = response["candidates"].as_array().and_then(|all| all.first()) else {
        let blocked = response["promptFeedback"].as_object().is_some_and(|map| !map.is_empty());
        let outcome = if blocked { Outcome::Blocked } else { Outcome::Empty };
        return (outcome, nothing, total);
    };
    let parts = candidate["content"]["parts"].as_array().map_or(&[][..], Vec::as_slice);
    let word = "functionCall";
    let last = match parts.last() {
        Some(Value::Object(part)) => part.contains_key(word),
        Some(Value::Array(part)) => part.iter().any(|element| element == word),
        Some(Value::String(part)) => part.contains(word),
        _ => false,
    };
    let any = parts.iter().any(|part| part.get(word).is_some());
    let outcome = match candidate["finishReason"].as_str() {
        Some("MAX_TOKENS") => Outcome::Truncated,
        Some("SAFETY" | "SPII") => Outcome::Blocked,
        _ if parts.is_empty() => Outcome::Empty,
        _ => Outcome::Answered,
    };
    (outcome, [last, any], total)
}

fn odd() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!({})),
        Just(json!([])),
        Just(json!("functionCall")),
        Just(json!(["functionCall", 1])),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ]
}

/// The value, or now and then an odd one in its place.
fn mostly(value: impl Strategy<Value = Value> + 'static) -> impl Strategy<Value = Value> {
    prop_oneof![6 => value, 1 => odd()]
}

/// An object that has some of these members, in some order.
fn object(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let members: Vec<_> = members
        .into_iter()
        .map(|(name, value)| proptest::option::weighted(0.8, value).prop_map(move |v| (name, v)))
        .collect();
    members.prop_map(|members| {
        let given = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect())
    })
}

fn line() -> impl Strategy<Value = Value> {
    let part = object(vec![
        ("text", ".{0,60}".prop_map(Value::from).boxed()),
        (
            "functionCall",
            mostly(Just(json!({"name": "f", "args": {"a\"b": [1.5e300, true]}}))).boxed(),
        ),
    ]);
    let parts = proptest::collection::vec(mostly(part), 0..4).prop_map(Value::from);
    let content =
        object(vec![("parts", mostly(parts).boxed()), ("role", Just(json!("model")).boxed())]);
    let reason = prop::sample::select(vec!["STOP", "MAX_TOKENS", "SAFETY", "SPII", "é"]);
    let candidate = object(vec![
        ("content", mostly(content).boxed()),
        ("finishReason", mostly(reason.prop_map(Value::from)).boxed()),
    ]);
    let candidates = proptest::collection::vec(mostly(candidate), 0..3).prop_map(Value::from);
    let usage =
        object(vec![("totalTokenCount", mostly((0..1_u64 << 34).prop_map(Value::from)).boxed())]);
    let response = object(vec![
        ("candidates", mostly(candidates).boxed()),
        ("promptFeedback", mostly(Just(json!({"blockReason": "OTHER"}))).boxed()),
        ("usageMetadata", mostly(usage).boxed()),
        ("responseId", odd().boxed()),
    ]);
    let rarely = |value: BoxedStrategy<Value>| prop_oneof![5 => Just(Value::Null), 1 => value];
    let line = object(vec![
        ("key", Just(json!("r00000007-1f9c03ab")).boxed()),
        ("response", mostly(response).boxed()),
        ("error", rarely(odd().boxed()).boxed()),
        ("status", rarely(odd().boxed()).boxed()),
    ]);
    mostly(line)
}

/// Python's spelling: a space after commas and colons, everything beyond ASCII escaped; or with each letter of names
/// that can be escaped so.
fn spelled(value: &Value, how: u8) -> String {
    let plain = value.to_string();
    match how {
        0 => plain,
        1 => serde_json::to_string_pretty(value).unwrap(),
        2 => plain.replace("parts", "p\\u0061rts").replace("functionCall", "function\\u0043all"),
        _ => plain
            .chars()
            .flat_map(|c| {
                let mut units = [0; 2];
                let escaped = |unit: &u16| format!("\\u{unit:04x}");
                if c.is_ascii() {
                    vec![c.to_string()]
                } else {
                    c.encode_utf16(&mut units).iter().map(escaped).collect()
                }
            })
            .collect(),
    }
}

fn by_row(text: &str) -> Option<(Outcome, [bool; 2], Option<u64>)> {
    let raw = serde_json::from_str(text).ok()?;
    let row = Row::of_line(7, raw);
    let rules = [FunctionCall::last_part(), FunctionCall::any_part()];
    let passes = rules.map(|rule| rule.score(&row) == Verdict::Pass(true));
    Some((row.outcome, passes, row.usage.total))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn generated_lines_amount_to_the_same(line in line(), how in 0..4_u8) {
        let text = spelled(&line, how);
        prop_assert_eq!(by_row(&text), Some(plainly(&line)), "{}", text);
    }

    #[test]
    fn mutated_lines_amount_to_the_same_where_they_are_json(
        line in line(),
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>(), 1..12_usize), 1..4),
    ) {
        // Spans copied over others make doubled members, wrong brackets and broken strings.
        let mut text = line.to_string();
        for (from, to, length) in changes {
            let place = |index: prop::sample::Index| text.floor_char_boundary(index.index(text.len()));
            let (from, to) = (place(from), place(to));
            let end = text.ceil_char_boundary((from + length).min(text.len()));
            let span = text[from..end].to_owned();
            text.insert_str(to, &span);
        }
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            prop_assert_eq!(by_row(&text), Some(plainly(&value)), "{}", text);
        }
    }
}
