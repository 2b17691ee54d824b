//! The whole transform against a `serde_json` visitor: mutated rows are taken or refused alike, and
//! what is sent of them is the same.

use std::fmt;

use jsonl_transform::{BadRowPolicy, Transformer};
use proptest::prelude::*;
use serde_json::{Value, value::RawValue};

use crate::differential::{any_mutation, mutate};
use crate::support::run;

/// Rows that can be sent, and rows one step away from it.
const ROWS: &[&str] = &[
    r#"{"request":{"model":"m","contents":[{"parts":[{"text":"a\"b\\ \u00e9"}]}],"tools":[]},"response":{"a":[1,2.5,true,null]},"key":"k1"}"#,
    r#"{"response":{"x":"東"},"request":{"contents":[0],"mod\u0065l":"q"},"n":[-0,1e5,[[]],{}]}"#,
    r#"{ "x":1 , "request" : { "model" : 1 , "contents" : [ "é" ] , "model" : {} } , "response" : [ ] }"#,
    r#"{"request":{"contents":[[]],"contentz":1},"requezt":{},"a":"model"}"#,
];

/// An object's members in order, doubled ones too, with the bytes of their values.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Members<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Members<'de>;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        from.deserialize_map(Visitor)
    }
}

fn members(text: &str) -> Option<Vec<(String, &str)>> {
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    Some(members.0.into_iter().map(|(name, value)| (name, value.get())).collect())
}

fn only<'a>(members: &[(String, &'a str)], name: &str) -> Option<&'a str> {
    let mut found = members.iter().filter(|(found, _)| found == name);
    found.next().filter(|_| found.next().is_none()).map(|&(_, value)| value)
}

/// The members of the request that are to be sent, if the row can be sent.
fn expected(row: &[u8]) -> Option<Vec<(String, &str)>> {
    let row = members(str::from_utf8(row).ok()?)?;
    let request = members(only(&row, "request")?)?;
    let contents: Vec<&RawValue> = serde_json::from_str(only(&request, "contents")?).ok()?;
    let sent = request.into_iter().filter(|(name, _)| name != "model").collect();
    (!contents.is_empty()).then_some(sent)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn mutated_rows_are_sent_alike(
        seed in prop::sample::select(ROWS),
        mutations in prop::collection::vec(any_mutation(), 0..3),
    ) {
        let mut row = seed.as_bytes().to_vec();
        for (index, mutation) in &mutations {
            if !row.is_empty() {
                let at = index.index(row.len());
                mutate(&mut row, at, mutation);
            }
        }
        // Line ends would make several rows; halves of surrogates in names trouble the oracle alone.
        let is_one_row = !row.iter().any(|byte| matches!(byte, b'\n' | b'\r'));
        if !is_one_row || row.windows(3).any(|three| three == b"\\ud") {
            return Ok(());
        }
        let ran = run(&Transformer::new().bad_rows(BadRowPolicy::Skip), &row[..]);
        let sent = str::from_utf8(&ran.input).expect("UTF-8");
        match expected(&row) {
            None => prop_assert!(ran.ended.is_err(), "sent: {}", sent),
            Some(expected) => {
                prop_assert!(ran.ended.is_ok(), "{:?}", ran.ended);
                let line = members(sent).expect("an object");
                prop_assert_eq!(members(only(&line, "request").expect("one")), Some(expected));
                prop_assert!(serde_json::from_slice::<Value>(&ran.logged).is_ok());
            }
        }
    }
}
