//! Answers of servers and what becomes of them, side by side.

use serde_json::json;

use super::*;

fn raw(openai: &str, thoughts: bool) -> Result<String, i32> {
    let openai: Box<RawValue> = serde_json::from_str(openai).unwrap();
    let asked = Asked { model: "asked", response_id: "own", thoughts };
    match response(&openai, asked) {
        Ok(RowAnswer::Verbatim(response)) => Ok(response.get().to_owned()),
        Err(RowAnswer::Error { code, .. }) => Err(code),
        other => panic!("{other:?}"),
    }
}

fn back(openai: &Value, thoughts: bool) -> Value {
    serde_json::from_str(&raw(&openai.to_string(), thoughts).unwrap()).unwrap()
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
    assert_eq!((refused.get("content"), &refused["finishMessage"]), (None, &json!("I will not.")));
    assert_eq!(one(json!("stop"), json!({"content": ""})).get("content"), None);
    let pieces = json!({"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]});
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
    for body in [r"{}", r#"{"choices":[]}"#, "[1]", r#"{"error":{"message":"no"}}"#] {
        assert_eq!(raw(body, false), Err(13), "{body}");
    }
}

#[test]
fn arguments_come_back_as_the_model_wrote_them() {
    let args = r#"{"n":12345678901234567890123,"b":1.10,"a":-0,"z":[1E2]}"#;
    let text = serde_json::to_string(args).unwrap();
    for arguments in [text.as_str(), args] {
        let openai = format!(
            r#"{{"choices":[{{"message":{{"tool_calls":[{{"function":{{"name":"f","arguments":{arguments}}}}}]}}}}]}}"#
        );
        let response = raw(&openai, false).unwrap();
        assert!(response.contains(&format!(r#""args":{args}"#)), "{response}");
    }
}

#[test]
fn the_limit_wins_over_a_call_that_it_cut() {
    let one = |finish: &str| {
        let made = |arguments: &str| json!({"function": {"name": "f", "arguments": arguments}});
        let message =
            json!({"content": "I try", "tool_calls": [made("{}"), made("{\"a\": \"hal")]});
        let openai = json!({"choices": [{"finish_reason": finish, "message": message}]});
        back(&openai, false)["candidates"][0].clone()
    };
    for (finish, expected) in
        [("length", "MAX_TOKENS"), ("content_filter", "SAFETY"), ("abort", "OTHER")]
    {
        let cut = one(finish);
        assert_eq!(cut["finishReason"], expected);
        let parts = json!([{"text": "I try"}, {"functionCall": {"name": "f", "args": {}}}]);
        assert_eq!(cut["content"]["parts"], parts, "what is whole stays");
    }
    assert_eq!(one("tool_calls")["finishReason"], "MALFORMED_FUNCTION_CALL");
}

#[test]
fn counts_are_read_however_they_are_written() {
    let openai = json!({"choices": [{"message": {"content": "x"}}],
        "usage": {"prompt_tokens": 5.0, "completion_tokens": 2.0, "total_tokens": 7.0}});
    assert_eq!(
        back(&openai, false)["usageMetadata"],
        json!({"promptTokenCount": 5, "candidatesTokenCount": 2, "totalTokenCount": 7})
    );
}
