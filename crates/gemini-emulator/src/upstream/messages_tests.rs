//! Turns there and what becomes of them, side by side.

use serde_json::{Value, json};

use super::*;

fn all(request: &str) -> Result<Value, String> {
    let raw: Box<RawValue> = serde_json::from_str(request).unwrap();
    let node = Node::read(&raw).unwrap();
    let told = messages(&node).map_err(|wrong| wrong.0)?;
    Ok(serde_json::to_value(told).unwrap())
}

fn said(contents: &Value) -> Result<Value, String> {
    all(&json!({ "contents": contents }).to_string())
}

#[test]
fn what_has_no_counterpart_is_named() {
    for (parts, role, expected) in [
        (json!([{"executableCode": {}}]), "model", "executableCode"),
        (json!([{"executable_code": {}, "thought": false}]), "user", "executable_code"),
        (json!([{"inlineData": {"mimeType": "video/mp4", "data": "AA=="}}]), "user", "video/mp4"),
        (json!([{"inlineData": {"mimeType": "image/png"}}]), "user", "without data"),
        (
            json!([{"fileData": {"mimeType": "image/png", "fileUri": "gs://b/o"}}]),
            "user",
            "fileData",
        ),
        (
            json!([{"file_data": {"mime_type": "image/png",
                "file_uri": "https://generativelanguage.googleapis.com/v1beta/files/x"}}]),
            "user",
            "fileData",
        ),
        (json!([{"functionResponse": {"name": "f", "response": {}}}]), "user", "without a call"),
        (json!([{"text": "x", "videoMetadata": {"fps": 1}}]), "user", "videoMetadata"),
        (json!([{"inlineData": {"mimeType": "image/png", "data": "AA"}}]), "model", "inlineData"),
        (json!([{"text": "x"}]), "owner", "owner"),
    ] {
        let wrong = said(&json!([{ "role": role, "parts": parts }])).unwrap_err();
        assert!(wrong.contains(expected), "{wrong}");
    }
    let system = json!({"systemInstruction": {"parts": [{"inlineData": {}}]}, "contents": []});
    assert!(all(&system.to_string()).unwrap_err().contains("systemInstruction"));
}

#[test]
fn responses_find_their_calls_by_id_then_by_name_in_order() {
    let call = |name: &str, id: Option<&str>| match id {
        Some(id) => json!({"functionCall": {"name": name, "id": id, "args": {"n": 1}}}),
        None => json!({"functionCall": {"name": name}}),
    };
    let back = |name: &str, id: Option<&str>, n: u8| match id {
        Some(id) => json!({"functionResponse": {"name": name, "id": id, "response": {"n": n}}}),
        None => json!({"function_response": {"name": name, "response": {"n": n}}}),
    };
    let turns = json!([
        {"parts": [{"text": "go"}]},
        {"role": "model", "parts": [call("f", None), call("g", Some("own")), call("f", None)]},
        {"role": "user", "parts": [back("g", Some("own"), 1), back("f", None, 2), back("f", None, 3),
                                   {"text": "and now?"}]}]);
    let told = said(&turns).unwrap();
    assert_eq!(told[1]["content"], Value::Null);
    let ids = |at: &str| -> Vec<Value> {
        told.as_array().unwrap().iter().filter_map(|m| m.get(at).cloned()).collect()
    };
    assert_eq!(ids("tool_call_id"), ["own", "call_1", "call_3"]);
    assert_eq!(told[3]["content"], r#"{"n":2}"#);
    assert_eq!(told[1]["tool_calls"][1]["function"]["arguments"], r#"{"n":1}"#);
    assert_eq!(told[1]["tool_calls"][0]["function"]["arguments"], "{}");
    assert_eq!(told[5], json!({"role": "user", "content": "and now?"}));
}

#[test]
fn texts_of_a_turn_are_joined_with_nothing_and_thoughts_left_out() {
    let pieces = json!([{"text": "Hello "}, {"text": "wor"}, {"text": "hm", "thought": true}, {"text": "ld"}]);
    let picture = json!({"inlineData": {"mimeType": "image/png", "data": "AA=="}});
    let request = json!({
        "systemInstruction": {"parts": [{"text": "a"}, {"text": "b"}]},
        "contents": [
            {"role": "user", "parts": pieces},
            {"role": "model", "parts": pieces},
            {"role": "user", "parts": [{"text": "only a thought", "thought": true}]},
            {"role": "model", "parts": [{"text": "likewise", "thought": true}]},
            {"role": "user", "parts": [{"text": "x"}, {"text": "y"}, picture, {"text": "z"}]}]});
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}});
    assert_eq!(
        all(&request.to_string()).unwrap(),
        json!([
            {"role": "system", "content": "ab"},
            {"role": "user", "content": "Hello world"},
            {"role": "assistant", "content": "Hello world"},
            {"role": "user", "content": [
                {"type": "text", "text": "xy"}, image, {"type": "text", "text": "z"}]}])
    );
}

#[test]
fn arguments_and_responses_go_byte_for_byte() {
    let args = r#"{"n": 12345678901234567890123, "b": 1.10, "a": -0}"#;
    let told = all(&format!(
        r#"{{"contents": [
            {{"role": "model", "parts": [{{"functionCall": {{"name": "f", "args": {args}}}}}]}},
            {{"parts": [{{"functionResponse": {{"name": "f", "response": {args}}}}}]}}]}}"#
    ))
    .unwrap();
    assert_eq!(told[0]["tool_calls"][0]["function"]["arguments"], args);
    assert_eq!(told[1]["content"], args);
}

#[test]
fn no_two_calls_have_one_id() {
    let call = |id: Option<&str>| json!({"functionCall": {"name": "f", "id": id}});
    let back = |id: Option<&str>, n: u8| json!({"functionResponse": {"name": "f", "id": id, "response": {"n": n}}});
    let told = said(&json!([
        {"role": "model", "parts": [call(Some("call_2")), call(None), call(Some("call_2")), call(Some("call_4")), call(None)]},
        {"parts": [back(Some("call_2"), 1), back(None, 2), back(Some("call_2"), 3), back(Some("call_4"), 4), back(None, 5)]}]))
    .unwrap();
    let made: Vec<&str> = told[0]["tool_calls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|call| call["id"].as_str().unwrap())
        .collect();
    assert_eq!(made, ["call_2", "call_3", "call_5", "call_4", "call_6"]);
    for (n, id) in made.iter().enumerate() {
        assert_eq!(told[n + 1]["tool_call_id"], *id);
        assert_eq!(told[n + 1]["content"], format!("{{\"n\":{}}}", n + 1));
    }
}

#[test]
fn calls_without_a_response_are_named() {
    let call = json!({"functionCall": {"name": "look"}});
    let back = json!({"functionResponse": {"name": "look", "response": {}}});
    for turns in [
        json!([{"role": "model", "parts": [call]}]),
        json!([{"role": "model", "parts": [call]}, {"parts": [{"text": "and?"}]}, {"parts": [back]}]),
        json!([{"role": "model", "parts": [call, call]}, {"parts": [back, {"text": "and?"}]}]),
        json!([{"role": "model", "parts": [call]}, {"role": "model", "parts": [{"text": "x"}]}]),
    ] {
        let wrong = said(&turns).unwrap_err();
        assert!(wrong.contains("\"look\" without a functionResponse"), "{wrong}");
    }
    let apart =
        json!([{"role": "model", "parts": [call, call]}, {"parts": [back]}, {"parts": [back]}]);
    assert_eq!(said(&apart).unwrap().as_array().unwrap().len(), 3);
}
