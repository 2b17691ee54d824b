//! A `GenerateContentRequest` as a request for a chat completion.

use super::Untranslatable;
use super::json::{Json, Object, object};
use super::messages::messages;
use super::node::{Node, same};
use super::schema::json_schema;

/// What has no counterpart and changes no answer's meaning is left out: `model` (the job says
/// which), `safetySettings`, `thinkingConfig`, `thoughtSignature` and thoughts in turns,
/// `mediaResolution`, `enableEnhancedCivicAnswers`, declared responses of functions.
///
/// # Errors
/// Anything else that has no counterpart, by name.
pub(super) fn request<'a>(gemini: &Node<'a>, model: &str) -> Result<Object<'a>, Untranslatable> {
    if gemini.field("cachedContent").is_some() {
        return Err(Untranslatable::new("cachedContent"));
    }
    let mut out = object([("model", model.into()), ("messages", messages(gemini)?.into())]);
    add_tools(gemini, &mut out)?;
    if let Some(config) = gemini.field("generationConfig") {
        for (name, value) in config.members().iter().filter(|(_, value)| !value.is_null()) {
            add_setting(name, value, config, &mut out)?;
        }
    }
    Ok(out)
}

/// A function that is declared.
struct Function<'a> {
    name: String,
    json: Json<'a>,
}

fn list<'n, 'a>(node: &'n Node<'a>, name: &str) -> &'n [Node<'a>] {
    node.field(name).map_or(&[], Node::items)
}

fn add_tools<'a>(gemini: &Node<'a>, out: &mut Object<'a>) -> Result<(), Untranslatable> {
    let mut functions = Vec::new();
    for tool in list(gemini, "tools") {
        for (name, value) in tool.members().iter().filter(|(_, value)| !value.is_null()) {
            if !same("functionDeclarations", name) {
                return Err(Untranslatable::new(format!("the tool {name}")));
            }
            let declared = value.items().iter().map(function);
            functions.extend(declared.collect::<Result<Vec<_>, _>>()?);
        }
    }
    let choice = tool_choice(gemini, &mut functions)?;
    if functions.is_empty() {
        return match choice.as_ref().map(Json::text) {
            None | Some(Some("none" | "auto")) => Ok(()),
            _ => Err(Untranslatable::new("a call is asked for and no function is declared")),
        };
    }
    let functions: Vec<Json<'a>> = functions.into_iter().map(|function| function.json).collect();
    out.put("tools", functions);
    if let Some(choice) = choice {
        out.put("tool_choice", choice);
    }
    Ok(())
}

fn function<'a>(declared: &Node<'a>) -> Result<Function<'a>, Untranslatable> {
    let behavior = declared.field("behavior").and_then(Node::text).unwrap_or_default();
    if !matches!(behavior, "" | "BLOCKING" | "UNSPECIFIED") {
        return Err(Untranslatable::new("a function's behavior"));
    }
    let mut function = Object::default();
    for name in ["name", "description"] {
        if let Some(text) = declared.field(name) {
            function.put(name, text);
        }
    }
    let parameters = match (declared.field("parameters"), declared.field("parametersJsonSchema")) {
        (Some(schema), _) => json_schema(schema)?,
        (None, Some(own)) => own.into(),
        (None, None) => {
            object([("type", "object".into()), ("properties", Object::default().into())]).into()
        }
    };
    function.put("parameters", parameters);
    let json = object([("type", "function".into()), ("function", function.into())]).into();
    Ok(Function { name: declared["name"].text().unwrap_or_default().to_owned(), json })
}

/// `toolConfig` as a choice; functions that are not allowed go.
fn tool_choice<'a>(
    gemini: &Node<'a>,
    functions: &mut Vec<Function<'a>>,
) -> Result<Option<Json<'a>>, Untranslatable> {
    let Some(config) = gemini.field("toolConfig") else { return Ok(None) };
    for name in ["retrievalConfig", "includeServerSideToolInvocations"] {
        if config.field(name).is_some_and(|value| !value.is_false()) {
            return Err(Untranslatable::new(format!("toolConfig.{name}")));
        }
    }
    let Some(calling) = config.field("functionCallingConfig") else { return Ok(None) };
    let allowed: Vec<&str> =
        list(calling, "allowedFunctionNames").iter().filter_map(Node::text).collect();
    if !allowed.is_empty() {
        functions.retain(|function| allowed.contains(&function.name.as_str()));
    }
    let mode = calling.field("mode").and_then(Node::text).unwrap_or("AUTO");
    Ok(Some(match mode.to_ascii_uppercase().as_str() {
        // A validated call is one that keeps to the schema, and so is one by choice.
        "AUTO" | "MODE_UNSPECIFIED" | "VALIDATED" => "auto".into(),
        "NONE" => "none".into(),
        "ANY" => match functions.as_slice() {
            [one] if !allowed.is_empty() => {
                let named = object([("name", one.name.as_str().into())]);
                object([("type", "function".into()), ("function", named.into())]).into()
            }
            _ => "required".into(),
        },
        _ => return Err(Untranslatable::new(format!("the function calling mode {mode}"))),
    }))
}

fn add_setting<'a>(
    name: &str,
    value: &Node<'a>,
    config: &Node<'a>,
    out: &mut Object<'a>,
) -> Result<(), Untranslatable> {
    let number = || value.integer().map_or_else(|| value.into(), Json::Integer);
    let flat = name.replace('_', "").to_ascii_lowercase();
    let (to, value) = match flat.as_str() {
        "temperature" => ("temperature", value.into()),
        "topp" => ("top_p", value.into()),
        // Not OpenAI's, but of many servers that speak its protocol.
        "topk" => ("top_k", number()),
        "maxoutputtokens" => (MAX_TOKENS, number()),
        "stopsequences" => ("stop", value.into()),
        "seed" => ("seed", number()),
        "presencepenalty" => ("presence_penalty", value.into()),
        "frequencypenalty" => ("frequency_penalty", value.into()),
        "candidatecount" => ("n", number()),
        "responsemimetype" => match response_format(value, config)? {
            Some(format) => ("response_format", format),
            None => return Ok(()),
        },
        "responseschema" | "responsejsonschema" => {
            let mime = config.field("responseMimeType").and_then(Node::text);
            return if mime == Some("application/json") {
                Ok(())
            } else {
                Err(Untranslatable::new(format!("{name} without JSON as responseMimeType")))
            };
        }
        "responsemodalities" if only_text(value) => return Ok(()),
        "responselogprobs" if value.is_false() => return Ok(()),
        "thinkingconfig" | "mediaresolution" | "enableenhancedcivicanswers" => return Ok(()),
        _ => return Err(Untranslatable::new(format!("generationConfig.{name}"))),
    };
    out.put(to, value);
    Ok(())
}

/// The limit of an answer under the name that nearly all servers know.
const MAX_TOKENS: &str = "max_tokens";

/// The name that OpenAI's own models with thoughts know instead.
const MAX_COMPLETION_TOKENS: &str = "max_completion_tokens";

/// Gives the limit of an answer the name that a server asked for in `refusal`; whether there was
/// anything to change.
pub(super) fn renames_limit(out: &mut Object<'_>, refusal: &str) -> bool {
    let asked = refusal.contains(MAX_COMPLETION_TOKENS) && out.get(MAX_TOKENS).is_some();
    if asked {
        rename_limit(out);
    }
    asked
}

/// Gives the limit of an answer the name that some servers want.
pub(super) fn rename_limit(out: &mut Object<'_>) {
    out.rename(MAX_TOKENS, MAX_COMPLETION_TOKENS);
}

fn only_text(modalities: &Node<'_>) -> bool {
    modalities.is_list() && modalities.items().iter().all(|one| one.text() == Some("TEXT"))
}

fn response_format<'a>(
    mime: &Node<'a>,
    config: &Node<'a>,
) -> Result<Option<Json<'a>>, Untranslatable> {
    match mime.text().unwrap_or_default() {
        "" | "text/plain" => return Ok(None),
        "application/json" => {}
        other => return Err(Untranslatable::new(format!("the responseMimeType {other:?}"))),
    }
    let schema = match config.field("responseSchema") {
        Some(schema) => Some(json_schema(schema)?),
        // `field` finds `_responseJsonSchema` too.
        None => config.field("responseJsonSchema").map(Json::from),
    };
    Ok(Some(match schema {
        Some(schema) => {
            let named = object([("name", "answer".into()), ("schema", schema)]);
            object([("type", "json_schema".into()), ("json_schema", named.into())]).into()
        }
        None => object([("type", "json_object".into())]).into(),
    }))
}

#[cfg(test)]
#[path = "to_openai_tests.rs"]
mod tests;
