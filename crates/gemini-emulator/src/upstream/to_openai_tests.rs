//! Requests there and what becomes of them, side by side.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;

fn text(gemini: &str) -> Result<String, String> {
    let raw: Box<RawValue> = serde_json::from_str(gemini).unwrap();
    let node = Node::read(&raw).unwrap();
    let said = request(&node, "m").map_err(|wrong| wrong.0)?;
    Ok(serde_json::to_string(&said).unwrap())
}

fn there(gemini: &Value) -> Value {
    serde_json::from_str(&text(&gemini.to_string()).unwrap()).unwrap()
}

#[test]
fn a_whole_conversation() {
    let gemini = json!({
        "model": "models/left-out",
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "Be kind."}]},
        "contents": [
            {"role": "user", "parts": [
                {"text": "What is this?"},
                {"inlineData": {"mimeType": "image/png", "data": "-_8="}},
                {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://example.org/a.jpg"}},
                {"inline_data": {"mime_type": "audio/wav", "data": "UklG"}}]},
            {"role": "model", "parts": [
                {"text": "let me think", "thought": true},
                {"text": "I look it up.", "thoughtSignature": "s"},
                {"functionCall": {"name": "look", "args": {"q": "x", "n": 1.5}}}]},
            {"role": "user", "parts": [
                {"functionResponse": {"name": "look", "response": {"found": true}}}]},
            {"role": "user", "parts": [{"text": "So?"}, {"text": "Tell me."}]}],
        "tools": [{"functionDeclarations": [
            {"name": "look", "description": "Looks it up", "response": {"type": "OBJECT"},
             "parameters": {"type": "OBJECT", "properties": {"q": {"type": "STRING"}}}},
            {"name": "bare"},
            {"name": "own", "parametersJsonSchema": {"type": "object", "x": 1}}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "AUTO"}},
        "safetySettings": [{"category": "HARM_CATEGORY_HARASSMENT", "threshold": "BLOCK_NONE"}],
        "generationConfig": {
            "temperature": 0.2, "topP": 0.9, "topK": 40, "maxOutputTokens": "100",
            "stopSequences": ["END"], "seed": 7, "presencePenalty": 0.1, "frequencyPenalty": -0.1,
            "candidateCount": 2, "responseModalities": ["TEXT"], "responseMimeType": "text/plain",
            "thinkingConfig": {"thinkingBudget": 0}}});
    let openai = json!({
        "model": "m",
        "messages": [
            {"role": "system", "content": "Be brief.Be kind."},
            {"role": "user", "content": [
                {"type": "text", "text": "What is this?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,+/8="}},
                {"type": "image_url", "image_url": {"url": "https://example.org/a.jpg"}},
                {"type": "input_audio", "input_audio": {"data": "UklG", "format": "wav"}}]},
            {"role": "assistant", "content": "I look it up.", "tool_calls": [
                {"id": "call_1", "type": "function",
                 "function": {"name": "look", "arguments": "{\"n\":1.5,\"q\":\"x\"}"}}]},
            {"role": "tool", "tool_call_id": "call_1", "content": "{\"found\":true}"},
            {"role": "user", "content": "So?Tell me."}],
        "tools": [
            {"type": "function", "function": {"name": "look", "description": "Looks it up",
                "parameters": {"type": "object", "properties": {"q": {"type": "string"}}}}},
            {"type": "function", "function": {"name": "bare",
                "parameters": {"type": "object", "properties": {}}}},
            {"type": "function", "function": {"name": "own",
                "parameters": {"type": "object", "x": 1}}}],
        "tool_choice": "auto",
        "temperature": 0.2, "top_p": 0.9, "top_k": 40, "max_tokens": 100, "stop": ["END"],
        "seed": 7, "presence_penalty": 0.1, "frequency_penalty": -0.1, "n": 2});
    assert_eq!(there(&gemini), openai);
}

#[test]
fn snake_case_is_read_as_well() {
    let gemini = json!({
        "contents": [{"parts": [{"text": "x"}]}],
        "system_instruction": {"parts": [{"text": "s"}]},
        "tools": [{"function_declarations": [{"name": "f"}, {"name": "g"}]}],
        "tool_config": {"function_calling_config":
            {"mode": "ANY", "allowed_function_names": ["g"]}},
        "generation_config": {"max_output_tokens": 5, "response_mime_type": "application/json",
            "response_schema": {"type": "STRING"}}});
    let said = there(&gemini);
    assert_eq!(said["messages"][0], json!({"role": "system", "content": "s"}));
    assert_eq!(said["tools"].as_array().unwrap().len(), 1);
    assert_eq!(said["tool_choice"], json!({"type": "function", "function": {"name": "g"}}));
    assert_eq!(said["max_tokens"], 5);
    assert_eq!(
        said["response_format"],
        json!({"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "string"}}})
    );
}

#[test]
fn modes_and_formats() {
    let with = |mode: &str, allowed: &[&str]| {
        json!({"contents": [{"parts": [{"text": "x"}]}],
            "tools": [{"functionDeclarations": [{"name": "f"}, {"name": "g"}, {"name": "h"}]}],
            "toolConfig": {"functionCallingConfig": {"mode": mode, "allowedFunctionNames": allowed}}})
    };
    for (mode, allowed, choice, tools) in [
        ("AUTO", [].as_slice(), "auto", 3),
        ("NONE", &[], "none", 3),
        ("ANY", &[], "required", 3),
        ("ANY", &["f", "h"], "required", 2),
        ("any", &[], "required", 3),
        ("VALIDATED", &["f"], "auto", 1),
        ("validated", &[], "auto", 3),
    ] {
        let said = there(&with(mode, allowed));
        assert_eq!(
            (&said["tool_choice"], said["tools"].as_array().unwrap().len()),
            (&json!(choice), tools)
        );
    }
    let json_only =
        json!({"contents": [], "generationConfig": {"responseMimeType": "application/json"}});
    assert_eq!(there(&json_only)["response_format"], json!({"type": "json_object"}));
    let none = json!({"contents": [], "toolConfig": {"functionCallingConfig": {"mode": "NONE"}}});
    assert_eq!(there(&none).get("tool_choice"), None, "without functions there is no choice");
}

#[test]
fn what_has_no_counterpart_is_named() {
    for (mut gemini, expected) in [
        (json!({"cachedContent": "cachedContents/x"}), "cachedContent"),
        (json!({"tools": [{"googleSearch": {}}]}), "googleSearch"),
        (json!({"tools": [{"code_execution": {}}]}), "code_execution"),
        (json!({"toolConfig": {"retrievalConfig": {}}}), "retrievalConfig"),
        (json!({"toolConfig": {"functionCallingConfig": {"mode": "SOME"}}}), "SOME"),
        (json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY"}}}), "no function"),
        (
            json!({"tools": [{"functionDeclarations": [{"name": "f", "behavior": "NON_BLOCKING"}]}]}),
            "behavior",
        ),
        (json!({"generationConfig": {"responseModalities": ["IMAGE"]}}), "responseModalities"),
        (json!({"generationConfig": {"responseMimeType": "text/x.enum"}}), "text/x.enum"),
        (json!({"generationConfig": {"responseSchema": {}}}), "responseSchema"),
        (json!({"generationConfig": {"responseLogprobs": true}}), "responseLogprobs"),
        (json!({"generationConfig": {"speech_config": {}}}), "speech_config"),
    ] {
        gemini["contents"] = json!([{"parts": [{"text": "x"}]}]);
        let wrong = text(&gemini.to_string()).unwrap_err();
        assert!(wrong.contains(expected), "{wrong}");
    }
}

#[test]
fn digits_and_the_order_of_properties_stay() {
    let gemini = r#"{"contents":[{"parts":[{"text":"x"}]}],
        "tools":[{"functionDeclarations":[
            {"name":"f","parameters":{"type":"OBJECT","properties":{"why":{"type":"STRING"},"flag":{"type":"BOOLEAN"}}}},
            {"name":"g","parametersJsonSchema":{"type":"object","properties":{"z":{},"a":{}}}}]}],
        "generationConfig":{"temperature":1.10,"maxOutputTokens":64.0,"responseMimeType":"application/json",
            "responseSchema":{"type":"OBJECT","propertyOrdering":["reasoning","answer"],
                "properties":{"answer":{"type":"STRING"},"reasoning":{"type":"STRING"}}}}}"#;
    let said = text(gemini).unwrap();
    for expected in [
        r#""properties":{"why":{"type":"string"},"flag":{"type":"boolean"}}"#,
        r#""parameters":{"type":"object","properties":{"z":{},"a":{}}}"#,
        r#""properties":{"reasoning":{"type":"string"},"answer":{"type":"string"}}"#,
        r#""temperature":1.10,"max_tokens":64,"#,
    ] {
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_limit_gets_the_name_that_a_server_asks_for() {
    let mut said = object([("max_tokens", 5.into()), ("n", 1.into())]);
    assert!(!renames_limit(&mut said, "temperature must be 1"));
    let refusal =
        "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
    assert!(renames_limit(&mut said, refusal));
    assert_eq!(serde_json::to_string(&said).unwrap(), r#"{"max_completion_tokens":5,"n":1}"#);
    assert!(!renames_limit(&mut said, refusal), "once");
}
