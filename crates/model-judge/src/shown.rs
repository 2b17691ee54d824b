//! Requests and answers as text that a judge can read.

use std::fmt::Write as _;

use serde_json::Value;

/// A request as text: the system instruction, the functions that may be called, and every turn under its role.
///
/// ```
/// let request = serde_json::json!({"contents": [{"parts": [{"text": "Hi?"}]}], "systemInstruction": {"parts": [{"text": "Be brief."}]}});
/// assert_eq!(model_judge::show_request(&request), "system: Be brief.\nuser: Hi?");
/// ```
pub fn show_request(request: &Value) -> String {
    let mut lines = Vec::new();
    if let Some(system) = field(request, "systemInstruction", "system_instruction") {
        lines.push(format!("system: {}", parts(system)));
    }
    let tools = request.get("tools").and_then(Value::as_array).into_iter().flatten();
    for tool in tools {
        let declared = field(tool, "functionDeclarations", "function_declarations");
        for function in declared.and_then(Value::as_array).into_iter().flatten() {
            lines.push(format!("function that may be called: {function}"));
        }
    }
    for turn in request.get("contents").and_then(Value::as_array).into_iter().flatten() {
        let role = turn.get("role").and_then(Value::as_str).unwrap_or("user");
        lines.push(format!("{role}: {}", parts(turn)));
    }
    lines.join("\n")
}

/// The answer in a `GenerateContentResponse` as text: the parts of its first candidate without thoughts; a blocked or
/// empty answer in square brackets.
pub fn show_response(response: &Value) -> String {
    let candidate = response.get("candidates").and_then(|candidates| candidates.get(0));
    let shown =
        candidate.and_then(|candidate| candidate.get("content")).map(parts).unwrap_or_default();
    let feedback = field(response, "promptFeedback", "prompt_feedback");
    let blocked = feedback.and_then(|feedback| field(feedback, "blockReason", "block_reason"));
    let finish = candidate.and_then(|candidate| field(candidate, "finishReason", "finish_reason"));
    let word = |value: Option<&Value>| {
        value.and_then(Value::as_str).unwrap_or("no reason given").to_owned()
    };
    match (shown.is_empty(), blocked, finish) {
        (true, Some(_), _) => format!("[no answer: the request was blocked, {}]", word(blocked)),
        (true, None, _) => format!("[no answer: {}]", word(finish)),
        (false, _, Some(Value::String(reason))) if reason == "MAX_TOKENS" => {
            format!("{shown}\n[the answer ends here at its length limit]")
        }
        _ => shown,
    }
}

fn field<'a>(object: &'a Value, camel: &str, snake: &str) -> Option<&'a Value> {
    object.get(camel).or_else(|| object.get(snake)).filter(|value| !value.is_null())
}

/// The parts of a content, one after the other; what is no text stands as JSON, and media only by its type.
fn parts(content: &Value) -> String {
    let mut shown = String::new();
    for part in content.get("parts").and_then(Value::as_array).into_iter().flatten() {
        if part.get("thought").and_then(Value::as_bool) == Some(true) {
            continue;
        }
        if !shown.is_empty() {
            shown.push('\n');
        }
        let media = field(part, "inlineData", "inline_data")
            .or_else(|| field(part, "fileData", "file_data"));
        // Writing to a string cannot fail.
        let _ = match (part.get("text").and_then(Value::as_str), media) {
            (Some(text), _) => shown.write_str(text),
            (None, Some(media)) => {
                let kind = field(media, "mimeType", "mime_type").and_then(Value::as_str);
                write!(shown, "[{}, not shown]", kind.unwrap_or("data"))
            }
            (None, None) => write!(shown, "{}", without_signature(part)),
        };
    }
    shown
}

/// A part without what is for machines only.
fn without_signature(part: &Value) -> Value {
    let mut part = part.clone();
    if let Some(part) = part.as_object_mut() {
        part.remove("thoughtSignature");
        part.remove("thought_signature");
    }
    part
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_media_and_turns_are_shown_and_thoughts_are_not() {
        let request = json!({
            "tools": [{"functionDeclarations": [{"name": "report_spam"}]}],
            "contents": [
                {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": "AA=="}}]},
                {"role": "model", "parts": [{"functionCall": {"name": "f"}, "thoughtSignature": "x"}]},
            ],
        });
        assert_eq!(
            show_request(&request),
            "function that may be called: {\"name\":\"report_spam\"}\nuser: look\n[image/png, not shown]\n\
             model: {\"functionCall\":{\"name\":\"f\"}}"
        );
        let response = json!({"candidates": [{"content": {"parts": [{"text": "hm", "thought": true}, {"text": "yes"}]}}]});
        assert_eq!(show_response(&response), "yes");
    }

    #[test]
    fn answers_that_are_none_are_told_from_empty_text() {
        for (response, want) in [
            (
                json!({"promptFeedback": {"blockReason": "SAFETY"}}),
                "[no answer: the request was blocked, SAFETY]",
            ),
            (json!({"candidates": [{"finishReason": "RECITATION"}]}), "[no answer: RECITATION]"),
            (json!(null), "[no answer: no reason given]"),
            (
                json!({"candidates": [{"content": {"parts": [{"text": "a"}]}, "finishReason": "MAX_TOKENS"}]}),
                "a\n[the answer ends here at its length limit]",
            ),
        ] {
            assert_eq!(show_response(&response), want);
        }
    }
}
