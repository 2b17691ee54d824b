//! What holds for every built-in scorer: its help, its name, odd rows, random rows.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;
use serde_json::Value;

use crate::{
    DatasetRow, Json, Needs, Prices, Registry, Row, Scorer, Usage, Verdict, conformance,
    fingerprint,
};

#[derive(Debug)]
struct Free;

impl Prices for Free {
    fn dollars(&self, _model: Option<&str>, _usage: &Usage) -> Option<f64> {
        Some(0.0)
    }
}

/// Texts that build every scorer, with most parameters.
const MORE: &[&str] = &[
    "function-call",
    "function-call:any-part,name=f",
    "equals",
    r#"equals(expected="logged", ignore-case)"#,
    r#"contains(expected="$.a.b")"#,
    r#"starts-with(expected="logged")"#,
    r#"levenshtein(expected="logged", ignore-case)"#,
    r#"token-f1(expected="logged", min=0.5)"#,
    r#"rouge-1(expected="/request/contents/0/parts/0/text")"#,
    r#"rouge-2(expected="logged", measure="precision")"#,
    "rouge-l",
    r#"same-text(by="token-f1")"#,
    r#"json-match(expected="logged", fence)"#,
    r#"json-path(path="$[0]", expected="file")"#,
    r#"json-path(path="", exists, fence)"#,
    r##"json-schema(schema={"$ref":"#/$defs/a","$defs":{"a":{"type":["array","object"],"items":{"$ref":"#"}}}}, fence)"##,
    r#"number(expected="logged", rel=0.5)"#,
    r#"number(value=1, at="/a", fence)"#,
    r#"label(labels=["a","b"], mention="first", ignore-case)"#,
    r#"label(labels=["a","b"], at="/a", expected="file")"#,
    r#"label(labels=["a","b"], mention="last", expected="/fields")"#,
    r#"call-args(expected="logged", any-part, match="subset")"#,
    r#"call-args(value={"a":[{"b":null}]})"#,
    r#"call-name(expected="logged")"#,
    r#"call-order(expected="logged", only)"#,
    "call-f1",
    "valid-call(extra)",
    r#"tokens(min=1, kind="total")"#,
    r#"weighted(2*json-valid, 0.5*levenshtein(value="x"), label(labels=["a","b"], value="a"))"#,
    "all(not:refusal, any(blocked, no-call))",
];

fn registry() -> Registry {
    Registry::builtin().with_prices(Arc::new(Free))
}

fn scorers() -> &'static [Box<dyn Scorer>] {
    static SCORERS: LazyLock<Vec<Box<dyn Scorer>>> = LazyLock::new(built);
    &SCORERS
}

fn built() -> Vec<Box<dyn Scorer>> {
    let registry = registry();
    let examples = registry.catalog().map(|entry| entry.example);
    let texts: Vec<&str> = examples.chain(MORE.iter().copied()).collect();
    texts
        .into_iter()
        .map(|text| registry.build(text).unwrap_or_else(|error| panic!("{text}: {error}")))
        .collect()
}

#[test]
fn all_conform_on_odd_rows() {
    for scorer in scorers() {
        conformance::check(scorer.as_ref());
    }
}

#[test]
fn names_build_the_same_scorer_again() {
    let registry = registry();
    for scorer in scorers().iter().filter(|scorer| !scorer.name().contains('~')) {
        let again = registry
            .build(scorer.name())
            .unwrap_or_else(|error| panic!("{}: {error}", scorer.name()));
        assert_eq!((again.name(), again.needs()), (scorer.name(), scorer.needs()));
        assert_eq!(fingerprint(again.as_ref()), fingerprint(scorer.as_ref()));
    }
}

#[test]
fn names_leave_out_what_is_so_anyway() {
    for (text, want) in [
        ("contains:value=a b", r#"contains(value="a\u0020b")"#),
        (r#"equals(ignore-case=false, expected="file")"#, "equals"),
        ("words:max=10", "words(max=10)"),
        (
            r#"levenshtein(min=0.50, value="ä😀")"#,
            r#"levenshtein(value="\u00e4\ud83d\ude00",min=0.5)"#,
        ),
        (r#"rouge-l(measure="f1", expected="$.a")"#, r#"rouge-l(expected="$.a")"#),
        (
            r#"call-args(value={"b": 1, "a": [true]}, match="equal")"#,
            r#"call-args(value={"a":[true],"b":1})"#,
        ),
        ("weighted(1*blocked, 2.50*no-call)", "weighted(blocked,2.5*no-call)"),
    ] {
        assert_eq!(registry().build(text).unwrap().name(), want, "{text}");
    }
}

#[test]
fn the_catalog_names_every_parameter_and_no_other() {
    let registry = registry();
    for entry in registry.catalog() {
        assert!(!entry.about.is_empty() && entry.about.is_ascii(), "{}", entry.name);
        assert!(entry.example.contains(entry.name), "{}", entry.example);
        for param in entry.params {
            // A parameter that is known is either fine or wrong, but not unknown.
            let text = format!("{}({}={{\"x\":1}})", entry.name, param.name);
            let problem = registry.build(&text).err().map(|error| error.to_string());
            assert!(!problem.unwrap_or_default().contains("knows no"), "{text}");
        }
    }
}

#[test]
fn needs_are_no_more_than_what_is_looked_at() {
    let none = Needs::NOTHING;
    for (text, needs) in [
        (r#"equals(value="a")"#, none),
        ("equals", none.and_expected()),
        (r#"equals(expected="/a/b")"#, none.and_fields()),
        (r#"equals(expected="$['request'].a")"#, none.and_request().and_taken()),
        (r#"equals(expected="/response/modelVersion")"#, none.and_logged()),
        (r#"contains(any=["a"])"#, none),
        ("valid-call", none.and_request()),
        ("same-args", none.and_logged()),
        (r#"label(labels=["a","b"])"#, none.and_expected()),
        (r#"label(labels=["a","b"], value="a")"#, none),
        (r#"all(equals(expected="/a"), same-call)"#, none.and_fields().and_logged()),
    ] {
        assert_eq!(registry().build(text).unwrap().needs(), needs, "{text}");
    }
}

/// JSON in which the words that scorers look for are likely.
fn json() -> impl Strategy<Value = Value> {
    let word = prop::sample::select(vec![
        "a",
        "text",
        "functionCall",
        "name",
        "args",
        "f",
        "1,234.5e6",
        "```json\n{\"a\":1}",
        "I cannot",
        "\u{0}",
        "ä",
        "type",
        "OBJECT",
        "properties",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        word.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..4).prop_map(|members| {
                Value::Object(
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
                )
            }),
        ]
    })
}

fn part() -> impl Strategy<Value = Value> {
    prop_oneof![
        json(),
        json().prop_map(|text| serde_json::json!({"text": text})),
        json().prop_map(|text| serde_json::json!({"text": text.to_string()})),
        (json(), json()).prop_map(
            |(name, args)| serde_json::json!({"functionCall": {"name": name, "args": args}})
        ),
        json().prop_map(|args| serde_json::json!({"functionCall": {"name": "f", "args": args}})),
    ]
}

fn response() -> impl Strategy<Value = Value> {
    let full = (prop::collection::vec(part(), 0..4), json()).prop_map(|(parts, finish)| {
        serde_json::json!({"candidates": [{"content": {"parts": parts}, "finishReason": finish}]})
    });
    prop_oneof![4 => full, 1 => json()]
}

fn request() -> impl Strategy<Value = Value> {
    let declared = json().prop_map(|schema| {
        serde_json::json!({"tools": [{"functionDeclarations": [{"name": "f", "parameters": schema}]}]})
    });
    prop_oneof![declared, json()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn none_ever_panics_or_leaves_its_bounds(
        answer in response(), logged in response(), fields in json(), expected in json(), request in request(),
    ) {
        let raw = |value: &Value| Json::parse(&value.to_string());
        let dataset = DatasetRow {
            request: raw(&request), logged: raw(&logged), expected: raw(&expected), fields: raw(&fields),
            taken: raw(&fields),
        };
        let line = serde_json::json!({"response": answer}).to_string();
        let row = Row::of_line(0, serde_json::from_str(&line).unwrap()).with_dataset(&dataset);
        for scorer in scorers() {
            if let Verdict::Value(value) = scorer.score(&row) {
                prop_assert!((0.0..=1.0).contains(&value), "{} {value}", scorer.name());
            }
        }
    }
}
