//! What is right, found with `serde_json` alone and without a scanner of ours.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// How many objects and arrays may be open at once.
const DEEPEST: usize = 128;

/// Rows that repeat what is dropped more often are bad for that alone, which is tested elsewhere.
const MANY: usize = 500;

/// What a good row is made of.
#[derive(Debug)]
pub(super) struct Parts {
    /// The request as it must be sent.
    pub(super) request: Vec<u8>,
    /// The row's object without its request and its responses.
    pub(super) rest: Vec<u8>,
    pub(super) response: Option<Vec<u8>>,
    pub(super) model: Option<Vec<u8>>,
}

/// What is to be made of a result line.
#[derive(Debug)]
pub(super) enum Result {
    NotJson,
    /// Whether the last part of the first candidate calls a function.
    Value(bool),
    /// JSON, but of numbers, escapes or a depth that values of `serde_json` cannot hold.
    BeyondValues,
}

/// The parts of a row that can be sent; `None` for a bad one.
pub(super) fn parts(line: &[u8]) -> Option<Parts> {
    let text = std::str::from_utf8(line).ok()?;
    let row: &RawValue = serde_json::from_str(text).ok()?;
    if depth(row.get()) > DEEPEST || row.get().contains('\r') {
        return None;
    }
    let members = members(row.get())?;
    let request = only(&members, "request")?;
    let asked = self::members(request)?;
    let contents = only(&asked, "contents")?;
    let is_empty = contents[1..].trim_start() == "]";
    if !contents.starts_with('[') || is_empty || members.len() + asked.len() > MANY {
        return None;
    }
    let last = |members: &[Member<'_>], name: &str| {
        let found = members.iter().rfind(|member| member.name == name.as_bytes());
        found.map(|member| member.value.as_bytes().to_vec())
    };
    Some(Parts {
        request: without(request, &asked, &["model"]),
        rest: without(row.get(), &members, &["request", "response"]),
        response: last(&members, "response"),
        model: last(&asked, "model"),
    })
}

/// What the notebook would say of a result line.
pub(super) fn result(line: &[u8]) -> Result {
    let raw = std::str::from_utf8(line).ok().and_then(|text| serde_json::from_str(text).ok());
    let Some(raw): Option<&RawValue> = raw else {
        return Result::NotJson;
    };
    let Ok(value) = serde_json::from_str::<serde_json::Value>(raw.get()) else {
        return Result::BeyondValues;
    };
    let parts = &value["response"]["candidates"][0]["content"]["parts"];
    let last = parts.as_array().and_then(|parts| parts.last());
    Result::Value(last.is_some_and(|part| match part {
        serde_json::Value::Object(members) => members.contains_key("functionCall"),
        serde_json::Value::Array(items) => items.iter().any(|item| item == "functionCall"),
        serde_json::Value::String(text) => text.contains("functionCall"),
        _ => false,
    }))
}

/// A member, its name decoded, and where it stands in the object's text.
struct Member<'a> {
    name: Vec<u8>,
    value: &'a str,
    /// From the quote of its name to the end of its value.
    start: usize,
    end: usize,
}

fn only<'a>(members: &[Member<'a>], name: &str) -> Option<&'a str> {
    let mut named = members.iter().filter(|member| member.name == name.as_bytes());
    let first = named.next()?;
    named.next().is_none().then_some(first.value)
}

/// The members of an object; `None` for any other value.
fn members(object: &str) -> Option<Vec<Member<'_>>> {
    let Entries(entries) = serde_json::from_str(object).ok()?;
    let mut at = 1;
    let place = |(Name(name), value): (Name, &RawValue)| {
        // What is between two members is white space and a comma.
        let between = object[at..].find('"').unwrap_or_default();
        let value_at = value.get().as_ptr() as usize - object.as_ptr() as usize;
        let start = at + between;
        at = value_at + value.get().len();
        // The value once more, out of the object's own text.
        Member { name, value: &object[value_at..at], start, end: at }
    };
    Some(entries.into_iter().map(place).collect())
}

/// The object's text without the members of these names, each with the comma that goes with it.
fn without(object: &str, members: &[Member<'_>], names: &[&str]) -> Vec<u8> {
    let is_kept = |member: &&Member<'_>| !names.iter().any(|name| member.name == name.as_bytes());
    let Some(last_kept) = members.iter().rfind(is_kept) else {
        let (Some(first), Some(last)) = (members.first(), members.last()) else {
            return object.as_bytes().to_vec();
        };
        return [&object[..first.start], &object[last.end..]].concat().into_bytes();
    };
    let mut out = Vec::from(&object.as_bytes()[..members[0].start]);
    for (at, member) in members.iter().enumerate().filter(|(_, member)| is_kept(member)) {
        let is_last = member.start == last_kept.start;
        let end = if is_last { member.end } else { members[at + 1].start };
        out.extend_from_slice(&object.as_bytes()[member.start..end]);
    }
    let end = members.last().map_or(0, |last| last.end);
    out.extend_from_slice(&object.as_bytes()[end..]);
    out
}

fn depth(json: &str) -> usize {
    let (mut now, mut deepest, mut in_string, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' if !in_string => now -= 1,
            _ => {}
        }
    }
    deepest
}

/// An object's members in order, doubled ones included.
struct Entries<'a>(Vec<(Name, &'a RawValue)>);

impl<'de> Deserialize<'de> for Entries<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(
                self,
                mut map: A,
            ) -> std::result::Result<Self::Value, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// A name as bytes, for one with half a surrogate pair is no text.
struct Name(Vec<u8>);

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Name;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a name")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> std::result::Result<Name, E> {
                Ok(Name(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}
