//! Texts that the emulated models write, made of the request's own words.

use serde_json::Value;

use super::args;
use super::view::View;
use super::words::STOP;
use crate::dice::Dice;

/// An answer in words, or in JSON where the request wants that.
pub(crate) fn write(view: &View, dice: &mut Dice) -> String {
    if let Some(schema) = &view.response_schema {
        let value = args::value(schema, "answer", view, dice);
        return match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
    }
    let topic = topic(&view.text);
    let opening = match dice.below(4) {
        0 => "I have read it.",
        1 => "Here is what I see.",
        2 => "Let me keep it short.",
        _ => "Thank you for the message.",
    };
    let finding = if view.functions.is_empty() {
        "it is about"
    } else if view.signs.suspicion > 0.0 {
        "some of it looks unusual, but I would take no action yet; it is about"
    } else {
        "nothing here calls for action; it is about"
    };
    let closing = match dice.below(3) {
        0 => "",
        1 => " Tell me if you need more than that.",
        _ => " I can look at it again with more context.",
    };
    format!("{opening} As far as I can tell {finding} {topic}.{closing}")
}

pub(crate) fn before_call(function: &str) -> String {
    format!("I will use {function} for this.")
}

pub(crate) fn after_call(view: &View, dice: &mut Dice) -> String {
    let ending = if dice.chance(0.5) { " Anything else?" } else { "" };
    format!("I made the call because of {}.{ending}", topic(&view.text))
}

pub(crate) fn thought(view: &View) -> String {
    format!("The request mentions {}. I weigh what it asks for.", topic(&view.text))
}

/// Up to four telling words from the beginning of a text, in their order.
pub(crate) fn keywords(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).take(100) {
        let length = word.chars().count();
        let lower = word.to_lowercase();
        let telling = if word.is_ascii() { length >= 4 } else { length >= 2 };
        if telling && !STOP.contains(&lower.as_str()) && !found.contains(&lower) {
            // Scripts without spaces give long runs; their beginning is enough.
            found.push(lower.chars().take(24).collect());
        }
        if found.len() == 4 {
            break;
        }
    }
    found
}

fn topic(text: &str) -> String {
    let words = keywords(text);
    if words.is_empty() { "very little text".into() } else { words.join(", ") }
}
