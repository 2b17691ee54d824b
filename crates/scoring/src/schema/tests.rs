//! Schemas and values: by hand for Google's dialect, and as Python's `jsonschema` has it for JSON Schema.

use serde_json::{Value, json};

use super::{Dialect, Fault, Schema};

#[track_caller]
fn check(schema: &Value, dialect: Dialect, value: &Value, want: Result<(), Fault>) {
    let read = Schema::of(schema, dialect).unwrap();
    assert_eq!(read.check(value), want, "{dialect:?} {schema} {value}");
}

const INVALID: Result<(), Fault> = Err(Fault::Invalid);

#[test]
fn googles_dialect_in_either_spelling() {
    let camel = json!({
        "type": "OBJECT",
        "properties": {
            "why": {"type": "STRING", "enum": ["spam", "scam"], "format": "enum"},
            "how_often": {"type": "INTEGER", "minimum": 1, "nullable": true},
            "tags": {"type": "ARRAY", "items": {"type": "string"}, "maxItems": "2", "minItems": 1},
            "who": {"anyOf": [{"type": "STRING"}, {"type": "OBJECT", "properties": {"id": {"type": "NUMBER"}}}]},
            "anything": {"type": "TYPE_UNSPECIFIED"},
            "open": {"type": "OBJECT"},
        },
        "required": ["why"],
        "propertyOrdering": ["why", "tags"],
    });
    let snake: Value = serde_json::from_str(
        &camel
            .to_string()
            .replace("maxItems", "max_items")
            .replace("minItems", "min_items")
            .replace("anyOf", "any_of"),
    )
    .unwrap();
    for (value, want) in [
        (json!({"why": "spam"}), Ok(())),
        (json!({"why": "spam", "how_often": 2.0, "tags": ["a"]}), Ok(())),
        (json!({"why": "spam", "how_often": null}), Ok(())),
        (json!({"why": "spam", "who": "x", "anything": [1], "open": {"a": 1}}), Ok(())),
        (json!({"why": "spam", "who": {"id": 1.5}}), Ok(())),
        (json!({"why": "spam", "who": {"name": 1.5}}), INVALID),
        (json!({"why": "other"}), INVALID),
        (json!({"why": null}), INVALID),
        (json!({}), INVALID),
        (json!({"why": "spam", "how_often": 0}), INVALID),
        (json!({"why": "spam", "how_often": 1.5}), INVALID),
        (json!({"why": "spam", "tags": []}), INVALID),
        (json!({"why": "spam", "tags": ["a", "b", "c"]}), INVALID),
        (json!({"why": "spam", "tags": [1]}), INVALID),
        (json!([]), INVALID),
    ] {
        check(&camel, Dialect::Gemini, &value, want);
        check(&snake, Dialect::Gemini, &value, want);
    }
    let extra = json!({"why": "spam", "because": 1});
    check(&camel, Dialect::Gemini, &extra, INVALID);
    check(&camel, Dialect::GeminiOpen, &extra, Ok(()));
}

#[test]
fn schemas_that_go_round_end() {
    let list = json!({"$ref": "#/$defs/list", "$defs": {"list": {
        "type": ["object", "null"], "properties": {"next": {"$ref": "#/$defs/list"}}, "additionalProperties": false,
    }}});
    check(&list, Dialect::JsonSchema, &json!({"next": {"next": null}}), Ok(()));
    check(&list, Dialect::JsonSchema, &json!({"next": {"next": 1}}), INVALID);
    check(&json!({"$ref": "#"}), Dialect::JsonSchema, &json!(1), Err(Fault::TooMuch));
    let twice = json!({"anyOf": [{"$ref": "#"}, {"$ref": "#"}], "not": {"$ref": "#"}});
    check(&twice, Dialect::JsonSchema, &json!(1), Err(Fault::TooMuch));
    let unique = json!({"uniqueItems": true});
    let many: Value = (0..3_000).map(Value::from).collect();
    check(&unique, Dialect::JsonSchema, &many, Err(Fault::TooMuch));
}

#[test]
fn what_cannot_be_followed_is_said() {
    for (schema, want) in [
        (json!(7), "a schema must be an object, true or false"),
        (json!({"properties": {"a": 1}}), "a schema must be an object, true or false"),
        (json!({"type": "STRING"}), "there is no `type` \"STRING\""),
        (json!({"unevaluatedItems": false}), "the keyword `unevaluatedItems` is not followed"),
        (json!({"$ref": "https://x"}), "`$ref` \"https://x\" leads out of the schema, or nowhere"),
        (json!({"$ref": "#/$defs/a"}), "`$ref` \"#/$defs/a\" leads out of the schema, or nowhere"),
        (json!({"minLength": -1}), "`minLength` must be a whole number from 0 on"),
        (json!({"minLength": "1"}), "`minLength` must be a whole number from 0 on"),
        (json!({"multipleOf": 0}), "`multipleOf` must be a number above 0"),
        (json!({"required": [1]}), "`required` must be an array of texts"),
        (
            json!({"pattern": "(?=a)"}),
            "`pattern` \"(?=a)\" uses what linear-time regular expressions do not have, is too large, or is none",
        ),
        (json!({"not": {"$id": "x"}}), "`$id` within a schema is not followed"),
    ] {
        let error = Schema::of(&schema, Dialect::JsonSchema).unwrap_err();
        assert_eq!(error.to_string(), want, "{schema}");
    }
    assert!(Schema::of(&json!({"$id": "https://x/y", "x-mine": [1]}), Dialect::JsonSchema).is_ok());
}

#[test]
fn verdicts_are_those_of_pythons_jsonschema() {
    let cases: Value =
        serde_json::from_str(include_str!("../../tests/fixtures/jsonschema.json")).unwrap();
    let cases = cases["cases"].as_array().unwrap();
    let (mut allowed, mut refused) = (0, 0);
    for case in cases {
        let schema = Schema::of(&case["schema"], Dialect::JsonSchema)
            .unwrap_or_else(|error| panic!("{case}: {error}"));
        for (value, valid) in case["values"]
            .as_array()
            .unwrap()
            .iter()
            .map(|pair| (&pair[0], pair[1].as_bool().unwrap()))
        {
            assert_eq!(schema.check(value).is_ok(), valid, "{} {value}", case["schema"]);
            *(if valid { &mut allowed } else { &mut refused }) += 1;
        }
    }
    assert!(allowed > 300 && refused > 300, "{allowed} {refused}");
}
