//! Schemas that JSON values are held against: JSON Schema as far as it needs no other document, and Google's own dialect.
//!
//! Nothing that has a say in whether a value is valid is passed over in silence: a keyword that is not known here is an
//! error when the schema is read.

use regex::Regex;
use serde_json::Value;

mod check;
mod kept;
mod read;

pub(crate) use kept::Schemas;

/// What a schema is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// JSON Schema, draft 2020-12 and what is the same in others.
    JsonSchema,
    /// The `Schema` of the Gemini API, where an object has no members but those of its `properties`.
    Gemini,
    /// The same where it may have others.
    GeminiOpen,
}

/// A schema, read.
#[derive(Debug)]
pub(crate) struct Schema {
    nodes: Vec<Node>,
}

/// Why a schema cannot be used: lower-case, without a final dot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct SchemaError(String);

/// Why a value is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    Invalid,
    /// Nobody knows whether it is: it takes too long to find out.
    TooMuch,
}

impl Schema {
    /// Reads a schema.
    pub(crate) fn of(schema: &Value, dialect: Dialect) -> Result<Self, SchemaError> {
        let nodes = read::nodes(schema, dialect)?;
        Ok(Self { nodes })
    }

    /// Whether the schema allows a value.
    pub(crate) fn check(&self, value: &Value) -> Result<(), Fault> {
        check::check(&self.nodes, value)
    }
}

/// The position of a node; the root has the first.
type At = usize;

/// One schema within a schema.
#[derive(Debug, Default)]
struct Node {
    /// A schema that is `false`.
    never: bool,
    /// `null` will do, whatever the rest says.
    nullable: bool,
    types: Option<Vec<Type>>,
    /// One of these.
    values: Option<Vec<Value>>,
    object: Object,
    array: Array,
    text: Text,
    number: Number,
    reference: Option<At>,
    all_of: Vec<At>,
    any_of: Option<Vec<At>>,
    one_of: Option<Vec<At>>,
    not: Option<At>,
    /// `if`, `then`, `else`.
    when: Option<(At, Option<At>, Option<At>)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Object,
    Array,
    String,
    Number,
    Integer,
    Boolean,
    Null,
}

#[derive(Debug, Default)]
struct Object {
    properties: Vec<(String, At)>,
    patterns: Vec<(Regex, At)>,
    /// What members must be that neither of these names.
    others: Option<At>,
    names: Option<At>,
    required: Vec<String>,
    dependent: Vec<(String, Vec<String>)>,
    min: Option<u64>,
    max: Option<u64>,
}

#[derive(Debug, Default)]
struct Array {
    first: Vec<At>,
    /// What the elements behind these must be.
    rest: Option<At>,
    contains: Option<(At, u64, u64)>,
    min: Option<u64>,
    max: Option<u64>,
    unique: bool,
}

#[derive(Debug, Default)]
struct Text {
    min: Option<u64>,
    max: Option<u64>,
    pattern: Option<Regex>,
}

#[derive(Debug, Default)]
struct Number {
    min: Option<f64>,
    max: Option<f64>,
    above: Option<f64>,
    below: Option<f64>,
    multiple_of: Option<serde_json::Number>,
}

#[cfg(test)]
mod tests;
