//! Checks requests against the fields that the service knows, from a table that is data.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::reply::Failure;

type Table = BTreeMap<String, BTreeMap<String, String>>;

static FIELDS: LazyLock<Table> = LazyLock::new(|| {
    // A test below parses it, so that an empty table cannot stand here unseen.
    serde_json::from_str(include_str!("wire_fields.json")).unwrap_or_default()
});

/// What is wrong with a value, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// As the service writes paths: `batch.input_config.requests.requests[0]`.
    pub(crate) path: String,
    pub(crate) wrong: Wrong,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    NoSuchField(String),
    /// The field, how its value begins, how it should.
    Begins(String, char, char),
    /// Fields that do not go together, or a value that makes no sense.
    Meaning(&'static str),
}

/// Finds the first violation of `kind` in `value`.
pub(crate) fn check(kind: &str, value: &Value) -> Result<(), Violation> {
    check_object(kind, value, "", "")
}

fn check_object(kind: &str, value: &Value, field: &str, path: &str) -> Result<(), Violation> {
    let Some(object) = value.as_object() else { return wrong_begin(field, value, '{', path) };
    let Some(known) = FIELDS.get(kind) else { return Ok(()) };
    for (name, value) in object {
        let Some(wanted) = known.get(&camel(name)) else {
            let wrong = Wrong::NoSuchField(name.clone());
            return Err(Violation { path: path.into(), wrong });
        };
        let dot = if path.is_empty() { "" } else { "." };
        check_value(wanted, value, name, &format!("{path}{dot}{}", snake(name)))?;
    }
    Ok(())
}

fn check_value(wanted: &str, value: &Value, field: &str, path: &str) -> Result<(), Violation> {
    if value.is_null() || wanted == "any" {
        return Ok(());
    }
    if let Some(inner) = wanted.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let Some(items) = value.as_array() else { return wrong_begin(field, value, '[', path) };
        let mut numbered = items.iter().enumerate();
        return numbered
            .try_for_each(|(n, item)| check_value(inner, item, field, &format!("{path}[{n}]")));
    }
    if let Some(inner) = wanted.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
        let Some(map) = value.as_object() else { return wrong_begin(field, value, '{', path) };
        return map
            .iter()
            .try_for_each(|(key, item)| check_value(inner, item, key, &format!("{path}[{key}]")));
    }
    if wanted == "scalar" {
        return if value.is_object() || value.is_array() {
            wrong_begin(field, value, '"', path)
        } else {
            Ok(())
        };
    }
    check_object(wanted, value, field, path)
}

fn wrong_begin(field: &str, value: &Value, wanted: char, path: &str) -> Result<(), Violation> {
    let begins = value.to_string().chars().next().unwrap_or(' ');
    Err(Violation { path: path.into(), wrong: Wrong::Begins(field.into(), begins, wanted) })
}

/// Checks that go beyond the names of fields, as create makes them for rows of a file.
pub(crate) fn check_row(request: &Value) -> Result<(), Violation> {
    let wrong = |meaning| Violation { path: String::new(), wrong: Wrong::Meaning(meaning) };
    conflict(request).map_or(Ok(()), |meaning| Err(wrong(meaning)))
}

/// Checks that go beyond the names of fields, as a single call makes them.
pub(crate) fn check_call(request: &Value) -> Result<(), Violation> {
    if has_no_contents(request) {
        return Err(Violation { path: String::new(), wrong: Wrong::Meaning(NO_CONTENTS) });
    }
    check_row(request)
}

/// What the service says to a request without contents; in a batch it says so in the result row.
pub(crate) const NO_CONTENTS: &str =
    "* GenerateContentRequest.contents: contents is not specified\n";

pub(crate) fn has_no_contents(request: &Value) -> bool {
    field(request, "contents").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// What does not go together in a request whose fields are all known.
pub(crate) fn conflict(request: &Value) -> Option<&'static str> {
    let has = |name| field(request, name).is_some_and(|value| !value.is_null());
    if has("cachedContent") && (has("systemInstruction") || has("tools") || has("toolConfig")) {
        return Some(
            "CachedContent can not be used with GenerateContent request setting \
             system_instruction, tools or tool_config.",
        );
    }
    let parts = field(request, "systemInstruction")?.get("parts")?.as_array()?;
    let empty = |part: &Value| part.get("text").and_then(Value::as_str) == Some("");
    (!parts.is_empty() && parts.iter().all(empty))
        .then_some("system_instruction: must have non-empty text.")
}

/// The value of a field by its camelCase name, whichever way it is spelled.
pub(crate) fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.get(snake(name)))
}

fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for (n, c) in name.char_indices() {
        match c {
            '_' if n > 0 => upper = true,
            c if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

impl Violation {
    /// As create says it of a line of a file.
    pub(crate) fn on_line(&self, number: u64, line: &str) -> String {
        let near = |name: &str| line.find(&format!("\"{name}\"")).map_or(1, |at| at + 1);
        match &self.wrong {
            Wrong::NoSuchField(name) => format!(
                "Error on line {number}: invalid JSON, near column {}: no such field: '{name}'",
                near(name)
            ),
            Wrong::Begins(name, found, wanted) => format!(
                "Error on line {number}: invalid JSON, near column {}: unexpected character: \
                 '{found}'; expected '{wanted}'",
                near(name) + name.len() + 3
            ),
            Wrong::Meaning(what) => format!("Error on line {number}: {what}"),
        }
    }

    /// As the service says it of a request's body.
    pub(crate) fn in_body(&self) -> Failure {
        let description = match &self.wrong {
            Wrong::NoSuchField(name) => format!(
                "Invalid JSON payload received. Unknown name \"{name}\" at '{}': Cannot find field.",
                self.path
            ),
            Wrong::Begins(_, _, wanted) => {
                let kind = match wanted {
                    '{' => "message",
                    '[' => "list",
                    _ => "scalar field",
                };
                format!("Invalid value at '{}' ({kind}), unexpected shape", self.path)
            }
            Wrong::Meaning(what) => (*what).to_owned(),
        };
        let violation =
            serde_json::json!({ "field": self.path, "description": description.clone() });
        Failure::invalid(description)
            .detail("BadRequest", serde_json::json!({ "fieldViolations": [violation] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(line: &str) -> Option<String> {
        let value: Value = serde_json::from_str(line).unwrap();
        let checked = check("GenerateContentRequest", &value);
        checked.and_then(|()| check_row(&value)).err().map(|wrong| wrong.on_line(7, line))
    }

    #[test]
    fn the_table_names_only_kinds_that_it_holds() {
        assert!(FIELDS.len() > 20);
        for kinds in FIELDS.values().flat_map(BTreeMap::values) {
            let inner = kinds.trim_matches(['[', ']', '{', '}']);
            assert!(inner == "any" || inner == "scalar" || FIELDS.contains_key(inner), "{inner}");
        }
    }

    #[test]
    fn both_spellings_pass() {
        for text in [
            r#"{"contents":[{"parts":[{"text":"a"},{"inlineData":{"mimeType":"image/png","data":""}}]}],
                "systemInstruction":{"parts":[{"text":"b"}]},
                "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT",
                   "properties":{"any_name":{"type":"ARRAY","items":{"type":"STRING"}}}}}]}],
                "generationConfig":{"thinkingConfig":{"thinking_budget":0}}}"#,
            r#"{"contents":[{"parts":[{"inline_data":{"mime_type":"image/png","data":""}}]}],
                "system_instruction":{"parts":[{"text":"b"}]},
                "tools":[{"function_declarations":[{"name":"f"}]}],"tool_config":null,
                "generation_config":{"max_output_tokens":"5","response_json_schema":{"x":[1]}}}"#,
        ] {
            assert_eq!(said(text), None);
        }
    }

    #[test]
    fn strangers_are_named_with_line_and_column() {
        let cases = [
            (
                r#"{"contents":[{"parts":[{"text":"a"}]}],"config":{}}"#,
                "Error on line 7: invalid JSON, near column 40: no such field: 'config'",
            ),
            (
                r#"{"contents":[{"parts":[]}],"systemInstruction":["x"]}"#,
                "Error on line 7: invalid JSON, near column 48: unexpected character: '['; expected '{'",
            ),
        ];
        for (line, expected) in cases {
            assert_eq!(said(line).as_deref(), Some(expected));
        }
        let both = said(r#"{"contents":[{}],"cached_content":"c","tools":[]}"#).unwrap();
        assert!(both.contains("CachedContent can not"), "{both}");
    }

    #[test]
    fn a_body_names_the_path() {
        let body = json!({"batch": {"inputConfig": {"requests": {"requests": [{"safety": 1}]}}}});
        let failure = check("CreateBatch", &body).unwrap_err().in_body();
        assert_eq!(
            failure.message,
            "Invalid JSON payload received. Unknown name \"safety\" at \
             'batch.input_config.requests.requests[0]': Cannot find field."
        );
    }
}
