//! JSON as it came: members in their order, numbers in their digits, each value with its own text.

use std::fmt;
use std::ops::Index;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Deserializer;
use serde_json::value::RawValue;

/// Deeper values are not read, as `serde_json` itself does not.
const DEPTH: usize = 128;

static NULL: Node<'static> = Node { raw: RawValue::NULL, inner: Inner::Other };

/// A value that knows its text.
#[derive(Debug, Clone)]
pub(super) struct Node<'a> {
    raw: &'a RawValue,
    inner: Inner<'a>,
}

#[derive(Debug, Clone)]
enum Inner<'a> {
    Text(String),
    List(Vec<Node<'a>>),
    Object(Vec<(String, Node<'a>)>),
    /// A number, a boolean or `null`.
    Other,
}

impl<'a> Node<'a> {
    /// # Errors
    /// What is no text of Unicode characters, or too deep.
    pub(super) fn read(raw: &'a RawValue) -> serde_json::Result<Self> {
        Self::at_depth(raw, 0)
    }

    fn at_depth(raw: &'a RawValue, depth: usize) -> serde_json::Result<Self> {
        if depth == DEPTH {
            return Err(serde::de::Error::custom("recursion limit exceeded"));
        }
        let text = raw.get();
        let inner = match text.as_bytes().first() {
            Some(b'"') => Inner::Text(serde_json::from_str(text)?),
            Some(b'[') => {
                let items: Vec<&RawValue> = serde_json::from_str(text)?;
                let read = |item| Self::at_depth(item, depth + 1);
                Inner::List(items.into_iter().map(read).collect::<Result<_, _>>()?)
            }
            Some(b'{') => {
                let read = |(name, value)| Ok((name, Self::at_depth(value, depth + 1)?));
                Inner::Object(members(raw)?.into_iter().map(read).collect::<Result<_, _>>()?)
            }
            _ => Inner::Other,
        };
        Ok(Self { raw, inner })
    }

    /// Its text, byte for byte.
    pub(super) fn raw(&self) -> &'a RawValue {
        self.raw
    }

    /// A member; of members with one name the last counts.
    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        self.members().iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// A member that is not `null`, under its `camelCase` name or the `snake_case` one.
    pub(super) fn field(&self, camel: &str) -> Option<&Self> {
        let known = self.get(camel).or_else(|| {
            self.members().iter().rev().find(|(name, _)| same(camel, name)).map(|(_, value)| value)
        });
        known.filter(|value| !value.is_null())
    }

    /// The members of an object in their order; of anything else none.
    pub(super) fn members(&self) -> &[(String, Self)] {
        match &self.inner {
            Inner::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; of anything else none.
    pub(super) fn items(&self) -> &[Self] {
        match &self.inner {
            Inner::List(items) => items,
            _ => &[],
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self.inner, Inner::List(_))
    }

    pub(super) fn is_object(&self) -> bool {
        matches!(self.inner, Inner::Object(_))
    }

    pub(super) fn is_null(&self) -> bool {
        self.raw.get() == "null"
    }

    pub(super) fn is_true(&self) -> bool {
        self.raw.get() == "true"
    }

    pub(super) fn is_false(&self) -> bool {
        self.raw.get() == "false"
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.inner {
            Inner::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text with something in it.
    pub(super) fn some_text(&self) -> Option<&str> {
        self.text().filter(|text| !text.is_empty())
    }

    /// A whole number, however it is written: `5`, `5.0`, `"5"`.
    pub(super) fn integer(&self) -> Option<i64> {
        let digits = match &self.inner {
            Inner::Text(text) => text.as_str(),
            Inner::Other => self.raw.get(),
            _ => return None,
        };
        digits.parse().ok().or_else(|| whole(digits.parse().ok()?))
    }

    /// An integer that counts something.
    pub(super) fn count(&self) -> Option<u64> {
        self.integer().and_then(|n| u64::try_from(n).ok())
    }
}

/// Missing members are `null`, so that answers of servers can be asked for what may not be there.
impl<'a> Index<&str> for Node<'a> {
    type Output = Node<'a>;

    fn index(&self, name: &str) -> &Node<'a> {
        self.get(name).unwrap_or(&NULL)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "whole and within what a double holds exactly")]
fn whole(n: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (n.fract() == 0.0 && n.abs() <= EXACT).then_some(n as i64)
}

/// Whether a field is called so, in either spelling.
pub(super) fn same(camel: &str, name: &str) -> bool {
    let mut letters = name.chars().filter(|c| *c != '_').map(|c| c.to_ascii_lowercase());
    camel.chars().all(|c| letters.next() == Some(c.to_ascii_lowercase()))
        && letters.next().is_none()
}

/// The members of an object as they stand there, not looked into.
///
/// # Errors
/// Anything that is no object.
pub(super) fn members(object: &RawValue) -> serde_json::Result<Vec<(String, &RawValue)>> {
    struct Members;

    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }

    Deserializer::from_str(object.get()).deserialize_map(Members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn order_digits_and_texts_stay() {
        let text =
            raw(r#"{"z":1.10,"a":{"n":12345678901234567890123},"z2":[-0,"\u00e9"],"z":null}"#);
        let node = Node::read(&text).unwrap();
        let names: Vec<&str> = node.members().iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["z", "a", "z2", "z"]);
        assert!(node["z"].is_null(), "the last counts");
        assert_eq!(node["a"].raw().get(), r#"{"n":12345678901234567890123}"#);
        assert_eq!(node["z2"].items()[0].raw().get(), "-0");
        assert_eq!(node["z2"].items()[1].text(), Some("é"));
        assert!(node["none"]["of"].is_null());
    }

    #[test]
    fn fields_are_found_in_either_spelling_and_integers_however_written() {
        let text = raw(r#"{"max_items":"9","minItems":5.0,"top":5.5,"big":1e30,"left":null}"#);
        let node = Node::read(&text).unwrap();
        let integer = |name: &str| node.field(name).and_then(Node::integer);
        assert_eq!(integer("maxItems"), Some(9));
        assert_eq!(integer("minItems"), Some(5));
        assert_eq!((integer("top"), integer("big")), (None, None));
        assert!(node.field("left").is_none());
        assert!(!same("maxItems", "max_item") && !same("maxItem", "max_items"));
    }

    #[test]
    fn what_serde_does_not_read_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        assert!(Node::read(&raw(&deep)).is_err());
        assert!(Node::read(&raw(r#"["\ud800"]"#)).is_err());
        assert!(members(&raw("[1]")).is_err());
    }
}
