//! A chat completion as a `GenerateContentResponse`.

use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{Json, Object, object};
use super::node::Node;
use crate::answer::RowAnswer;

/// What the answer is for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) model: &'a str,
    pub(super) response_id: &'a str,
    /// Whether thoughts are wanted in the answer.
    pub(super) thoughts: bool,
}

/// # Errors
/// A body that is no chat completion.
pub(super) fn response(openai: &RawValue, asked: Asked<'_>) -> Result<RowAnswer, RowAnswer> {
    let openai = Node::read(openai)
        .map_err(|_| RowAnswer::error(13, "the upstream's answer cannot be read"))?;
    if let Some(error) = openai.field("error") {
        let message = error["message"].text().unwrap_or("the upstream gave an error");
        return Err(RowAnswer::error(13, message.chars().take(500).collect::<String>()));
    }
    let choices = openai["choices"].items();
    if choices.is_empty() {
        return Err(RowAnswer::error(13, "the upstream's answer has no choices"));
    }
    let candidates: Vec<Json<'_>> = (0..)
        .zip(choices)
        .map(|(n, choice)| {
            candidate(choice, choice["index"].integer().unwrap_or(n), asked.thoughts).into()
        })
        .collect();
    let text = |name: &str, own: &str| openai[name].some_text().unwrap_or(own).into();
    let mut response = object([
        ("candidates", candidates.into()),
        ("modelVersion", text("model", asked.model)),
        ("responseId", text("id", asked.response_id)),
    ]);
    if let Some(usage) = usage(&openai["usage"]) {
        response.put("usageMetadata", usage);
    }
    let made = serde_json::value::to_raw_value(&response);
    made.map(RowAnswer::Verbatim).map_err(|_| super::broken("answer"))
}

fn candidate<'a>(choice: &Node<'a>, index: i64, thoughts: bool) -> Object<'a> {
    let message = &choice["message"];
    let said = |finish: &str| object([("finishReason", finish.into()), ("index", index.into())]);
    if let Some(refusal) = message["refusal"].some_text() {
        let mut refused = said("SAFETY");
        refused.put("finishMessage", refusal);
        return refused;
    }
    let mut parts = texts(message, thoughts);
    let whole = add_calls(message, &mut parts);
    let mut candidate = match choice["finish_reason"].text() {
        // Why a model was stopped says more than that its call is not whole.
        Some("length") => said("MAX_TOKENS"),
        Some("content_filter") => said("SAFETY"),
        Some("stop" | "tool_calls" | "function_call" | "eos") | None if whole => said("STOP"),
        Some("stop" | "tool_calls" | "function_call" | "eos") | None => {
            return said("MALFORMED_FUNCTION_CALL");
        }
        Some(_) => said("OTHER"),
    };
    // A reply without parts has no content, as with the service itself.
    if !parts.is_empty() {
        candidate.put("content", object([("role", "model".into()), ("parts", parts.into())]));
    }
    candidate
}

fn texts<'a>(message: &Node<'a>, thoughts: bool) -> Vec<Json<'a>> {
    let mut parts = Vec::new();
    let thought = message["reasoning_content"].text().or_else(|| message["reasoning"].text());
    if let Some(thought) = thought.filter(|text| thoughts && !text.is_empty()) {
        let said = RawValue::TRUE;
        parts.push(object([("text", thought.into()), ("thought", Json::Raw(said))]).into());
    }
    let content = &message["content"];
    let pieces = content.items().iter().filter_map(|piece| piece["text"].some_text());
    let texts = content.some_text().into_iter().chain(pieces);
    parts.extend(texts.map(|text| object([("text", text.into())]).into()));
    parts
}

/// Adds the calls that are whole, and tells whether all are.
fn add_calls<'a>(message: &Node<'a>, parts: &mut Vec<Json<'a>>) -> bool {
    let mut calls: Vec<Option<Json<'a>>> = message["tool_calls"]
        .items()
        .iter()
        .map(|made| call(&made["function"], made["id"].some_text()))
        .collect();
    if message["function_call"].is_object() {
        calls.push(call(&message["function_call"], None));
    }
    let whole = calls.iter().all(Option::is_some);
    parts.extend(calls.into_iter().flatten());
    whole
}

/// A call, its arguments as the model wrote them; `None` when they are no JSON object.
fn call<'a>(function: &Node<'a>, id: Option<&str>) -> Option<Json<'a>> {
    let arguments = &function["arguments"];
    let args = match arguments.text() {
        Some(text) if text.trim().is_empty() => Object::default().into(),
        Some(text) => Json::Owned(object_of(text)?),
        // Against the protocol, and yet some servers do so.
        None if arguments.is_object() => Json::Owned(object_of(arguments.raw().get())?),
        None if arguments.is_null() => Object::default().into(),
        None => return None,
    };
    let mut call = object([("name", function["name"].text()?.into()), ("args", args)]);
    if let Some(id) = id {
        call.put("id", id);
    }
    Some(object([("functionCall", call.into())]).into())
}

fn object_of(text: &str) -> Option<Box<RawValue>> {
    // Whoever reads results is to be spared what serde itself cannot read, such as 1e400.
    serde_json::from_str::<Value>(text).ok().filter(Value::is_object)?;
    serde_json::from_str(text).ok()
}

fn usage<'a>(usage: &Node<'a>) -> Option<Json<'a>> {
    let prompt = usage["prompt_tokens"].count()?;
    let completion = usage["completion_tokens"].count().unwrap_or(0);
    let details = |of: &str, name: &str| usage[of][name].count().unwrap_or(0);
    let thoughts = details("completion_tokens_details", "reasoning_tokens");
    let cached = details("prompt_tokens_details", "cached_tokens");
    let total = usage["total_tokens"].count().unwrap_or(prompt.saturating_add(completion));
    let mut out = Object::default();
    for (name, n, always) in [
        ("promptTokenCount", prompt, true),
        // OpenAI counts thoughts among what was said, Gemini beside it.
        ("candidatesTokenCount", completion.saturating_sub(thoughts), false),
        ("thoughtsTokenCount", thoughts, false),
        ("cachedContentTokenCount", cached, false),
        ("totalTokenCount", total, true),
    ] {
        if n > 0 || always {
            out.put(name, i64::try_from(n).unwrap_or(i64::MAX));
        }
    }
    Some(out.into())
}

#[cfg(test)]
#[path = "from_openai_tests.rs"]
mod tests;
