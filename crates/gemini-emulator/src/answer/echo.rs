//! Answers that say again what was said, for tests that want to see their input come through.

use async_trait::async_trait;
use serde_json::{Map, Value, json};

use super::view::{Function, Mode, View};
use super::{Answerer, RowAnswer, RowAsk, args};
use crate::dice::Dice;
use crate::validate::field;

#[derive(Debug)]
pub(crate) struct Echo;

#[async_trait]
impl Answerer for Echo {
    fn name(&self) -> &'static str {
        "echo"
    }

    fn description(&self) -> &'static str {
        "A model of the emulator; it says again what it is told."
    }

    async fn answer(&self, row: RowAsk<'_>) -> RowAnswer {
        match row.parsed() {
            Ok(request) => echo(&request, row),
            Err(refused) => refused,
        }
    }
}

fn echo(request: &Value, row: RowAsk<'_>) -> RowAnswer {
    let view = View::of(request);
    if let Some(message) = view.fault {
        return RowAnswer::error(3, message);
    }
    let part = match view.functions.first() {
        Some(function) if view.mode == Mode::Any => {
            json!({ "functionCall": { "name": function.name, "args": call(function, &view) } })
        }
        // JSON was asked for: the text as JSON is its quoted self.
        _ if view.response_schema.is_some() => json!({ "text": json!(view.text).to_string() }),
        _ => json!({ "text": view.text }),
    };
    let said = part.to_string().len().saturating_sub(10).div_ceil(4);
    RowAnswer::Response(json!({
        "candidates": [{
            "content": { "role": "model", "parts": [part] },
            "finishReason": "STOP",
            "index": 0,
        }],
        "usageMetadata": {
            "promptTokenCount": view.prompt_tokens,
            "candidatesTokenCount": said,
            "totalTokenCount": view.prompt_tokens + said,
            "promptTokensDetails": view.token_details(),
        },
        "modelVersion": row.model,
        "responseId": row.response_id,
    }))
}

/// The text in every parameter that takes any text; the other required ones as their schemas say.
fn call(function: &Function, view: &View) -> Value {
    let Some(schema) = &function.parameters else { return json!({ "text": view.text }) };
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return json!({});
    };
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let mut made = Map::new();
    for (name, schema) in properties {
        let kind = schema["type"].as_str().unwrap_or_default();
        let free = ["enum", "const", "format"].iter().all(|limit| schema.get(limit).is_none());
        if kind.eq_ignore_ascii_case("string") && free && field(schema, "maxLength").is_none() {
            made.insert(name.clone(), view.text.as_str().into());
        } else if required.contains(&name.as_str()) {
            made.insert(name.clone(), args::value(schema, name, view, &mut Dice::new(0)));
        }
    }
    made.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(request: &Value) -> Value {
        let raw = serde_json::value::to_raw_value(request).unwrap();
        let row = RowAsk { model: "m", request: &raw, response_id: "r" };
        let RowAnswer::Response(response) = echo(request, row) else { panic!("an error") };
        assert_eq!(
            (&response["modelVersion"], &response["responseId"]),
            (&json!("m"), &json!("r"))
        );
        response["candidates"][0]["content"]["parts"].clone()
    }

    #[test]
    fn text_comes_back_as_text_and_as_arguments() {
        let mut request = json!({"contents": [
            {"role": "user", "parts": [{"text": "first"}]},
            {"role": "model", "parts": [{"text": "answer"}]},
            {"role": "user", "parts": [{"text": "last"}, {"text": "words"}]}]});
        assert_eq!(parts(&request), json!([{"text": "last\nwords"}]));
        request["tools"] = json!([{"functionDeclarations": [
            {"name": "f", "parameters": {"type": "OBJECT", "required": ["n"], "properties": {
                "why": {"type": "STRING"}, "n": {"type": "INTEGER", "minimum": 3, "maximum": 3},
                "left": {"type": "NUMBER"}}}},
            {"name": "g"}]}]);
        assert_eq!(parts(&request), json!([{"text": "last\nwords"}]), "only when asked to call");
        request["toolConfig"] = json!({"functionCallingConfig": {"mode": "ANY"}});
        let call =
            |name: &str, args: Value| json!([{"functionCall": {"name": name, "args": args}}]);
        assert_eq!(parts(&request), call("f", json!({"why": "last\nwords", "n": 3})));
        request["toolConfig"]["functionCallingConfig"]["allowedFunctionNames"] = json!(["g"]);
        assert_eq!(parts(&request), call("g", json!({"text": "last\nwords"})));
    }
}
