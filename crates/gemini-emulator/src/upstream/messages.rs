//! Turns and parts to messages: text, images, audio, calls and what they gave back.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::Untranslatable;
use crate::validate::field;

/// `contents` and `systemInstruction` as OpenAI's messages.
pub(super) fn messages(request: &Value) -> Result<Vec<Value>, Untranslatable> {
    let mut messages = Vec::new();
    if let Some(system) = field(request, "systemInstruction").filter(|value| !value.is_null()) {
        let texts: Result<Vec<&str>, _> = parts(system)
            .iter()
            .map(|part| only_text(part, "a part other than text in systemInstruction"))
            .collect();
        messages.push(json!({ "role": "system", "content": texts?.join("\n") }));
    }
    let turns = request.get("contents").and_then(Value::as_array).into_iter().flatten();
    let mut calls = Calls::default();
    for turn in turns {
        match turn.get("role").and_then(Value::as_str).unwrap_or("user") {
            "user" | "function" | "" => user(turn, &mut calls, &mut messages)?,
            "model" => messages.push(model(turn, &mut calls)?),
            other => return Err(Untranslatable::new(format!("the role {other:?}"))),
        }
    }
    Ok(messages)
}

/// The calls that have no response yet; Gemini joins them by name and order, OpenAI by id.
#[derive(Debug, Default)]
struct Calls {
    made: usize,
    open: VecDeque<(String, String)>,
}

impl Calls {
    /// The id of a call that the model made.
    fn open(&mut self, name: &str, id: Option<&str>) -> String {
        self.made += 1;
        let id = id.map_or_else(|| format!("call_{}", self.made), ToOwned::to_owned);
        self.open.push_back((name.to_owned(), id.clone()));
        id
    }

    /// The id of the call that a response is for.
    fn close(&mut self, name: &str, id: Option<&str>) -> Option<String> {
        let by_id = |(_, known): &(String, String)| Some(known.as_str()) == id;
        let by_name = |(known, _): &(String, String)| known == name;
        let found = self.open.iter().position(by_id);
        let at = found.or_else(|| self.open.iter().position(by_name))?;
        self.open.remove(at).map(|(_, id)| id)
    }
}

fn parts(turn: &Value) -> &[Value] {
    turn.get("parts").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn text(part: &Value) -> Option<&str> {
    part.get("text").and_then(Value::as_str)
}

fn only_text<'a>(part: &'a Value, what: &str) -> Result<&'a str, Untranslatable> {
    text(part).ok_or_else(|| Untranslatable::new(what))
}

/// What a part is apart from what describes it; thoughts of earlier turns are left out.
fn kind(part: &Value) -> &str {
    let beside = ["thought", "thoughtSignature", "partMetadata", "mediaResolution"];
    let names = part.as_object().into_iter().flatten().map(|(name, _)| name.as_str());
    let is_beside = |name: &str| beside.iter().any(|known| same(known, name));
    names.into_iter().find(|name| !is_beside(name)).unwrap_or_default()
}

/// Whether a field is called so, in either spelling.
fn same(camel: &str, name: &str) -> bool {
    name.replace('_', "").eq_ignore_ascii_case(camel)
}

fn user(turn: &Value, calls: &mut Calls, messages: &mut Vec<Value>) -> Result<(), Untranslatable> {
    let mut content: Vec<Value> = Vec::new();
    let mut responded = false;
    for part in parts(turn) {
        if let Some(text) = text(part) {
            content.push(json!({ "type": "text", "text": text }));
        } else if let Some(blob) = field(part, "inlineData") {
            content.push(inline(blob)?);
        } else if let Some(file) = field(part, "fileData") {
            content.push(linked(file)?);
        } else if let Some(response) = field(part, "functionResponse") {
            messages.push(tool(response, calls)?);
            responded = true;
        } else {
            return Err(Untranslatable::new(format!("the part {:?}", kind(part))));
        }
        if field(part, "videoMetadata").is_some() {
            return Err(Untranslatable::new("videoMetadata"));
        }
    }
    if responded && content.is_empty() {
        return Ok(());
    }
    messages.push(json!({ "role": "user", "content": plain(content) }));
    Ok(())
}

/// Text alone goes as one text, which every server takes; else the parts.
fn plain(content: Vec<Value>) -> Value {
    let texts: Option<Vec<&str>> = content.iter().map(text).collect();
    match texts {
        Some(texts) => texts.join("\n").into(),
        None => content.into(),
    }
}

fn model(turn: &Value, calls: &mut Calls) -> Result<Value, Untranslatable> {
    let mut texts = Vec::new();
    let mut made = Vec::new();
    for part in parts(turn) {
        if part.get("thought") == Some(&Value::Bool(true)) {
            continue;
        }
        if let Some(text) = text(part) {
            texts.push(text);
        } else if let Some(call) = field(part, "functionCall") {
            let name = call.get("name").and_then(Value::as_str).unwrap_or_default();
            let id = calls.open(name, call.get("id").and_then(Value::as_str));
            let args = call.get("args").map_or_else(|| "{}".to_owned(), Value::to_string);
            made.push(json!({
                "id": id,
                "type": "function",
                "function": { "name": name, "arguments": args },
            }));
        } else if !kind(part).is_empty() {
            let what = format!("the part {:?} of a turn of the model's", kind(part));
            return Err(Untranslatable::new(what));
        }
    }
    let content =
        if texts.is_empty() && !made.is_empty() { Value::Null } else { texts.join("\n").into() };
    let mut message = json!({ "role": "assistant", "content": content });
    if !made.is_empty() {
        message["tool_calls"] = made.into();
    }
    Ok(message)
}

fn tool(response: &Value, calls: &mut Calls) -> Result<Value, Untranslatable> {
    let name = response.get("name").and_then(Value::as_str).unwrap_or_default();
    if response.get("parts").is_some_and(|parts| !parts.is_null()) {
        return Err(Untranslatable::new("parts in a functionResponse"));
    }
    let id = calls.close(name, response.get("id").and_then(Value::as_str));
    let id = id.ok_or_else(|| {
        Untranslatable::new(format!("a functionResponse of {name:?} without a call before it"))
    })?;
    let said = response.get("response").unwrap_or(&Value::Null);
    Ok(json!({ "role": "tool", "tool_call_id": id, "content": said.to_string() }))
}

fn inline(blob: &Value) -> Result<Value, Untranslatable> {
    let mime = field(blob, "mimeType").and_then(Value::as_str).unwrap_or_default();
    let data = blob.get("data").and_then(Value::as_str).unwrap_or_default();
    // Proto JSON takes both alphabets, a data URL only the first.
    let data: String = data
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    if data.is_empty() {
        return Err(Untranslatable::new("inlineData without data"));
    }
    if mime.starts_with("image/") {
        let url = format!("data:{mime};base64,{data}");
        return Ok(json!({ "type": "image_url", "image_url": { "url": url } }));
    }
    let format = match mime {
        "audio/wav" | "audio/x-wav" => "wav",
        "audio/mp3" | "audio/mpeg" => "mp3",
        _ => return Err(Untranslatable::new(format!("inlineData of type {mime:?}"))),
    };
    Ok(json!({ "type": "input_audio", "input_audio": { "data": data, "format": format } }))
}

/// An image that is anywhere on the web; files of the Files API can only be read with its key.
fn linked(file: &Value) -> Result<Value, Untranslatable> {
    let uri = field(file, "fileUri").and_then(Value::as_str).unwrap_or_default();
    let mime = field(file, "mimeType").and_then(Value::as_str).unwrap_or_default();
    let on_the_web = uri.starts_with("https://") || uri.starts_with("http://");
    if !on_the_web || uri.contains("/files/") || !mime.starts_with("image/") {
        return Err(Untranslatable::new("fileData that is not an image on the web"));
    }
    Ok(json!({ "type": "image_url", "image_url": { "url": uri } }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(contents: &Value) -> Result<Value, String> {
        messages(&json!({ "contents": contents })).map(Value::from).map_err(|wrong| wrong.0)
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        for (parts, role, expected) in [
            (json!([{"executableCode": {}}]), "model", "executableCode"),
            (json!([{"executable_code": {}, "thought": false}]), "user", "executable_code"),
            (
                json!([{"inlineData": {"mimeType": "video/mp4", "data": "AA=="}}]),
                "user",
                "video/mp4",
            ),
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
            (
                json!([{"functionResponse": {"name": "f", "response": {}}}]),
                "user",
                "without a call",
            ),
            (json!([{"text": "x", "videoMetadata": {"fps": 1}}]), "user", "videoMetadata"),
            (
                json!([{"inlineData": {"mimeType": "image/png", "data": "AA"}}]),
                "model",
                "inlineData",
            ),
            (json!([{"text": "x"}]), "owner", "owner"),
        ] {
            let wrong = said(&json!([{ "role": role, "parts": parts }])).unwrap_err();
            assert!(wrong.contains(expected), "{wrong}");
        }
        let system = json!({"systemInstruction": {"parts": [{"inlineData": {}}]}, "contents": []});
        assert!(messages(&system).unwrap_err().0.contains("systemInstruction"));
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
}
