//! Arbitrary rows in arbitrary spelling: the result equals what a JSON parser would make of them.

use jsonl_transform::{BadRowPolicy, InputShape, RowKey, Transformer, members};
use proptest::prelude::*;
use serde_json::{Value, json, value::RawValue};

use crate::support::{Chunks, run};

/// Any JSON text, as written: with odd numbers, escapes and white space.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "false",
            "0",
            "-0",
            "1.0",
            "1e30",
            "12345678901234567890",
            "-1.5E-7",
            "[]",
            "{ }",
            r#""""#,
            r#""\u0041\n\"\\\/""#,
            r#""\ud83d\ude00""#,
            r#""东京 é""#,
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| json!(text).to_string()),
        any::<i64>().prop_map(|number| number.to_string()),
    ];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            prop::collection::vec((space(), inner.clone()), 0..4).prop_map(|items| {
                let items: Vec<String> = items
                    .into_iter()
                    .map(|(space, item)| format!("{space}{item}{space}"))
                    .collect();
                format!("[{}]", items.join(","))
            }),
            prop::collection::vec((any_name(), space(), inner), 0..4)
                .prop_map(|members| object(&members)),
        ]
    })
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec![r#""a""#, r#""tools""#, r#""mod\u0065""#, r#""""#, r#""x y""#, r#""\"model""#])
            .prop_map(str::to_owned),
        1 => any::<String>().prop_map(|name| json!(name).to_string()),
    ]
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "  ", "\t"])
}

fn object(members: &[(String, &'static str, String)]) -> String {
    let members: Vec<String> = members
        .iter()
        .map(|(name, space, value)| format!("{space}{name}{space}:{space}{value}{space}"))
        .collect();
    format!("{{{}}}", members.join(","))
}

/// An object with the given members among arbitrary ones, in any order.
fn object_with(
    named: Vec<(&'static [&'static str], BoxedStrategy<String>, std::ops::RangeInclusive<usize>)>,
) -> impl Strategy<Value = String> {
    let mut all: BoxedStrategy<Vec<(String, &'static str, String)>> =
        prop::collection::vec((any_name(), space(), any_json()), 0..4).boxed();
    for (spellings, value, times) in named {
        let name = prop::sample::select(spellings).prop_map(str::to_owned);
        let some = prop::collection::vec((name, space(), value), times);
        all = (all, some)
            .prop_map(|(mut all, some)| {
                all.extend(some);
                all
            })
            .boxed();
    }
    all.prop_shuffle().prop_map(|members| object(&members))
}

const MODEL: &[&str] = &[r#""model""#, r#""mod\u0065l""#];
const CONTENTS: &[&str] = &[r#""contents""#];
const REQUEST: &[&str] = &[r#""request""#, r#""\u0072equest""#];
const RESPONSE: &[&str] = &[r#""response""#, r#""respons\u0065""#];
const KEY: &[&str] = &[r#""key""#, r#""ke\u0079""#];

fn any_row() -> impl Strategy<Value = String> {
    let contents = any_json().prop_map(|item| format!("[{item}]")).boxed();
    let request =
        object_with(vec![(MODEL, any_json().boxed(), 0..=2), (CONTENTS, contents, 1..=1)]);
    object_with(vec![
        (REQUEST, request.boxed(), 1..=1),
        (RESPONSE, any_json().boxed(), 0..=2),
        (KEY, any_json().boxed(), 0..=2),
    ])
}

/// The decoded names of an object's members with the bytes of their values, in order.
fn parts(json: &str) -> Vec<(String, &str)> {
    members(json.as_bytes())
        .expect("valid")
        .into_iter()
        .map(|member| {
            let name: String = serde_json::from_str(&json[member.name]).expect("a name");
            (name, &json[member.value])
        })
        .collect()
}

fn without(value: &str, names: &[&str]) -> Value {
    let mut value: Value = serde_json::from_str(value).expect("valid");
    for name in names {
        value.as_object_mut().expect("an object").remove(*name);
    }
    value
}

fn last<'a>(parts: &[(String, &'a str)], name: &str) -> Option<&'a str> {
    parts.iter().rev().find(|(found, _)| found == name).map(|&(_, value)| value)
}

/// The members by name and bytes, apart from the named ones.
fn others<'a>(json: &'a str, names: &[&str]) -> Vec<(String, &'a str)> {
    parts(json).into_iter().filter(|(name, _)| !names.contains(&name.as_str())).collect()
}

fn check_row(row: &str) {
    let parts_in = parts(row);
    let request = last(&parts_in, "request").expect("a request");
    for shape in [InputShape::Request, InputShape::Row, InputShape::Notebook] {
        let ran = run(&Transformer::new().shape(shape), row.as_bytes());
        assert_eq!(ran.summary().written, 1);
        let input = str::from_utf8(&ran.input).expect("UTF-8").strip_suffix('\n').expect("ended");
        let logged = str::from_utf8(&ran.logged).expect("UTF-8").strip_suffix('\n').expect("ended");
        // As values, by another parser.
        let mut expect = without(row, &["response"]);
        expect["request"] = without(request, &["model"]);
        let sent = last(&parts(input), "request").expect("a request");
        let key = RowKey::new(0, sent.as_bytes()).to_string();
        match shape {
            InputShape::Request => expect = json!({ "request": expect["request"], "key": key }),
            InputShape::Row => expect["key"] = json!(key),
            InputShape::Notebook => {}
        }
        assert_eq!(serde_json::from_str::<Value>(input).expect("valid"), expect);
        // As bytes: every member that was not dropped is as it was, in its order.
        assert_eq!(parts(sent), others(request, &["model"]));
        if shape != InputShape::Request {
            let ours = ["request", "key", "response"];
            assert_eq!(others(input, &ours[..2]), others(row, &ours));
        }
        let told = parts(logged);
        assert_eq!(last(&told, "key"), Some(json!(key).to_string().as_str()));
        assert_eq!(last(&told, "response"), last(&parts_in, "response"));
        assert_eq!(last(&told, "model"), last(&parts(request), "model"));
        assert_eq!(
            parts(last(&told, "row").expect("a row")),
            others(row, &["request", "response"])
        );
        assert!(serde_json::from_str::<&RawValue>(logged).is_ok());
    }
}

proptest! {
    #[test]
    fn rows_equal_the_oracle_and_keep_their_bytes(row in any_row()) {
        check_row(&row);
    }

    #[test]
    fn how_the_input_is_cut_into_reads_makes_no_difference(
        rows in prop::collection::vec((prop_oneof![any_row(), any_json()], prop::sample::select(vec!["\n", "\r\n", "\n\n"])), 1..6),
        sizes in prop::collection::vec(1_usize..200, 1..6),
    ) {
        let dataset: String = rows.into_iter().map(|(row, end)| row + end).collect();
        let transformer = Transformer::new().bad_rows(BadRowPolicy::Skip).max_line(300);
        let whole = run(&transformer, dataset.as_bytes());
        let pieces = run(&transformer, Chunks::new(dataset.as_bytes(), sizes));
        prop_assert_eq!(whole.ended.map_err(|error| error.to_string()), pieces.ended.map_err(|error| error.to_string()));
        prop_assert_eq!(whole.input, pieces.input);
        prop_assert_eq!(whole.logged, pieces.logged);
        prop_assert_eq!(whole.index, pieces.index);
    }

    #[test]
    fn keys_come_back_as_they_were(number in any::<u64>(), request in any::<Vec<u8>>()) {
        let key = RowKey::new(number, &request);
        prop_assert_eq!(RowKey::parse(&key.to_string()), Ok(key));
        prop_assert_eq!(key.number(), number);
    }

    #[test]
    fn what_is_read_as_a_key_is_written_the_same(text in "r[0-9]{6,22}-[0-9a-fA-F]{7,9}") {
        if let Ok(key) = RowKey::parse(&text) {
            prop_assert_eq!(key.to_string(), text);
        }
    }
}
