//! From a schema as it is written to the nodes it is checked by.

use std::borrow::Cow;
use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::{At, Dialect, Node, SchemaError, Type};

/// Keywords that would have a say, and cannot be followed.
const UNKNOWN: &[&str] = &[
    "$anchor",
    "$dynamicRef",
    "$dynamicAnchor",
    "$recursiveRef",
    "unevaluatedProperties",
    "unevaluatedItems",
    "dependentSchemas",
    "dependencies",
    "additionalItems",
    "extends",
    "disallow",
    "divisibleBy",
];

/// How many bytes a pattern may take: one of Google's with bounds such as `{1,63}` takes a hundredth of it.
const LARGEST_PATTERN: usize = 1 << 20;

/// The nodes of a schema, its root first.
pub(super) fn nodes(schema: &Value, dialect: Dialect) -> Result<Vec<Node>, SchemaError> {
    let mut reader = Reader { root: schema, dialect, nodes: Vec::new(), known: HashMap::new() };
    reader.known.insert("", 0);
    reader.node(schema)?;
    Ok(reader.nodes)
}

struct Reader<'s> {
    root: &'s Value,
    dialect: Dialect,
    nodes: Vec<Node>,
    /// The nodes that are referred to, by pointers.
    known: HashMap<&'s str, At>,
}

type Read<T> = Result<T, SchemaError>;

fn bad(keyword: &str, what: &str) -> SchemaError {
    SchemaError(format!("`{keyword}` must be {what}"))
}

impl<'s> Reader<'s> {
    fn node(&mut self, schema: &'s Value) -> Read<At> {
        let at = self.nodes.len();
        self.nodes.push(Node::default());
        self.fill(at, schema)?;
        Ok(at)
    }

    fn fill(&mut self, at: At, schema: &'s Value) -> Read<()> {
        let mut node = Node::default();
        match schema {
            Value::Bool(allowed) => node.never = !allowed,
            Value::Object(keywords) => {
                for (keyword, value) in keywords {
                    self.keyword(&mut node, &camel(keyword, self.dialect), value)?;
                }
                self.pairs(&mut node, keywords)?;
            }
            _ => {
                return Err(SchemaError("a schema must be an object, true or false".to_owned()));
            }
        }
        if let Some(slot) = self.nodes.get_mut(at) {
            *slot = node;
        }
        Ok(())
    }

    fn keyword(&mut self, node: &mut Node, keyword: &str, value: &'s Value) -> Read<()> {
        let count = || self.count(keyword, value).map(Some);
        let number = || value.as_f64().map(Some).ok_or_else(|| bad(keyword, "a number"));
        match keyword {
            "type" => node.types = self.types(value)?,
            "nullable" => node.nullable = value.as_bool().unwrap_or(false),
            "enum" => {
                let values = value.as_array().ok_or_else(|| bad(keyword, "an array"))?;
                // Empty is as good as not there, for servers that write out everything.
                node.values = (!values.is_empty() || self.is_plain()).then(|| values.clone());
            }
            "const" => node.values = Some(vec![value.clone()]),
            "properties" => node.object.properties = self.named(keyword, value)?,
            "patternProperties" => {
                let named = self.named(keyword, value)?;
                let compile = |(pattern, at): (String, At)| Ok((regex(keyword, &pattern)?, at));
                node.object.patterns = named.into_iter().map(compile).collect::<Read<_>>()?;
            }
            "additionalProperties" => node.object.others = Some(self.node(value)?),
            "propertyNames" => node.object.names = Some(self.node(value)?),
            "required" => node.object.required = texts(keyword, value)?,
            "dependentRequired" => {
                let members = value.as_object().ok_or_else(|| bad(keyword, "an object"))?;
                let pair =
                    |(name, value): (&String, &Value)| Ok((name.clone(), texts(keyword, value)?));
                node.object.dependent = members.iter().map(pair).collect::<Read<_>>()?;
            }
            "minProperties" => node.object.min = count()?,
            "maxProperties" => node.object.max = count()?,
            "prefixItems" => node.array.first = self.list(keyword, value)?,
            "items" if value.is_array() => {
                return Err(bad(
                    keyword,
                    "a schema; for one schema an element there is `prefixItems`",
                ));
            }
            "items" => node.array.rest = Some(self.node(value)?),
            "minItems" => node.array.min = count()?,
            "maxItems" => node.array.max = count()?,
            "uniqueItems" => {
                node.array.unique = value.as_bool().ok_or_else(|| bad(keyword, "true or false"))?;
            }
            "minLength" => node.text.min = count()?,
            "maxLength" => node.text.max = count()?,
            "pattern" => {
                let pattern = value.as_str().ok_or_else(|| bad(keyword, "a text"))?;
                let is_there = !pattern.is_empty();
                node.text.pattern = is_there.then(|| regex(keyword, pattern)).transpose()?;
            }
            "minimum" => node.number.min = number()?,
            "maximum" => node.number.max = number()?,
            "exclusiveMinimum" => node.number.above = number()?,
            "exclusiveMaximum" => node.number.below = number()?,
            "multipleOf" => {
                let of = value.as_number().filter(|of| of.as_f64().is_some_and(|of| of > 0.0));
                node.number.multiple_of =
                    Some(of.ok_or_else(|| bad(keyword, "a number above 0"))?.clone());
            }
            "$ref" => node.reference = Some(self.reference(value)?),
            "allOf" => node.all_of = self.list(keyword, value)?,
            "anyOf" => {
                node.any_of = Some(self.list(keyword, value)?).filter(|list| !list.is_empty());
            }
            "oneOf" => node.one_of = Some(self.list(keyword, value)?),
            "not" => node.not = Some(self.node(value)?),
            "$id" if !std::ptr::eq(value, self.root.get("$id").unwrap_or(&Value::Null)) => {
                return Err(SchemaError("`$id` within a schema is not followed".to_owned()));
            }
            _ if UNKNOWN.contains(&keyword) => {
                return Err(SchemaError(format!("the keyword `{keyword}` is not followed")));
            }
            // The rest are remarks, `format` among them: so JSON Schema has it.
            _ => {}
        }
        Ok(())
    }

    /// Keywords that only mean something with each other.
    fn pairs(&mut self, node: &mut Node, keywords: &'s Map<String, Value>) -> Read<()> {
        if let Some(condition) = keywords.get("if") {
            let condition = self.node(condition)?;
            let mut branch = |name| keywords.get(name).map(|schema| self.node(schema)).transpose();
            node.when = Some((condition, branch("then")?, branch("else")?));
        }
        if let Some(contains) = keywords.get("contains") {
            let count = |name: &str, default| {
                keywords.get(name).map_or(Ok(default), |value| self.count(name, value))
            };
            let (min, max) = (count("minContains", 1)?, count("maxContains", u64::MAX)?);
            node.array.contains = Some((self.node(contains)?, min, max));
        }
        let is_closed = self.dialect == Dialect::Gemini && node.object.others.is_none();
        if is_closed && !node.object.properties.is_empty() {
            node.object.others = Some(self.nodes.len());
            self.nodes.push(Node { never: true, ..Node::default() });
        }
        Ok(())
    }

    fn named(&mut self, keyword: &str, value: &'s Value) -> Read<Vec<(String, At)>> {
        let members = value.as_object().ok_or_else(|| bad(keyword, "an object"))?;
        members.iter().map(|(name, schema)| Ok((name.clone(), self.node(schema)?))).collect()
    }

    fn list(&mut self, keyword: &str, value: &'s Value) -> Read<Vec<At>> {
        let schemas = value.as_array().ok_or_else(|| bad(keyword, "an array of schemas"))?;
        schemas.iter().map(|schema| self.node(schema)).collect()
    }

    /// The node that stands where a reference within the schema points to.
    fn reference(&mut self, value: &'s Value) -> Read<At> {
        let text = value.as_str().ok_or_else(|| bad("$ref", "a text"))?;
        let beyond = || SchemaError(format!("`$ref` {text:?} leads out of the schema, or nowhere"));
        let pointer = text.strip_prefix('#').ok_or_else(beyond)?;
        if let Some(at) = self.known.get(pointer) {
            return Ok(*at);
        }
        let there = self.root.pointer(pointer).ok_or_else(beyond)?;
        let at = self.nodes.len();
        self.nodes.push(Node::default());
        // Known before it is read: it may refer to itself.
        self.known.insert(pointer, at);
        self.fill(at, there)?;
        Ok(at)
    }

    fn types(&self, value: &Value) -> Read<Option<Vec<Type>>> {
        let one = |value: &Value| {
            let name = value.as_str().unwrap_or_default();
            let lower = if self.is_plain() { name.into() } else { name.to_lowercase() };
            Ok(Some(match lower.as_str() {
                "object" => Type::Object,
                "array" => Type::Array,
                "string" => Type::String,
                "number" => Type::Number,
                "integer" => Type::Integer,
                "boolean" => Type::Boolean,
                "null" => Type::Null,
                "type_unspecified" if !self.is_plain() => return Ok(None),
                _ => return Err(SchemaError(format!("there is no `type` {value}"))),
            }))
        };
        match value {
            Value::Array(types) => types.iter().map(one).collect(),
            value => Ok(one(value)?.map(|one| vec![one])),
        }
    }

    fn count(&self, keyword: &str, value: &Value) -> Read<u64> {
        // The dialect is protobuf's, where 64-bit numbers are written as texts.
        let text = || value.as_str().filter(|_| !self.is_plain())?.parse().ok();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "whole and within bounds"
        )]
        let whole = || {
            let number = value.as_f64()?;
            (number.fract() == 0.0 && (0.0..9e15).contains(&number)).then_some(number as u64)
        };
        value
            .as_u64()
            .or_else(whole)
            .or_else(text)
            .ok_or_else(|| bad(keyword, "a whole number from 0 on"))
    }

    fn is_plain(&self) -> bool {
        self.dialect == Dialect::JsonSchema
    }
}

/// The name of a keyword; Google's are also written with underscores.
fn camel(keyword: &str, dialect: Dialect) -> Cow<'_, str> {
    if dialect == Dialect::JsonSchema || !keyword.contains('_') {
        return keyword.into();
    }
    let mut words = keyword.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    let upper = |word: &str| {
        let mut chars = word.chars();
        chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
    };
    words.filter_map(upper).fold(first, |name, word| name + &word).into()
}

fn texts(keyword: &str, value: &Value) -> Read<Vec<String>> {
    let texts =
        value.as_array().map(|texts| texts.iter().map(|text| text.as_str().map(str::to_owned)));
    texts.and_then(Iterator::collect).ok_or_else(|| bad(keyword, "an array of texts"))
}

fn regex(keyword: &str, pattern: &str) -> Read<Regex> {
    let built = RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build();
    built.map_err(|_| {
        let why = "uses what linear-time regular expressions do not have, is too large, or is none";
        SchemaError(format!("`{keyword}` {pattern:?} {why}"))
    })
}
