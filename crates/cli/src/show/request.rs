//! A request on the screen: instructions, turns, what may be called, and settings.

use serde_json::Value;

use super::parts::{either, parts};
use super::screen::Screen;

pub(super) fn request(screen: &mut Screen, request: &Value) {
    let system = either(request, "systemInstruction", "system_instruction");
    for part in parts(system) {
        screen.say("system", &part.laid_out().1);
    }
    if let Some(text) = system.as_str() {
        screen.say("system", text);
    }
    for content in request["contents"].as_array().into_iter().flatten() {
        let role = match content["role"].as_str() {
            Some("model") => "model",
            Some("function" | "tool") => "tool",
            _ => "user",
        };
        for part in parts(content) {
            let (word, text) = part.laid_out();
            let text = if word == "text" { text } else { format!("{word} {text}") };
            screen.say(role, &text);
        }
    }
    let functions = functions(request);
    if !functions.is_empty() {
        screen.say("tools", &functions.join("\n"));
    }
    for (word, name, other) in [
        ("calling", "toolConfig", "tool_config"),
        ("config", "generationConfig", "generation_config"),
        ("safety", "safetySettings", "safety_settings"),
    ] {
        let value = either(request, name, other);
        if !value.is_null() {
            screen.say(word, &value.to_string());
        }
    }
}

/// The functions that may be called, with the names of their parameters.
fn functions(request: &Value) -> Vec<String> {
    let tools = request["tools"].as_array().into_iter().flatten();
    tools
        .flat_map(|tool| {
            let declared = either(tool, "functionDeclarations", "function_declarations");
            match declared.as_array() {
                Some(declared) => declared.iter().map(function).collect(),
                None => vec![tool.to_string()],
            }
        })
        .collect()
}

fn function(declared: &Value) -> String {
    let name = declared["name"].as_str().unwrap_or("?");
    let parameters = declared["parameters"]["properties"].as_object();
    let names = parameters.into_iter().flatten().map(|(name, _)| name.as_str());
    format!("{name}({})", names.collect::<Vec<_>>().join(", "))
}
