//! The published JSON Schema says what the report's JSON is: no field more, no field less.

use std::collections::BTreeSet;

use eval_report::{
    Agreement, Bounds, Clusters, Conclude, Confusion, Count, Gate, Method, Role, SCHEMA, Slicing,
    to_json,
};
use serde_json::Value;

use crate::support::{built, column, concluded, logged, report};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../schema/report-1.json")).unwrap()
}

/// A report in which every list has an element and every option a value, apart from those of the empty one.
fn reports() -> [Value; 2] {
    let mut full =
        report([logged("F-"), built("m", Role::Model, "FTXCDO-U", "other", &["function-call"])]);
    full.expected = Some("right.jsonl".to_owned());
    let logged = Slicing::new("/country");
    let slices = [(0..7).fold(logged, |mut slicing, _| {
        slicing.push(Some("de"));
        slicing
    })];
    let gates = [Gate::parse("m >= logged").unwrap()];
    let clusters = (0..7).fold(Clusters::new("/talk"), |mut clusters, row: u32| {
        clusters.push(Some(&(row / 2).to_string()));
        clusters
    });
    let how = |clusters| Conclude { gates: &gates, slices: &slices, clusters, baseline: None };
    let columns = [("logged", "FFTTFTF"), ("m", "FTFTFTT"), ("n", "FFFFFFF")];
    let [plain, clustered] =
        [None, Some(&clusters)].map(|clusters| concluded(&columns, &how(clusters)));
    full.baseline = clustered.baseline;
    full.cluster = clustered.cluster;
    full.omnibus = plain.omnibus;
    full.comparisons = [plain.comparisons, clustered.comparisons].concat();
    full.agreements.push(Agreement {
        scorer: "label".into(),
        a: "m".into(),
        b: "logged".into(),
        rows: 2,
        same: 2,
        share: full.models[0].scores[0].accuracy,
        kappa: Some(1.0),
        sentence: "the same".into(),
    });
    full.slices = [plain.slices, clustered.slices].concat();
    full.gates = plain.gates;
    full.backend.as_mut().unwrap().base_url = Some("http://127.0.0.1:8080".into());
    for column in &mut full.models {
        column.model = Some("m".into());
        column.variant = Some("v".into());
        column.lines.cut_at = Some(7);
        let result = &mut column.scores[0];
        result.mean = Some(0.5);
        result.mean_interval =
            Some(Bounds { low: 0.4, high: 0.6, confidence: 0.95, method: Method::StudentT });
        result.confusion = Some(Confusion::of(vec!["spam".into()], vec![vec![1]]));
        result.labels.push(Count { name: "spam".into(), rows: 1 });
        result.unscorable_reasons.push(Count { name: "no text".into(), rows: 1 });
    }
    let mut empty = report([column("m", "")]);
    (empty.run, empty.backend, empty.dataset, empty.elapsed_ms) = (None, None, None, None);
    [full, empty].map(|report| serde_json::from_str(&to_json(&report).unwrap()).unwrap())
}

/// A validator for the keywords the schema uses; it refuses those it does not know. Notes each property it meets.
fn validate(
    value: &Value,
    schema: &Value,
    root: &Value,
    at: &str,
    met: &mut BTreeSet<String>,
) -> Result<(), String> {
    for (keyword, rule) in schema.as_object().ok_or(format!("{at}: the schema is no object"))? {
        let holds = match keyword.as_str() {
            "$schema" | "$id" | "$defs" | "title" | "description" => true,
            "$ref" => {
                let pointer = rule.as_str().unwrap().trim_start_matches('#');
                let target = root.pointer(pointer).ok_or(format!("{at}: no {pointer}"))?;
                validate(value, target, root, at, met)?;
                true
            }
            "anyOf" => {
                let choices = rule.as_array().unwrap();
                choices.iter().any(|choice| validate(value, choice, root, at, met).is_ok())
            }
            "type" => match rule.as_str().unwrap() {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "integer" => value.is_u64() || value.is_i64(),
                "number" => value.is_number(),
                "boolean" => value.is_boolean(),
                "null" => value.is_null(),
                other => return Err(format!("{at}: unknown type {other}")),
            },
            "const" => value == rule,
            "enum" => rule.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_some_and(|number| number >= rule.as_f64().unwrap()),
            "maximum" => value.as_f64().is_some_and(|number| number <= rule.as_f64().unwrap()),
            "required" => rule
                .as_array()
                .unwrap()
                .iter()
                .all(|name| value.get(name.as_str().unwrap()).is_some()),
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                rule == &Value::Bool(false)
                    && value
                        .as_object()
                        .is_some_and(|object| object.keys().all(|name| known.contains_key(name)))
            }
            "properties" => {
                for (name, rule) in rule.as_object().unwrap() {
                    if let Some(member) = value.get(name) {
                        let at = format!("{at}/{name}");
                        validate(member, rule, root, &at, met)?;
                        met.insert(at);
                    }
                }
                true
            }
            "items" => {
                for element in value.as_array().ok_or(format!("{at}: no array"))? {
                    validate(element, rule, root, &format!("{at}/*"), met)?;
                }
                true
            }
            other => return Err(format!("{at}: this test does not know the keyword {other}")),
        };
        if !holds {
            return Err(format!("{at}: {value} breaks {keyword}: {rule}"));
        }
    }
    Ok(())
}

#[test]
fn reports_are_what_the_schema_says() {
    let schema = schema();
    for report in reports() {
        validate(&report, &schema, &schema, "", &mut BTreeSet::new()).unwrap();
    }
    assert_eq!(schema["properties"]["schema"]["const"], SCHEMA);
}

#[test]
fn the_schema_demands_every_field_but_costs_and_allows_no_other() {
    fn objects<'a>(schema: &'a Value, found: &mut Vec<&'a Value>) {
        match schema {
            Value::Object(members) => {
                if schema["type"] == "object" {
                    found.push(schema);
                }
                members.values().for_each(|member| objects(member, found));
            }
            Value::Array(elements) => elements.iter().for_each(|element| objects(element, found)),
            _ => {}
        }
    }
    let schema = schema();
    let mut found = Vec::new();
    objects(&schema, &mut found);
    assert!(found.len() >= 10);
    for object in found {
        let properties: BTreeSet<&str> =
            object["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let required: BTreeSet<&str> = object["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        let optional: Vec<&str> = properties.difference(&required).copied().collect();
        // What nobody paid for has no cost, a known price no reason for being unknown, and most reports neither judges
        // nor right answers that were given, nor hours in which nobody was at work.
        assert!(
            matches!(
                optional.as_slice(),
                [] | ["cost" | "unknown"] | ["away_ms", "expected", "expecting", "judges"]
            ),
            "{optional:?}"
        );
        assert!(required.is_subset(&properties));
        assert_eq!(object["additionalProperties"], false);
    }
}

#[test]
fn a_report_that_is_not_right_is_refused() {
    let schema = schema();
    let [full, _] = reports();
    let break_at = |pointer: &str, value: Value| {
        let mut broken = full.clone();
        *broken.pointer_mut(pointer).unwrap() = value;
        let result = validate(&broken, &schema, &schema, "", &mut BTreeSet::new());
        assert!(result.is_err(), "{pointer}");
    };
    break_at("/schema", "batch-eval/report/2".into());
    break_at("/models/0/submitted", (-1).into());
    break_at("/models/0/submitted", 1.5.into());
    break_at("/models/1/role", "judge".into());
    break_at("/models/1/scores/0/accuracy/value", 1.2.into());
    break_at("/models/1/scores/0", serde_json::json!({}));
    break_at(
        "/warnings/0",
        serde_json::json!({"kind": "note", "column": null, "text": "", "more": 1}),
    );
}

#[test]
fn the_test_data_meets_every_property() {
    let schema = schema();
    let mut met = BTreeSet::new();
    let [full, _] = reports();
    validate(&full, &schema, &schema, "", &mut met).unwrap();
    for at in [
        "/run/id",
        "/expected",
        "/backend/base_url",
        "/models/*/variant",
        "/models/*/lines/cut_at",
        "/models/*/scores/*/labels/*/name",
        "/warnings/*/kind",
        "/comparisons/*/table/only_a",
        "/comparisons/*/test/adjusted_p",
        "/comparisons/*/clusters",
        "/omnibus/*/q",
        "/slices/*/difference/test/p",
        "/gates/*/outcome",
        "/models/*/scores/*/confusion/per_class/*/f1",
    ] {
        assert!(met.contains(at), "{at} is not in {met:?}");
    }
    assert!(met.len() >= 60, "{}", met.len());
}
