//! What of an answer may drift: its calls, its text, how it ended, what it took.

use eval_report::RowAnswer;
use scoring::Outcome;
use serde_json::Value;

use crate::show::{Part, parts};

/// An answer that a model gave, a blocked or empty one too.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answered {
    pub(super) calls: Vec<Call>,
    pub(super) text: String,
    /// Why it ended, `BLOCKED` where the prompt was.
    pub(super) end: String,
    pub(super) blocked: bool,
    /// Tokens out, thinking left out.
    pub(super) tokens: Option<u64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    name: String,
    arguments: Value,
}

/// How the calls of an answer differ from those of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Neither calls.
    None,
    Same,
    /// Another function, or another number of calls.
    Name,
    Arguments,
    /// The later one calls nothing.
    Gone,
    /// Only the later one calls.
    New,
}

impl Answered {
    /// What a model said; `None` where it did not answer, or nobody can read it.
    pub(super) fn of(answer: &RowAnswer) -> Option<Self> {
        let seen = matches!(
            answer.outcome,
            Outcome::Answered | Outcome::Truncated | Outcome::Blocked | Outcome::Empty
        );
        if !seen {
            return None;
        }
        let line: Value = serde_json::from_slice(answer.line.as_deref()?).ok()?;
        Some(Self::read(&line["response"], answer.outcome == Outcome::Blocked))
    }

    fn read(response: &Value, blocked: bool) -> Self {
        let first = &response["candidates"][0];
        let (mut calls, mut text) = (Vec::new(), String::new());
        for part in parts(&first["content"]) {
            match part {
                Part::Call { name, arguments } => {
                    // Without arguments and with none are the same call.
                    let empty = arguments.as_object().is_some_and(serde_json::Map::is_empty);
                    let arguments = if empty { Value::Null } else { arguments };
                    calls.push(Call { name, arguments });
                }
                Part::Text(part) => text.push_str(&part),
                _ => {}
            }
        }
        let either =
            |of: &Value, name: &str, other: &str| of.get(name).or_else(|| of.get(other)).cloned();
        let end = either(first, "finishReason", "finish_reason");
        let end = end.and_then(|end| end.as_str().map(str::to_owned));
        let usage = either(response, "usageMetadata", "usage_metadata").unwrap_or_default();
        let tokens = either(&usage, "candidatesTokenCount", "candidates_token_count");
        Self {
            calls,
            text: text.trim().to_owned(),
            end: end.unwrap_or_else(|| if blocked { "BLOCKED" } else { "(none)" }.to_owned()),
            blocked,
            tokens: tokens.and_then(|tokens| tokens.as_u64()),
        }
    }

    /// How the calls of `after` differ from those of this answer.
    pub(super) fn change(&self, after: &Self) -> Change {
        match (self.calls.is_empty(), after.calls.is_empty()) {
            (true, true) => Change::None,
            (false, true) => Change::Gone,
            (true, false) => Change::New,
            (false, false) if self.calls == after.calls => Change::Same,
            (false, false) => {
                let names =
                    |of: &Self| of.calls.iter().map(|call| call.name.clone()).collect::<Vec<_>>();
                if names(self) == names(after) { Change::Arguments } else { Change::Name }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(parts: &Value) -> Answered {
        let response = json!({
            "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
            "usageMetadata": {"candidatesTokenCount": 7},
        });
        Answered::read(&response, false)
    }

    fn call(name: &str, arguments: &Value) -> Value {
        json!([{"functionCall": {"name": name, "args": arguments}}])
    }

    #[test]
    fn calls_are_compared_by_name_then_by_arguments() {
        let text = answer(&json!([{"text": "no "}, {"text": "hm", "thought": true}]));
        let [f1, f2] =
            [json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})].map(|a| answer(&call("f", &a)));
        let other = answer(&call("f", &json!({"a": 2})));
        let g = answer(&call("g", &json!({"a": 1, "b": 2})));
        assert_eq!((text.text.as_str(), text.tokens, text.end.as_str()), ("no", Some(7), "STOP"));
        assert_eq!(f1.change(&f2), Change::Same, "the order of members means nothing");
        assert_eq!((f1.change(&other), f1.change(&g)), (Change::Arguments, Change::Name));
        assert_eq!((f1.change(&text), text.change(&f1)), (Change::Gone, Change::New));
        assert_eq!(text.change(&text), Change::None);
        assert_eq!(answer(&call("f", &json!({}))), answer(&call("f", &Value::Null)));
    }
}
