//! A `GenerateContentRequest` as a request for a chat completion.

use serde_json::{Map, Value, json};

use super::Untranslatable;
use super::messages::messages;
use super::schema::json_schema;
use crate::answer::integer;
use crate::validate::field;

/// What has no counterpart and changes no answer's meaning is left out: `model` (the job says
/// which), `safetySettings`, `thinkingConfig`, `thoughtSignature` and earlier thoughts,
/// `mediaResolution`, `enableEnhancedCivicAnswers`, declared responses of functions,
/// `propertyOrdering`.
///
/// # Errors
/// Anything else that has no counterpart, by name.
pub(super) fn request(gemini: &Value, model: &str) -> Result<Value, Untranslatable> {
    if field(gemini, "cachedContent").is_some_and(|value| !value.is_null()) {
        return Err(Untranslatable::new("cachedContent"));
    }
    let mut out = Map::new();
    out.insert("model".into(), model.into());
    out.insert("messages".into(), messages(gemini)?.into());
    add_tools(gemini, &mut out)?;
    if let Some(config) = field(gemini, "generationConfig") {
        for (name, value) in config.as_object().into_iter().flatten() {
            if !value.is_null() {
                add_setting(name, value, config, &mut out)?;
            }
        }
    }
    Ok(out.into())
}

fn list<'a>(object: &'a Value, name: &str) -> &'a [Value] {
    field(object, name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn add_tools(gemini: &Value, out: &mut Map<String, Value>) -> Result<(), Untranslatable> {
    let mut functions = Vec::new();
    for tool in list(gemini, "tools") {
        for (name, value) in tool.as_object().into_iter().flatten() {
            match name.as_str() {
                "functionDeclarations" | "function_declarations" => {
                    let declared = value.as_array().into_iter().flatten();
                    functions.extend(declared.map(function).collect::<Result<Vec<_>, _>>()?);
                }
                _ if value.is_null() => {}
                other => return Err(Untranslatable::new(format!("the tool {other}"))),
            }
        }
    }
    let choice = tool_choice(gemini, &mut functions)?;
    if functions.is_empty() {
        return match choice {
            Some(choice) if choice != "none" && choice != "auto" => {
                Err(Untranslatable::new("a call is asked for and no function is declared"))
            }
            _ => Ok(()),
        };
    }
    out.insert("tools".into(), functions.into());
    if let Some(choice) = choice {
        out.insert("tool_choice".into(), choice);
    }
    Ok(())
}

fn function(declared: &Value) -> Result<Value, Untranslatable> {
    let blocking =
        |value: &&Value| matches!(value.as_str(), None | Some("BLOCKING" | "UNSPECIFIED"));
    if declared.get("behavior").is_some_and(|value| !blocking(&value)) {
        return Err(Untranslatable::new("a function's behavior"));
    }
    let mut function = Map::new();
    for name in ["name", "description"] {
        if let Some(text) = declared.get(name).filter(|text| !text.is_null()) {
            function.insert(name.into(), text.clone());
        }
    }
    let parameters = match (field(declared, "parameters"), field(declared, "parametersJsonSchema"))
    {
        (Some(schema), _) if !schema.is_null() => Some(json_schema(schema)?),
        (_, schema) => schema.cloned(),
    };
    let none = || json!({ "type": "object", "properties": {} });
    function.insert("parameters".into(), parameters.unwrap_or_else(none));
    Ok(json!({ "type": "function", "function": function }))
}

/// `toolConfig` as a choice; functions that are not allowed go.
fn tool_choice(
    gemini: &Value,
    functions: &mut Vec<Value>,
) -> Result<Option<Value>, Untranslatable> {
    let Some(config) = field(gemini, "toolConfig") else { return Ok(None) };
    for name in ["retrievalConfig", "includeServerSideToolInvocations"] {
        let value = field(config, name);
        if value.is_some_and(|value| !value.is_null() && value != &Value::Bool(false)) {
            return Err(Untranslatable::new(format!("toolConfig.{name}")));
        }
    }
    let Some(calling) = field(config, "functionCallingConfig") else { return Ok(None) };
    let allowed: Vec<&str> =
        list(calling, "allowedFunctionNames").iter().filter_map(Value::as_str).collect();
    let mode = calling.get("mode").and_then(Value::as_str).unwrap_or("AUTO");
    if !allowed.is_empty() {
        functions.retain(|function| {
            function["function"]["name"].as_str().is_some_and(|name| allowed.contains(&name))
        });
    }
    Ok(Some(match mode {
        "AUTO" | "MODE_UNSPECIFIED" => "auto".into(),
        "NONE" => "none".into(),
        "ANY" => match functions.as_slice() {
            [one] if !allowed.is_empty() => {
                json!({ "type": "function", "function": { "name": one["function"]["name"] } })
            }
            _ => "required".into(),
        },
        other => return Err(Untranslatable::new(format!("the function calling mode {other}"))),
    }))
}

fn add_setting(
    name: &str,
    value: &Value,
    config: &Value,
    out: &mut Map<String, Value>,
) -> Result<(), Untranslatable> {
    let camel = name.replace('_', "").to_ascii_lowercase();
    let number = || integer(value).map_or_else(|| value.clone(), Value::from);
    let (to, value) = match camel.as_str() {
        "temperature" => ("temperature", value.clone()),
        "topp" => ("top_p", value.clone()),
        // Not OpenAI's, but of many servers that speak its protocol.
        "topk" => ("top_k", number()),
        "maxoutputtokens" => ("max_tokens", number()),
        "stopsequences" => ("stop", value.clone()),
        "seed" => ("seed", number()),
        "presencepenalty" => ("presence_penalty", value.clone()),
        "frequencypenalty" => ("frequency_penalty", value.clone()),
        "candidatecount" => ("n", number()),
        "responsemimetype" => match response_format(value, config)? {
            Some(format) => ("response_format", format),
            None => return Ok(()),
        },
        "responseschema" | "responsejsonschema" => {
            let mime = field(config, "responseMimeType").and_then(Value::as_str);
            return if mime == Some("application/json") {
                Ok(())
            } else {
                Err(Untranslatable::new(format!("{name} without JSON as responseMimeType")))
            };
        }
        "responsemodalities" if only_text(value) => return Ok(()),
        "responselogprobs" if value == &Value::Bool(false) => return Ok(()),
        "thinkingconfig" | "mediaresolution" | "enableenhancedcivicanswers" => return Ok(()),
        _ => return Err(Untranslatable::new(format!("generationConfig.{name}"))),
    };
    out.insert(to.into(), value);
    Ok(())
}

fn only_text(modalities: &Value) -> bool {
    modalities.as_array().is_some_and(|list| list.iter().all(|one| one == "TEXT"))
}

fn response_format(mime: &Value, config: &Value) -> Result<Option<Value>, Untranslatable> {
    match mime.as_str().unwrap_or_default() {
        "" | "text/plain" => return Ok(None),
        "application/json" => {}
        other => return Err(Untranslatable::new(format!("the responseMimeType {other:?}"))),
    }
    let own = field(config, "responseJsonSchema").or_else(|| config.get("_responseJsonSchema"));
    let schema = match field(config, "responseSchema").filter(|schema| !schema.is_null()) {
        Some(schema) => Some(json_schema(schema)?),
        None => own.filter(|schema| !schema.is_null()).cloned(),
    };
    Ok(Some(match schema {
        Some(schema) => json!({
            "type": "json_schema",
            "json_schema": { "name": "answer", "schema": schema },
        }),
        None => json!({ "type": "json_object" }),
    }))
}

#[cfg(test)]
#[path = "to_openai_tests.rs"]
mod tests;
