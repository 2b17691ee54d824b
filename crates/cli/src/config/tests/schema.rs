//! The published JSON Schema says what the reader takes: the same fields, and examples that both take or refuse.

use std::collections::BTreeSet;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::FULL;
use crate::config::Config;
use crate::config::json::json;

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../schema/config-1.json")).unwrap()
}

fn as_json(text: &str) -> Value {
    let table = DeTable::parse(text).unwrap();
    let whole = Spanned::new(table.span(), DeValue::Table(table.into_inner()));
    serde_json::from_str(&json(&whole).unwrap()).unwrap()
}

/// Whether `value` is what `schema` says; panics at keywords that it does not know.
fn fits(value: &Value, schema: &Value, root: &Value) -> bool {
    schema.as_object().unwrap().iter().all(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$id" | "$defs" | "title" | "description" => true,
        "$ref" => {
            fits(value, root.pointer(rule.as_str().unwrap().trim_start_matches('#')).unwrap(), root)
        }
        "anyOf" => rule.as_array().unwrap().iter().any(|rule| fits(value, rule, root)),
        "enum" => rule.as_array().unwrap().contains(value),
        "type" => match rule.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64() || value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            other => panic!("type {other}"),
        },
        "minimum" => value.as_f64().is_none_or(|number| number >= rule.as_f64().unwrap()),
        "minLength" => {
            value.as_str().is_none_or(|text| text.len() as u64 >= rule.as_u64().unwrap())
        }
        "uniqueItems" => value.as_array().is_none_or(|items| {
            items.iter().map(Value::to_string).collect::<BTreeSet<_>>().len() == items.len()
        }),
        "items" => {
            value.as_array().is_none_or(|items| items.iter().all(|item| fits(item, rule, root)))
        }
        "required" => {
            rule.as_array().unwrap().iter().all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "properties" => rule
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, rule)| value.get(name).is_none_or(|member| fits(member, rule, root))),
        "additionalProperties" => value.as_object().is_none_or(|members| {
            let more = |name: &String| {
                schema.pointer("/properties").is_none_or(|known| known.get(name).is_none())
            };
            members.iter().filter(|(name, _)| more(name)).all(|(_, member)| match rule {
                Value::Bool(any) => *any,
                rule => fits(member, rule, root),
            })
        }),
        other => panic!("this test does not know the keyword {other}"),
    })
}

#[test]
fn what_the_reader_takes_fits_the_schema() {
    let schema = schema();
    for text in
        [FULL, "", "scorer = [\"a\"]", "budget = \"0.50\"", "[[scorer]]\nname = \"a\"\nb = [1]"]
    {
        Config::parse(text).unwrap();
        assert!(fits(&as_json(text), &schema, &schema), "{text}");
    }
}

#[test]
fn what_the_schema_refuses_the_reader_refuses() {
    let schema = schema();
    for text in [
        "modles = []",
        "models = [\"a\", \"a\"]",
        "models = [\"\"]",
        "budget = -1",
        "budget = true",
        "retry_rows = -1",
        "stuck_then = \"splitt\"",
        "limits = { tier = 4 }",
        "limits = { jobs = 0 }",
        "limits = { jbos = 1 }",
        "limits = { enqueued_tokens = { m = 0 } }",
        "[[variant]]\nset = {}",
        "[[variant]]\nname = \"a\"\nnmae = \"b\"",
        "[[variant]]\nname = \"a\"\ntools = [5]",
        "[[scorer]]\nany-part = true",
        "scorer = [{ all = [], any = [] }]",
        "accept_partial = \"yes\"",
    ] {
        assert!(!fits(&as_json(text), &schema, &schema), "the schema takes {text}");
        assert!(Config::parse(text).is_err(), "the reader takes {text}");
    }
}

#[test]
fn the_schema_names_the_fields_that_the_reader_knows() {
    let schema = schema();
    for (text, at) in [
        ("zzzzzzzzzz = 1", "/properties"),
        ("[limits]\nzzzzzzzzzz = 1", "/$defs/limits/properties"),
        ("[[variant]]\nname = \"a\"\nzzzzzzzzzz = 1", "/$defs/variant/properties"),
    ] {
        let error = Config::parse(text).unwrap_err();
        let known = error.hint().unwrap().trim_start_matches("there are ").split(", ");
        let known: BTreeSet<&str> = known.collect();
        let named = schema.pointer(at).unwrap().as_object().unwrap();
        assert_eq!(known, named.keys().map(String::as_str).collect(), "{at}");
    }
}

#[test]
fn the_full_example_is_full() {
    let schema = schema();
    let example = as_json(FULL);
    for (value, at) in [
        (&example, "/properties"),
        (&example["limits"], "/$defs/limits/properties"),
        (&example["variant"][1], "/$defs/variant/properties"),
    ] {
        for name in schema.pointer(at).unwrap().as_object().unwrap().keys() {
            assert!(value.get(name).is_some(), "full.toml has no {name}");
        }
    }
}
