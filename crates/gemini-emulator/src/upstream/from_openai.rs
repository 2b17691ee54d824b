//! A chat completion as a `GenerateContentResponse`.

use serde_json::{Map, Value, json};

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
pub(super) fn response(openai: &Value, asked: Asked<'_>) -> Result<RowAnswer, RowAnswer> {
    if let Some(error) = openai.get("error").filter(|error| !error.is_null()) {
        let message = error["message"].as_str().unwrap_or("the upstream gave an error");
        return Err(RowAnswer::error(13, message.chars().take(500).collect::<String>()));
    }
    let Some(choices) = openai["choices"].as_array().filter(|choices| !choices.is_empty()) else {
        return Err(RowAnswer::error(13, "the upstream's answer has no choices"));
    };
    let candidates: Vec<Value> = (0..)
        .zip(choices)
        .map(|(n, choice)| candidate(choice, choice["index"].as_u64().unwrap_or(n), asked.thoughts))
        .collect();
    let text = |name: &str| openai[name].as_str().filter(|text| !text.is_empty());
    let mut response = json!({
        "candidates": candidates,
        "modelVersion": text("model").unwrap_or(asked.model),
        "responseId": text("id").unwrap_or(asked.response_id),
    });
    if let Some(usage) = usage(&openai["usage"]) {
        response["usageMetadata"] = usage;
    }
    Ok(RowAnswer::Response(response))
}

fn candidate(choice: &Value, index: u64, thoughts: bool) -> Value {
    let message = &choice["message"];
    let said = |finish: &str| json!({ "finishReason": finish, "index": index });
    if let Some(refusal) = message["refusal"].as_str().filter(|text| !text.is_empty()) {
        let mut refused = said("SAFETY");
        refused["finishMessage"] = refusal.into();
        return refused;
    }
    let Some(parts) = parts(message, thoughts) else { return said("MALFORMED_FUNCTION_CALL") };
    let mut candidate = match choice["finish_reason"].as_str() {
        Some("stop" | "tool_calls" | "function_call" | "eos") | None => said("STOP"),
        Some("length") => said("MAX_TOKENS"),
        Some("content_filter") => said("SAFETY"),
        Some(_) => said("OTHER"),
    };
    // A reply without parts has no content, as with the service itself.
    if !parts.is_empty() {
        candidate["content"] = json!({ "role": "model", "parts": parts });
    }
    candidate
}

/// The parts of a message; `None` when a call's arguments are no JSON object.
fn parts(message: &Value, thoughts: bool) -> Option<Vec<Value>> {
    let mut parts = Vec::new();
    let thought = message["reasoning_content"].as_str().or_else(|| message["reasoning"].as_str());
    if let Some(thought) = thought.filter(|text| thoughts && !text.is_empty()) {
        parts.push(json!({ "text": thought, "thought": true }));
    }
    let texts = match &message["content"] {
        Value::String(text) => vec![text.as_str()],
        Value::Array(pieces) => pieces.iter().filter_map(|piece| piece["text"].as_str()).collect(),
        _ => Vec::new(),
    };
    parts.extend(texts.iter().filter(|text| !text.is_empty()).map(|text| json!({ "text": text })));
    for call in message["tool_calls"].as_array().into_iter().flatten() {
        parts.push(self::call(&call["function"], call["id"].as_str())?);
    }
    if message["function_call"].is_object() {
        parts.push(call(&message["function_call"], None)?);
    }
    Some(parts)
}

fn call(function: &Value, id: Option<&str>) -> Option<Value> {
    let args: Map<String, Value> = match &function["arguments"] {
        Value::String(text) if text.trim().is_empty() => Map::new(),
        Value::String(text) => serde_json::from_str(text).ok()?,
        // Against the protocol, and yet some servers do so.
        Value::Object(args) => args.clone(),
        Value::Null => Map::new(),
        _ => return None,
    };
    let mut call = json!({ "name": function["name"].as_str()?, "args": args });
    if let Some(id) = id.filter(|id| !id.is_empty()) {
        call["id"] = id.into();
    }
    Some(json!({ "functionCall": call }))
}

fn usage(usage: &Value) -> Option<Value> {
    let prompt = usage["prompt_tokens"].as_u64()?;
    let completion = usage["completion_tokens"].as_u64().unwrap_or(0);
    let thoughts = usage["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap_or(0);
    let cached = usage["prompt_tokens_details"]["cached_tokens"].as_u64().unwrap_or(0);
    let total = usage["total_tokens"].as_u64().unwrap_or(prompt + completion);
    let mut out = json!({ "promptTokenCount": prompt, "totalTokenCount": total });
    for (name, n) in [
        // OpenAI counts thoughts among what was said, Gemini beside it.
        ("candidatesTokenCount", completion.saturating_sub(thoughts)),
        ("thoughtsTokenCount", thoughts),
        ("cachedContentTokenCount", cached),
    ] {
        if n > 0 {
            out[name] = n.into();
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn back(openai: &Value, thoughts: bool) -> Value {
        let asked = Asked { model: "asked", response_id: "own", thoughts };
        let RowAnswer::Response(response) = response(openai, asked).unwrap() else { panic!() };
        response
    }

    #[test]
    fn a_whole_answer() {
        let openai = json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m-2026",
            "choices": [{"index": 0, "finish_reason": "tool_calls", "logprobs": null, "message": {
                "role": "assistant", "content": "I mark it.", "refusal": null,
                "reasoning_content": "hm",
                "tool_calls": [{"id": "call_9", "type": "function",
                    "function": {"name": "flag", "arguments": "{\"why\": \"é\", \"n\": 1.50}"}}]}}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 8, "total_tokens": 18,
                "prompt_tokens_details": {"cached_tokens": 4},
                "completion_tokens_details": {"reasoning_tokens": 3}}});
        let gemini = json!({
            "candidates": [{"index": 0, "finishReason": "STOP", "content": {"role": "model", "parts": [
                {"text": "I mark it."},
                {"functionCall": {"id": "call_9", "name": "flag", "args": {"why": "é", "n": 1.5}}}]}}],
            "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 5,
                "thoughtsTokenCount": 3, "cachedContentTokenCount": 4, "totalTokenCount": 18},
            "modelVersion": "m-2026", "responseId": "chatcmpl-1"});
        assert_eq!(back(&openai, false), gemini);
        let thoughtful = back(&openai, true);
        let first = &thoughtful["candidates"][0]["content"]["parts"][0];
        assert_eq!(first, &json!({"text": "hm", "thought": true}));
    }

    #[test]
    fn ends_and_oddities() {
        let one = |finish: Value, message: Value| {
            let openai = json!({"choices": [{"finish_reason": finish, "message": message}]});
            back(&openai, false)["candidates"][0].clone()
        };
        let call = |arguments: Value| json!({"content": null, "tool_calls": [{"function": {"name": "f", "arguments": arguments}}]});
        let parts = |candidate: &Value| candidate["content"]["parts"].clone();
        let text = json!({"content": "x"});
        for (finish, expected) in [
            (json!("stop"), "STOP"),
            (json!("length"), "MAX_TOKENS"),
            (json!("content_filter"), "SAFETY"),
            (json!("tool_calls"), "STOP"),
            (json!("abort"), "OTHER"),
            (Value::Null, "STOP"),
        ] {
            assert_eq!(one(finish, text.clone())["finishReason"], expected);
        }
        let refused = one(json!("stop"), json!({"content": null, "refusal": "I will not."}));
        assert_eq!(refused["finishReason"], "SAFETY");
        assert_eq!(
            (refused.get("content"), &refused["finishMessage"]),
            (None, &json!("I will not."))
        );
        assert_eq!(one(json!("stop"), json!({"content": ""})).get("content"), None);
        let pieces =
            json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]});
        assert_eq!(parts(&one(json!("stop"), pieces)), json!([{"text": "a"}, {"text": "b"}]));
        let no_args = json!([{"functionCall": {"name": "f", "args": {}}}]);
        for arguments in [json!(""), json!("{}"), json!({}), Value::Null] {
            assert_eq!(parts(&one(json!("tool_calls"), call(arguments))), no_args);
        }
        for arguments in [json!("{\"a\":"), json!("[1]"), json!("\"{}\""), json!(1)] {
            let broken = one(json!("tool_calls"), call(arguments));
            assert_eq!(broken["finishReason"], "MALFORMED_FUNCTION_CALL");
            assert_eq!(broken.get("content"), None);
        }
        let old = json!({"content": null, "function_call": {"name": "f", "arguments": "{}"}});
        assert_eq!(parts(&one(json!("function_call"), old)), no_args);
        let bare = back(&json!({"choices": [{"message": text}], "model": ""}), false);
        assert_eq!((&bare["modelVersion"], &bare["responseId"]), (&json!("asked"), &json!("own")));
        assert_eq!(bare.get("usageMetadata"), None);
    }

    #[test]
    fn what_is_no_answer_is_an_error() {
        let asked = Asked { model: "m", response_id: "r", thoughts: false };
        for body in
            [json!({}), json!({"choices": []}), json!([1]), json!({"error": {"message": "no"}})]
        {
            let Err(RowAnswer::Error { code, .. }) = response(&body, asked) else {
                panic!("{body}")
            };
            assert_eq!(code, 13);
        }
    }
}
