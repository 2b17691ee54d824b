//! Answers by simple rules, seeded by model name and request, that look at the request's own text
//! and tools.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::judging::{Judging, Question};
use super::view::{Function, Mode, View};
use super::{Answerer, RowAnswer, RowAsk, args, signal, text};
use crate::dice::{Dice, mix};

/// The rules, with the seed that makes them one emulator's own.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) seed: u64,
    pub(crate) judging: Judging,
}

#[async_trait]
impl Answerer for Rules {
    fn name(&self) -> &'static str {
        "rules"
    }

    fn description(&self) -> &'static str {
        "A model of the emulator; it answers by simple rules."
    }

    async fn answer(&self, row: RowAsk<'_>) -> RowAnswer {
        match row.parsed() {
            Ok(request) => answer(self, row.model, &request, row.response_id),
            Err(refused) => refused,
        }
    }
}

/// How able a model is; read from its name.
///
/// The words `pro`, `ultra` and `large` make a pro; `lite`, `nano`, `mini` and `small` a lite;
/// all other names are a flash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    Lite,
    Flash,
    Pro,
}

/// What a tier and the hash of the name make of a model.
#[derive(Debug, Clone, Copy)]
struct Temper {
    tier: Tier,
    /// How badly it reads a text's signal.
    blur: f64,
    /// How readily it calls a function.
    eager: f64,
    /// How often it talks on after a call.
    chatty: f64,
    /// How often it garbles a call.
    clumsy: f64,
}

impl Temper {
    fn of(seed: u64, model: &str) -> Self {
        let words: Vec<&str> = model.split(|c: char| !c.is_ascii_alphanumeric()).collect();
        let named = |names: &[&str]| words.iter().any(|word| names.contains(word));
        let (tier, blur, eager, chatty, clumsy) = if named(&["lite", "nano", "mini", "small"]) {
            (Tier::Lite, 1.5, -0.3, 0.09, 0.03)
        } else if named(&["pro", "ultra", "large"]) {
            (Tier::Pro, 0.4, 0.3, 0.02, 0.003)
        } else {
            (Tier::Flash, 1.0, 0.0, 0.05, 0.01)
        };
        let mut own = Dice::new(mix(seed, &[b"temper", model.as_bytes()]));
        let eager = eager + (own.unit() - 0.5) * 0.2;
        Self { tier, blur, eager, chatty, clumsy }
    }
}

/// Answers `request`; the same seed, model and request give the same answer, however the JSON is
/// spaced, ordered or spelled (camelCase or `snake_case`).
pub(crate) fn answer(rules: &Rules, model: &str, request: &Value, response_id: &str) -> RowAnswer {
    let seed = rules.seed;
    let view = View::of(request);
    let name = model.as_bytes();
    let mut dice = Dice::new(mix(seed, &[b"row", name, fingerprint(request).as_bytes()]));
    let fate = dice.unit();
    if let Some(message) = view.fault {
        return RowAnswer::Error { code: 3, message: message.into() };
    }
    let reply = Reply { view: &view, model, response_id };
    if let Some(question) = Question::of(&view) {
        let text = question.answer(rules.judging, &mut dice);
        return RowAnswer::Response(reply.candidate(
            Some(vec![json!({ "text": text })]),
            "STOP",
            0,
        ));
    }
    if fate < 0.02 {
        return RowAnswer::Error { code: 13, message: "Internal error encountered.".into() };
    }
    let harmful = view.signs.harmful;
    if (0.02..0.03).contains(&fate) || (harmful && dice.chance(0.7)) {
        return RowAnswer::Response(reply.blocked());
    }
    if (0.03..0.034).contains(&fate) {
        return RowAnswer::Response(reply.candidate(None, "SAFETY", 0));
    }
    let temper = Temper::of(seed, model);
    let thoughts = thoughts(&view, temper, &mut dice);
    let call = choose_call(&view, temper, &mut dice);
    if call.is_some() && dice.chance(temper.clumsy) {
        return RowAnswer::Response(reply.candidate(None, "MALFORMED_FUNCTION_CALL", thoughts));
    }
    let called = call.is_some();
    let parts = match call {
        Some(function) => call_parts(&view, function, temper, &mut dice),
        None => vec![json!({ "text": text::write(&view, &mut dice) })],
    };
    RowAnswer::Response(reply.within_limit(parts, called, thoughts, &mut dice))
}

/// A text that is equal for requests that mean the same JSON.
fn fingerprint(value: &Value) -> String {
    fn canonical(value: &Value) -> Value {
        match value {
            Value::Array(items) => items.iter().map(canonical).collect(),
            Value::Object(map) => {
                let plain = |name: &str| name.replace('_', "").to_ascii_lowercase();
                let sorted: BTreeMap<String, Value> =
                    map.iter().map(|(name, item)| (plain(name), canonical(item))).collect();
                let mut out = Map::new();
                out.extend(sorted);
                Value::Object(out)
            }
            other => other.clone(),
        }
    }
    let mut plain = canonical(value);
    if let Some(map) = plain.as_object_mut() {
        map.remove("model");
    }
    plain.to_string()
}

/// Picks the function that the model calls, if it calls one.
fn choose_call<'v>(view: &'v View, temper: Temper, dice: &mut Dice) -> Option<&'v Function> {
    let scored = view.functions.iter().map(|function| {
        let noise = dice.bell() * temper.blur;
        let pull = signal::pull(function, view) + temper.eager + noise;
        (pull, function)
    });
    let (pull, best) = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    match view.mode {
        Mode::None => None,
        Mode::Any => Some(best),
        Mode::Auto => (pull > 0.0).then_some(best),
    }
}

fn call_parts(view: &View, function: &Function, temper: Temper, dice: &mut Dice) -> Vec<Value> {
    let mut parts = Vec::new();
    if dice.chance(0.08) {
        parts.push(json!({ "text": text::before_call(&function.name) }));
    }
    let args = args::make(function.parameters.as_ref(), view, dice);
    let mut call = json!({ "functionCall": { "name": function.name, "args": args } });
    if temper.tier == Tier::Pro {
        call["thoughtSignature"] = dice.id(24).into();
    }
    parts.push(call);
    if dice.chance(temper.chatty) {
        parts.push(json!({ "text": text::after_call(view, dice) }));
    }
    parts
}

fn thoughts(view: &View, temper: Temper, dice: &mut Dice) -> usize {
    if view.thinking_budget == Some(0) {
        return 0;
    }
    match temper.tier {
        Tier::Lite => 0,
        Tier::Flash => dice.below(60),
        Tier::Pro => 40 + dice.below(200),
    }
}

/// Builds `GenerateContentResponse` values for one row.
struct Reply<'a> {
    view: &'a View,
    model: &'a str,
    response_id: &'a str,
}

impl Reply<'_> {
    fn blocked(&self) -> Value {
        let prompt = self.view.prompt_tokens;
        json!({
            "promptFeedback": { "blockReason": "PROHIBITED_CONTENT" },
            "usageMetadata": {
                "promptTokenCount": prompt,
                "totalTokenCount": prompt,
                "promptTokensDetails": self.view.token_details(),
            },
            "modelVersion": self.model,
            "responseId": self.response_id,
        })
    }

    fn candidate(&self, parts: Option<Vec<Value>>, finish: &str, thoughts: usize) -> Value {
        let said = parts.as_ref().map_or(0, |parts| tokens_of(parts));
        let mut candidate = json!({ "finishReason": finish, "index": 0 });
        if let Some(parts) = parts {
            candidate["content"] = json!({ "role": "model", "parts": parts });
        }
        let prompt = self.view.prompt_tokens;
        let mut usage = json!({
            "promptTokenCount": prompt,
            "totalTokenCount": prompt + said + thoughts,
            "promptTokensDetails": self.view.token_details(),
        });
        if said > 0 {
            usage["candidatesTokenCount"] = said.into();
        }
        if thoughts > 0 {
            usage["thoughtsTokenCount"] = thoughts.into();
        }
        json!({
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": self.model,
            "responseId": self.response_id,
        })
    }

    /// The answer as far as `maxOutputTokens` lets it go; now and then a model runs on until its
    /// own limit.
    fn within_limit(
        &self,
        mut parts: Vec<Value>,
        called: bool,
        thoughts: usize,
        dice: &mut Dice,
    ) -> Value {
        if self.view.include_thoughts && thoughts > 0 {
            parts.insert(0, json!({ "text": text::thought(self.view), "thought": true }));
        }
        let limit = self.view.max_output_tokens.unwrap_or(usize::MAX);
        let wanted = tokens_of(&parts) + thoughts;
        if wanted <= limit && !dice.chance(0.01) {
            return self.candidate(Some(parts), "STOP", thoughts);
        }
        let room = limit.saturating_sub(thoughts).min(wanted / 2);
        let text = parts.iter().rev().find_map(|part| part.get("text")?.as_str());
        match text.filter(|_| !called && room > 0) {
            Some(text) => {
                let cut: String = text.chars().take(room * 4).collect();
                self.candidate(Some(vec![json!({ "text": cut })]), "MAX_TOKENS", thoughts)
            }
            None => self.candidate(None, "MAX_TOKENS", thoughts.min(limit)),
        }
    }
}

fn tokens_of(parts: &[Value]) -> usize {
    parts.iter().map(|part| part.to_string().len().saturating_sub(10).div_ceil(4)).sum()
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
