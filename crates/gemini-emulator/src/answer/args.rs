//! Arguments for a function call: whatever its declared schema asks for, out of the text's words.

use serde_json::{Map, Value, json};

use super::signal::tokens;
use super::text::keywords;
use super::view::{View, integer};
use crate::dice::Dice;
use crate::validate::field;

/// No declared schema is followed deeper than this.
const DEPTH: usize = 6;

/// Makes the arguments of a call as an object.
pub(crate) fn make(schema: Option<&Value>, view: &View, dice: &mut Dice) -> Value {
    let made = schema.map(|schema| value_at(schema, "", view, dice, 0));
    made.filter(Value::is_object).unwrap_or_else(|| Value::Object(Map::new()))
}

/// Makes one value that fits `schema`.
pub(crate) fn value(schema: &Value, name: &str, view: &View, dice: &mut Dice) -> Value {
    value_at(schema, name, view, dice, 0)
}

fn value_at(schema: &Value, name: &str, view: &View, dice: &mut Dice, depth: usize) -> Value {
    if depth > DEPTH {
        return Value::Null;
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array).filter(|c| !c.is_empty()) {
        return choose(choices, view, dice);
    }
    let branches = field(schema, "anyOf").or_else(|| field(schema, "oneOf"));
    if let Some(first) = branches.and_then(Value::as_array).and_then(|branches| branches.first()) {
        return value_at(first, name, view, dice, depth + 1);
    }
    match kind(schema).as_str() {
        "object" => object(schema, view, dice, depth),
        "array" => array(schema, name, view, dice, depth),
        "boolean" => boolean(name, view).into(),
        "integer" => whole(schema, view, dice).into(),
        "number" => number(schema, name, view, dice),
        "null" => Value::Null,
        _ => text(schema, name, view, dice).into(),
    }
}

fn kind(schema: &Value) -> String {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null")
        }
        _ => None,
    };
    let implied = if schema.get("properties").is_some() { "object" } else { "string" };
    named.unwrap_or(implied).to_ascii_lowercase()
}

fn object(schema: &Value, view: &View, dice: &mut Dice, depth: usize) -> Value {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return json!({});
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    // Sorted, so that the dice fall alike whatever order the map keeps.
    let mut names: Vec<&String> = properties.keys().collect();
    names.sort_unstable();
    let mut made = Map::new();
    for name in names {
        let wanted = required.contains(&name.as_str()) || dice.chance(0.6);
        let value = value_at(&properties[name], name, view, dice, depth + 1);
        if wanted {
            made.insert(name.clone(), value);
        }
    }
    Value::Object(made)
}

fn array(schema: &Value, name: &str, view: &View, dice: &mut Dice, depth: usize) -> Value {
    let bound = |name| field(schema, name).and_then(integer).and_then(|n| usize::try_from(n).ok());
    let least = bound("minItems").unwrap_or(1).min(16);
    let most = bound("maxItems").unwrap_or(least.max(3)).clamp(least, 16);
    let n = least + dice.below(most - least + 1);
    let any = json!({ "type": "STRING" });
    let items = schema.get("items").unwrap_or(&any);
    (0..n).map(|_| value_at(items, name, view, dice, depth + 1)).collect()
}

/// The choice that the text itself names, else any.
fn choose(choices: &[Value], view: &View, dice: &mut Dice) -> Value {
    let words = &view.signs.words;
    let named = choices.iter().find(|choice| {
        choice.as_str().is_some_and(|choice| {
            let parts = tokens(choice);
            !parts.is_empty() && parts.iter().all(|part| words.contains(part))
        })
    });
    named.unwrap_or_else(|| &choices[dice.below(choices.len())]).clone()
}

fn boolean(name: &str, view: &View) -> bool {
    let words = tokens(name);
    let denies =
        ["not", "safe", "legit", "ok", "allowed", "ham"].iter().any(|w| words.contains(*w));
    (view.signs.suspicion > 0.0) != denies
}

fn bound(schema: &Value, name: &str) -> Option<f64> {
    let value = field(schema, name)?;
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[expect(clippy::cast_possible_truncation, reason = "bounds beyond i64 saturate")]
fn whole(schema: &Value, view: &View, dice: &mut Dice) -> i64 {
    let low = bound(schema, "minimum").map(|n| n.ceil() as i64);
    let high = bound(schema, "maximum").map(|n| n.floor() as i64);
    let fits = |n: &i64| low.is_none_or(|low| *n >= low) && high.is_none_or(|high| *n <= high);
    let said = view.text.split(|c: char| !c.is_ascii_digit()).filter(|digits| digits.len() < 10);
    if let Some(n) = said.filter_map(|digits| digits.parse().ok()).find(fits) {
        return n;
    }
    let low = low.unwrap_or_else(|| high.map_or(1, |high| high.saturating_sub(4).min(1)));
    let high = high.unwrap_or(low.saturating_add(4)).max(low);
    let span = usize::try_from(high.saturating_sub(low)).unwrap_or(4).saturating_add(1);
    low.saturating_add(i64::try_from(dice.below(span)).unwrap_or(0))
}

fn number(schema: &Value, name: &str, view: &View, dice: &mut Dice) -> Value {
    let low = bound(schema, "minimum").unwrap_or(0.0);
    let high = bound(schema, "maximum").unwrap_or(low + 1.0).max(low);
    let sure = ["score", "confidence", "probability", "risk", "severity", "likelihood"];
    let share = if tokens(name).iter().any(|word| sure.contains(&word.as_str())) {
        1.0 / (1.0 + (-view.signs.suspicion).exp())
    } else {
        dice.unit()
    };
    let exact = low + share * (high - low);
    let rounded = (exact * 100.0).round() / 100.0;
    json!(rounded.clamp(low, high))
}

fn text(schema: &Value, name: &str, view: &View, dice: &mut Dice) -> String {
    match schema.get("format").and_then(Value::as_str) {
        Some("date") => return format!("2026-0{}-1{}", 1 + dice.below(9), dice.below(10)),
        Some("date-time") => return format!("2026-0{}-15T12:00:00Z", 1 + dice.below(9)),
        _ => {}
    }
    let words = keywords(&view.text);
    let about = if words.is_empty() { "very little text".to_owned() } else { words.join(" ") };
    let reasons = ["why", "reason", "reasoning", "explanation", "rationale", "summary", "comment"];
    let full = if tokens(name).iter().any(|word| reasons.contains(&word.as_str())) {
        let what = if view.signs.suspicion > 0.0 { "it pushes" } else { "it mentions" };
        format!("{what} {about}")
    } else {
        let n = 1 + dice.below(words.len().clamp(1, 3));
        about.split(' ').take(n).collect::<Vec<_>>().join(" ")
    };
    let most = field(schema, "maxLength").and_then(integer).and_then(|n| usize::try_from(n).ok());
    full.chars().take(most.unwrap_or(usize::MAX)).collect()
}
