//! What the rules see of a request: its last user text, its functions, its limits.

use serde_json::{Value, json};

use super::signal::Signs;
use crate::validate::{NO_CONTENTS, conflict, field, has_no_contents};

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) parameters: Option<Value>,
}

/// Whether functions may be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Auto,
    Any,
    None,
}

#[derive(Debug)]
pub(crate) struct View {
    /// The last user turn that has text.
    pub(crate) text: String,
    pub(crate) signs: Signs,
    pub(crate) functions: Vec<Function>,
    pub(crate) mode: Mode,
    pub(crate) prompt_tokens: usize,
    pub(crate) image_tokens: usize,
    pub(crate) max_output_tokens: Option<usize>,
    pub(crate) thinking_budget: Option<i64>,
    pub(crate) include_thoughts: bool,
    /// The schema that the answer must have, if it must be JSON.
    pub(crate) response_schema: Option<Value>,
    /// Why the model cannot take the request.
    pub(crate) fault: Option<&'static str>,
}

impl View {
    pub(crate) fn of(request: &Value) -> Self {
        let contents = list(request, "contents");
        let config = field(request, "generationConfig").unwrap_or(&Value::Null);
        let thinking = field(config, "thinkingConfig").unwrap_or(&Value::Null);
        let (text_tokens, image_tokens) = count(request);
        let (functions, mode) = functions(request);
        let text = last_user_text(contents);
        Self {
            signs: Signs::of(&text),
            text,
            functions,
            mode,
            prompt_tokens: text_tokens + image_tokens,
            image_tokens,
            max_output_tokens: field(config, "maxOutputTokens")
                .and_then(integer)
                .and_then(|n| usize::try_from(n).ok())
                .filter(|n| *n > 0),
            thinking_budget: field(thinking, "thinkingBudget").and_then(integer),
            include_thoughts: field(thinking, "includeThoughts") == Some(&Value::Bool(true)),
            response_schema: response_schema(config),
            fault: fault(request, contents),
        }
    }

    pub(crate) fn token_details(&self) -> Value {
        let text = self.prompt_tokens - self.image_tokens;
        let mut details = vec![json!({ "modality": "TEXT", "tokenCount": text })];
        if self.image_tokens > 0 {
            details.push(json!({ "modality": "IMAGE", "tokenCount": self.image_tokens }));
        }
        details.into()
    }
}

/// The tokens of a prompt, as text and as images, by a rule of thumb: four bytes a token, 258
/// tokens an image.
pub(crate) fn prompt_tokens(request: &Value) -> Value {
    let (text, image) = count(request);
    let mut details = vec![json!({ "modality": "TEXT", "tokenCount": text })];
    if image > 0 {
        details.push(json!({ "modality": "IMAGE", "tokenCount": image }));
    }
    json!({ "totalTokens": text + image, "promptTokensDetails": details })
}

fn count(request: &Value) -> (usize, usize) {
    let system = field(request, "systemInstruction").into_iter();
    let turns = list(request, "contents").iter().chain(system);
    let mut bytes = 0;
    let mut images = 0;
    for part in turns.flat_map(|turn| list(turn, "parts")) {
        if field(part, "inlineData").or_else(|| field(part, "fileData")).is_some() {
            images += 1;
        } else {
            let text = part.get("text").and_then(Value::as_str);
            bytes += text.map_or_else(|| part.to_string().len(), str::len);
        }
    }
    let tools = field(request, "tools").map_or(0, |tools| tools.to_string().len());
    ((bytes + tools).div_ceil(4), images * 258)
}

fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    field(object, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An integer as proto JSON gives it: a number or a text.
pub(crate) fn integer(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn last_user_text(contents: &[Value]) -> String {
    let texts = contents.iter().rev().filter(|turn| turn["role"] != "model").map(|turn| {
        let texts = list(turn, "parts").iter().filter_map(|part| part.get("text")?.as_str());
        texts.collect::<Vec<_>>().join("\n")
    });
    texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
}

fn functions(request: &Value) -> (Vec<Function>, Mode) {
    let config = field(request, "toolConfig")
        .and_then(|config| field(config, "functionCallingConfig"))
        .unwrap_or(&Value::Null);
    let mode = match config.get("mode").and_then(Value::as_str) {
        Some("ANY") => Mode::Any,
        Some("NONE") => Mode::None,
        _ => Mode::Auto,
    };
    let allowed: Vec<&str> =
        list(config, "allowedFunctionNames").iter().filter_map(Value::as_str).collect();
    let declared =
        list(request, "tools").iter().flat_map(|tool| list(tool, "functionDeclarations"));
    let functions = declared
        .filter_map(|function| {
            let text = |name| function.get(name).and_then(Value::as_str).unwrap_or_default();
            let schema = field(function, "parameters")
                .or_else(|| field(function, "parametersJsonSchema"))
                .filter(|schema| schema.is_object());
            (!text("name").is_empty()).then(|| Function {
                name: text("name").to_owned(),
                description: text("description").to_owned(),
                parameters: schema.cloned(),
            })
        })
        .filter(|function| allowed.is_empty() || allowed.contains(&function.name.as_str()))
        .collect();
    (functions, mode)
}

fn response_schema(config: &Value) -> Option<Value> {
    let mime = field(config, "responseMimeType").and_then(Value::as_str).unwrap_or("text/plain");
    let schema = field(config, "responseSchema")
        .or_else(|| field(config, "responseJsonSchema"))
        .or_else(|| config.get("_responseJsonSchema"));
    match mime {
        "application/json" => Some(schema.cloned().unwrap_or_else(|| json!({ "type": "OBJECT" }))),
        "text/x.enum" => schema.cloned(),
        _ => None,
    }
}

/// The media types that the emulated models take.
const MEDIA: [&str; 6] =
    ["image/", "audio/", "video/", "text/", "application/pdf", "application/json"];

fn fault(request: &Value, contents: &[Value]) -> Option<&'static str> {
    let empty = has_no_contents(request).then_some(NO_CONTENTS);
    empty.or_else(|| conflict(request)).or_else(|| bad_media(contents))
}

fn bad_media(contents: &[Value]) -> Option<&'static str> {
    for part in contents.iter().flat_map(|turn| list(turn, "parts")) {
        let Some(blob) = field(part, "inlineData") else { continue };
        let mime = field(blob, "mimeType").and_then(Value::as_str).unwrap_or_default();
        if !MEDIA.iter().any(|known| mime.starts_with(known)) {
            return Some("Unsupported MIME type of inline data.");
        }
        let data = blob.get("data").and_then(Value::as_str).unwrap_or_default();
        let byte = |c: u8| c.is_ascii_alphanumeric() || b"+/-_=\r\n".contains(&c);
        if data.is_empty() || !data.bytes().all(byte) {
            return Some("Unable to process input image. Please retry or report.");
        }
    }
    None
}
