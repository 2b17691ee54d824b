//! Checks requests against the fields that the service knows, from a table that is data.

mod table;
mod walk;

use serde::Deserialize;
use serde::de::DeserializeSeed;
use serde_json::Value;

use self::table::Kind;
use self::walk::{Checked, Row, Together};
use crate::reply::Failure;

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
    /// The field, the type it has, what stands there instead.
    Value {
        field: String,
        kind: String,
        value: String,
    },
    /// The field, in whichever spelling it came second.
    Twice(String),
    /// Fields that do not go together, or a value that makes no sense.
    Meaning(&'static str),
}

/// Checks a body of a kind, without building a value of it.
pub(crate) fn check_body(kind: &str, body: &[u8]) -> Result<(), Failure> {
    let mut found = None;
    let kind = Kind::Message(kind.to_owned());
    let mut input = serde_json::Deserializer::from_slice(body);
    let checked = Checked { kind: &kind, field: "", found: &mut found };
    let outcome = checked.deserialize(&mut input).and_then(|()| input.end());
    match (found, outcome) {
        (Some(violation), _) => Err(violation.in_body()),
        (None, Err(error)) => Err(not_json(&error)),
        (None, Ok(())) => Ok(()),
    }
}

pub(crate) fn not_json(error: &serde_json::Error) -> Failure {
    Failure::invalid(format!("Invalid JSON payload received. {error}"))
}

/// What is wrong with a line of a file.
#[derive(Debug)]
pub(crate) enum BadLine {
    NotJson(serde_json::Error),
    NoRequest,
    Violation(Violation),
}

/// Checks a line of a file, which holds a request of a kind, without building a value of it.
pub(crate) fn check_line(kind: &str, line: &[u8]) -> Result<(), BadLine> {
    let mut found = None;
    let kind = Kind::Message(kind.to_owned());
    let mut input = serde_json::Deserializer::from_slice(line);
    let row = Row { request: &kind, found: &mut found };
    let outcome = row.deserialize(&mut input).and_then(|there| input.end().map(|()| there));
    match (found, outcome) {
        (Some(violation), _) => return Err(BadLine::Violation(violation)),
        (None, Err(error)) => return Err(BadLine::NotJson(error)),
        (None, Ok(false)) => return Err(BadLine::NoRequest),
        (None, Ok(true)) => {}
    }
    let row: LineTogether = serde_json::from_slice(line).map_err(BadLine::NotJson)?;
    let meaning = row.request.ok_or(BadLine::NoRequest)?.conflict();
    meaning.map_or(Ok(()), |meaning| Err(BadLine::Violation(Violation::meaning(meaning))))
}

#[derive(Debug, Deserialize)]
struct LineTogether {
    request: Option<Together>,
}

/// Checks that go beyond fields and their types, as a single call makes them.
pub(crate) fn check_call(body: &[u8]) -> Result<(), Failure> {
    let request: Together = serde_json::from_slice(body).map_err(|error| not_json(&error))?;
    let meaning = if request.contents.as_ref().is_some_and(|contents| contents.0) {
        request.conflict()
    } else {
        Some(NO_CONTENTS)
    };
    meaning.map_or(Ok(()), |meaning| Err(Violation::meaning(meaning).in_body()))
}

/// What the service says to a request without contents; in a batch it says so in the result row.
pub(crate) const NO_CONTENTS: &str =
    "* GenerateContentRequest.contents: contents is not specified\n";

pub(crate) fn has_no_contents(request: &Value) -> bool {
    field(request, "contents").and_then(Value::as_array).is_none_or(Vec::is_empty)
}

/// What does not go together in a request whose fields are all known.
pub(crate) fn conflict(request: &Value) -> Option<&'static str> {
    Together::deserialize(request).ok()?.conflict()
}

impl Together {
    fn conflict(&self) -> Option<&'static str> {
        let system = self.system_instruction.as_ref();
        if self.cached_content.is_some()
            && (system.is_some() || self.tools.is_some() || self.tool_config.is_some())
        {
            return Some(
                "CachedContent can not be used with GenerateContent request setting \
                 system_instruction, tools or tool_config.",
            );
        }
        let empty = system.and_then(|system| system.parts.as_ref()).is_some_and(|parts| parts.0);
        empty.then_some("system_instruction: must have non-empty text.")
    }
}

/// The value of a field by its camelCase name, whichever way it is spelled.
pub(crate) fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| object.get(snake(name)))
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
    fn meaning(meaning: &'static str) -> Self {
        Self { path: String::new(), wrong: Wrong::Meaning(meaning) }
    }

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
            Wrong::Value { field, kind, value } => format!(
                "Error on line {number}: invalid JSON, near column {}: invalid value for field \
                 '{field}' ({kind}): {value}",
                near(field) + field.len() + 3
            ),
            Wrong::Twice(name) => format!(
                "Error on line {number}: invalid JSON, near column {}: field given twice: '{name}'",
                near(name)
            ),
            Wrong::Meaning(what) => format!("Error on line {number}: {what}"),
        }
    }

    /// As the service says it of a request's body.
    pub(crate) fn in_body(&self) -> Failure {
        let path = &self.path;
        let at = if path.is_empty() { String::new() } else { format!(" at '{path}'") };
        let description = match &self.wrong {
            Wrong::NoSuchField(name) => format!(
                "Invalid JSON payload received. Unknown name \"{name}\"{at}: Cannot find field."
            ),
            Wrong::Twice(name) => {
                format!("Invalid JSON payload received. Field \"{name}\"{at} is given twice.")
            }
            Wrong::Value { kind, value, .. } => {
                format!("Invalid value at '{}' ({kind}), {value}", self.path)
            }
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
mod tests;
