//! The scanner against `serde_json`: the same texts are valid, and the same pointers lead there.

use jsonl_transform::{SyntaxKind, pointer_at, validate};
use proptest::prelude::*;
use serde_json::{Value, value::RawValue};

/// Valid rows that mutations start from.
const SEEDS: &[&str] = &[
    r#"{"request":{"model":"m","contents":[{"role":"user","parts":[{"text":"a\"b\\ \u00e9 \ud83d\ude00"}]}],"generationConfig":{"temperature":0.25e-1,"seed":-12}},"response":{"a":[1,2.5,true,false,null,{"b":"}"}]},"key":"k1"}"#,
    r#"{"response":{"x":"東"},"request":{"contents":[],"model":"q"},"n":[0,-0,1e5,[[]],{}]}"#,
    r#"{ "request" : { "model" : 1 , "contents" : "é" } , "response" : [ ] }"#,
    r#"[null,true,false,"\b\f\n\r\t\/ long enough for words and more","\ud800x"]"#,
];

const ALPHABET: &[u8] =
    b"{}[],:\"\\\\\"0123456789-+.eEtrufalsn \t\r\n\x00\x1f\x7f\x80\xc3\xa9\xed\xa0\xffu/b";

#[derive(Debug, Clone)]
pub(crate) enum Mutation {
    Replace(u8),
    Insert(u8),
    Remove,
    Truncate,
    Repeat(usize),
}

pub(crate) fn any_mutation() -> impl Strategy<Value = (prop::sample::Index, Mutation)> {
    let letter = || prop::sample::select(ALPHABET);
    let mutation = prop_oneof![
        4 => letter().prop_map(Mutation::Replace),
        4 => letter().prop_map(Mutation::Insert),
        4 => Just(Mutation::Remove),
        1 => Just(Mutation::Truncate),
        2 => (1_usize..20).prop_map(Mutation::Repeat),
    ];
    (any::<prop::sample::Index>(), mutation)
}

pub(crate) fn mutate(text: &mut Vec<u8>, at: usize, mutation: &Mutation) {
    match *mutation {
        Mutation::Replace(letter) => text[at] = letter,
        Mutation::Insert(letter) => text.insert(at, letter),
        Mutation::Remove => {
            text.remove(at);
        }
        Mutation::Truncate => text.truncate(at),
        Mutation::Repeat(length) => {
            let end = text.len().min(at + length);
            let piece = text[at..end].to_vec();
            text.splice(at..at, piece);
        }
    }
}

/// `RawValue` passes over values as `IgnoredAny` does: lone surrogates pass, depth has no limit.
fn oracle_accepts(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<&RawValue>(text).is_ok())
}

fn check(text: &[u8]) {
    match validate(text) {
        Ok(()) => assert!(oracle_accepts(text), "we alone accept {}", text.escape_ascii()),
        Err(error) => {
            let accepted = error.kind() != SyntaxKind::TooDeep && oracle_accepts(text);
            assert!(!accepted, "we alone refuse {}: {error}", text.escape_ascii());
            assert!(error.offset() <= text.len());
            // Describing the place never fails, whatever the text is.
            assert!(pointer_at(text, error.offset()).chars().count() <= 257);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_rows_are_judged_alike(
        seed in prop::sample::select(SEEDS),
        mutations in prop::collection::vec(any_mutation(), 0..5),
    ) {
        let mut text = seed.as_bytes().to_vec();
        for (index, mutation) in &mutations {
            if !text.is_empty() {
                let at = index.index(text.len());
                mutate(&mut text, at, mutation);
            }
        }
        check(&text);
    }

    #[test]
    fn soups_of_tokens_are_judged_alike(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"\\u12", "34\"", "1", "-", "0", ".5", "e+1", "true", "nul", " ", "\r",
        ]), 0..12),
    ) {
        check(tokens.concat().as_bytes());
    }
}

#[test]
fn seeds_are_valid() {
    for seed in SEEDS {
        assert_eq!(validate(seed.as_bytes()), Ok(()));
    }
}

#[test]
fn pointers_lead_to_the_value_that_begins_there() {
    // No bracket stands inside a string of this one.
    let json = SEEDS[1];
    let whole: Value = serde_json::from_str(json).expect("valid");
    let starts: Vec<usize> = json.match_indices(['{', '[']).map(|(offset, _)| offset).collect();
    assert_eq!(starts.len(), 8);
    for offset in starts {
        let mut values = serde_json::Deserializer::from_str(&json[offset..]).into_iter::<Value>();
        let begins_there = values.next().expect("a value").expect("valid");
        let pointer = pointer_at(json.as_bytes(), offset);
        assert_eq!(whole.pointer(&pointer), Some(&begins_there), "{pointer}");
    }
}
