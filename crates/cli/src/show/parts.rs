//! The parts of a content, each as one kind of thing: text, a thought, a call, a result, data.

use serde_json::Value;

use crate::words;

/// One part.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Part {
    Text(String),
    Thought(String),
    Call {
        name: String,
        arguments: Value,
    },
    /// What a function gave back.
    Result {
        name: String,
        response: Value,
    },
    /// Images and the like: what they are and how large.
    Data(String),
    /// Code that the model wrote or ran.
    Code(String),
    /// What we have no word for.
    Other(Value),
}

/// The parts of a `Content`, in either spelling of the names.
pub(crate) fn parts(content: &Value) -> Vec<Part> {
    content["parts"].as_array().into_iter().flatten().map(part).collect()
}

fn part(part: &Value) -> Part {
    let get = |name: &str, other: &str| part.get(name).or_else(|| part.get(other));
    let name = |of: &Value| of["name"].as_str().unwrap_or_default().to_owned();
    if let Some(call) = get("functionCall", "function_call") {
        return Part::Call { name: name(call), arguments: call["args"].clone() };
    }
    if let Some(result) = get("functionResponse", "function_response") {
        return Part::Result { name: name(result), response: result["response"].clone() };
    }
    if let Some(text) = part["text"].as_str() {
        let thought = part["thought"].as_bool() == Some(true);
        return if thought { Part::Thought(text.to_owned()) } else { Part::Text(text.to_owned()) };
    }
    if let Some(data) = get("inlineData", "inline_data") {
        let encoded = data["data"].as_str().map_or(0, str::len) as u64;
        let kind = either(data, "mimeType", "mime_type").as_str().unwrap_or("data of no kind");
        return Part::Data(format!("{kind}, {}", words::bytes(encoded / 4 * 3)));
    }
    if let Some(file) = get("fileData", "file_data") {
        let kind = either(file, "mimeType", "mime_type").as_str().unwrap_or("a file");
        let address = either(file, "fileUri", "file_uri").as_str().unwrap_or("no address");
        return Part::Data(format!("{kind} at {address}"));
    }
    if let Some(code) = get("executableCode", "executable_code") {
        return Part::Code(code["code"].as_str().unwrap_or_default().to_owned());
    }
    if let Some(ran) = get("codeExecutionResult", "code_execution_result") {
        return Part::Code(ran["output"].as_str().unwrap_or_default().to_owned());
    }
    Part::Other(part.clone())
}

pub(super) fn either<'v>(value: &'v Value, name: &str, other: &str) -> &'v Value {
    value.get(name).unwrap_or(&value[other])
}

impl Part {
    /// What it is, in a word, and it as text: calls laid out, an argument a line where several.
    pub(super) fn laid_out(&self) -> (&'static str, String) {
        match self {
            Self::Text(text) => ("text", text.clone()),
            Self::Thought(text) => ("thought", text.clone()),
            Self::Call { name, arguments } => ("call", called(name, arguments)),
            Self::Result { name, response } => ("result", format!("{name} → {response}")),
            Self::Data(what) => ("data", format!("[{what}]")),
            Self::Code(code) => ("code", code.clone()),
            Self::Other(value) => ("part", value.to_string()),
        }
    }
}

/// A call as code would have it.
fn called(name: &str, arguments: &Value) -> String {
    let Some(members) = arguments.as_object() else {
        return if arguments.is_null() {
            format!("{name}()")
        } else {
            format!("{name}({arguments})")
        };
    };
    let written: Vec<String> =
        members.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let line = format!("{name}({})", written.join(", "));
    if line.chars().count() <= 60 || written.len() < 2 {
        return line;
    }
    format!("{name}(\n    {}\n)", written.join(",\n    "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_are_told_apart_in_either_spelling() {
        let content = json!({"parts": [
            {"text": "hi"},
            {"text": "hm", "thought": true},
            {"function_call": {"name": "f", "args": {"a": 1}}},
            {"functionResponse": {"name": "f", "response": {"ok": true}}},
            {"inlineData": {"mimeType": "image/png", "data": "AAAAAAAA"}},
            {"new": 1},
        ]});
        let laid: Vec<_> = parts(&content).iter().map(Part::laid_out).collect();
        let want = [
            ("text", "hi"),
            ("thought", "hm"),
            ("call", "f(a: 1)"),
            ("result", "f → {\"ok\":true}"),
            ("data", "[image/png, 6 bytes]"),
            ("part", "{\"new\":1}"),
        ];
        assert_eq!(laid, want.map(|(word, text)| (word, text.to_owned())));
        assert_eq!(parts(&json!({"parts": "none"})), []);
    }

    #[test]
    fn long_calls_have_an_argument_a_line() {
        let arguments = json!({"reason": "x".repeat(60), "kind": "spam"});
        let text = called("report", &arguments);
        assert!(text.starts_with("report(\n    ") && text.lines().count() == 4, "{text}");
        assert_eq!(
            (called("f", &Value::Null), called("f", &json!([1]))),
            ("f()".into(), "f([1])".into())
        );
    }
}
