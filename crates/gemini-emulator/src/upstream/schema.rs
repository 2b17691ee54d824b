//! Gemini's schemas to JSON Schema: types in lower case, `nullable` as a type, numbers as numbers.

use serde_json::{Map, Value, json};

use super::Untranslatable;
use crate::answer::integer;

/// Deeper schemas are not followed.
const DEPTH: usize = 64;

/// A `Schema` as JSON Schema. `propertyOrdering` goes: JSON Schema knows no order.
pub(super) fn json_schema(schema: &Value) -> Result<Value, Untranslatable> {
    translate(schema, 0)
}

fn translate(schema: &Value, depth: usize) -> Result<Value, Untranslatable> {
    let Some(members) = schema.as_object().filter(|_| depth < DEPTH) else {
        return Err(Untranslatable::new("a schema that is no object, or too deep"));
    };
    let mut out = Map::new();
    let mut nullable = false;
    for (name, value) in members {
        match name.as_str() {
            "type" => {
                let lower = value.as_str().unwrap_or_default().to_ascii_lowercase();
                if !lower.is_empty() && lower != "type_unspecified" {
                    out.insert("type".into(), lower.into());
                }
            }
            "nullable" => nullable = value == &Value::Bool(true),
            "properties" => {
                let inner = value.as_object().into_iter().flatten();
                let inner: Result<Map<String, Value>, _> = inner
                    .map(|(name, schema)| Ok((name.clone(), translate(schema, depth + 1)?)))
                    .collect();
                out.insert("properties".into(), inner?.into());
            }
            "items" => {
                out.insert("items".into(), translate(value, depth + 1)?);
            }
            "anyOf" | "any_of" => {
                let branches = value.as_array().into_iter().flatten();
                let branches: Result<Vec<Value>, _> =
                    branches.map(|branch| translate(branch, depth + 1)).collect();
                out.insert("anyOf".into(), branches?.into());
            }
            // A format of Gemini's own, which says no more than `enum` does.
            "format" if value == "enum" => {}
            "example" => {
                out.insert("examples".into(), json!([value]));
            }
            "propertyOrdering" | "property_ordering" => {}
            other => match bound(other) {
                // 64-bit integers come as text.
                Some(name) => {
                    out.insert(name.into(), integer(value).map_or(value.clone(), Value::from));
                }
                None => {
                    out.insert(other.to_owned(), value.clone());
                }
            },
        }
    }
    if nullable {
        allow_null(&mut out);
    }
    Ok(out.into())
}

/// Limits that are 64-bit integers, by their name in JSON Schema.
fn bound(name: &str) -> Option<&'static str> {
    Some(match name {
        "minItems" | "min_items" => "minItems",
        "maxItems" | "max_items" => "maxItems",
        "minLength" | "min_length" => "minLength",
        "maxLength" | "max_length" => "maxLength",
        "minProperties" | "min_properties" => "minProperties",
        "maxProperties" | "max_properties" => "maxProperties",
        _ => return None,
    })
}

fn allow_null(schema: &mut Map<String, Value>) {
    if let Some(kind) = schema.get_mut("type") {
        *kind = json!([kind, "null"]);
    }
    if let Some(Value::Array(branches)) = schema.get_mut("anyOf") {
        branches.push(json!({ "type": "null" }));
    }
    if let Some(Value::Array(choices)) = schema.get_mut("enum") {
        choices.push(Value::Null);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_come_out_as_json_schema() {
        let gemini = json!({
            "type": "OBJECT", "required": ["kind"], "propertyOrdering": ["kind", "n"],
            "properties": {
                "kind": {"type": "STRING", "format": "enum", "enum": ["a", "b"], "nullable": true},
                "n": {"type": "INTEGER", "format": "int64", "minimum": 1, "description": "how many"},
                "list": {"type": "ARRAY", "minItems": "1", "max_items": 3, "items": {"type": "NUMBER"}},
                "either": {"anyOf": [{"type": "BOOLEAN"}, {"type": "STRING", "maxLength": "9"}],
                           "nullable": true},
                "type": {"type": "STRING", "example": "x"},
                "open": {"type": "TYPE_UNSPECIFIED"}}});
        assert_eq!(
            json_schema(&gemini).unwrap(),
            json!({
                "type": "object", "required": ["kind"],
                "properties": {
                    "kind": {"type": ["string", "null"], "enum": ["a", "b", null]},
                    "n": {"type": "integer", "format": "int64", "minimum": 1, "description": "how many"},
                    "list": {"type": "array", "minItems": 1, "maxItems": 3, "items": {"type": "number"}},
                    "either": {"anyOf": [{"type": "boolean"}, {"type": "string", "maxLength": 9},
                                         {"type": "null"}]},
                    "type": {"type": "string", "examples": ["x"]},
                    "open": {}}})
        );
        assert!(json_schema(&json!("STRING")).is_err());
    }
}
