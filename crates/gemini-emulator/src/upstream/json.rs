//! JSON on its way out: built member by member in an order of choice, with texts taken over as they
//! came.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use super::node::Node;

/// A value in the making.
#[derive(Debug, Clone)]
pub(super) enum Json<'a> {
    /// Byte for byte what came.
    Raw(&'a RawValue),
    /// The same, out of a text.
    Owned(Box<RawValue>),
    Null,
    Integer(i64),
    Text(String),
    List(Vec<Self>),
    Object(Object<'a>),
}

/// Members in the order in which they were put.
#[derive(Debug, Clone, Default)]
pub(super) struct Object<'a>(Vec<(String, Json<'a>)>);

/// An object of these members.
pub(super) fn object<'a, const N: usize>(members: [(&str, Json<'a>); N]) -> Object<'a> {
    Object(members.map(|(name, value)| (name.to_owned(), value)).into())
}

impl<'a> Object<'a> {
    pub(super) fn get(&self, name: &str) -> Option<&Json<'a>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Json<'a>> {
        self.0.iter_mut().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// Puts a member at the end, or in the place of the one that has its name.
    pub(super) fn put(&mut self, name: impl Into<String>, value: impl Into<Json<'a>>) {
        let (name, value) = (name.into(), value.into());
        match self.get_mut(&name) {
            Some(known) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    /// Gives a member another name, in its place.
    pub(super) fn rename(&mut self, from: &str, to: &str) {
        for (name, _) in self.0.iter_mut().filter(|(name, _)| name == from) {
            to.clone_into(name);
        }
    }

    /// Brings the members named in `order` to the front, in that order; the others follow as they
    /// stood.
    pub(super) fn sort_by(&mut self, order: &[&str]) {
        let place = |name: &str| order.iter().position(|known| *known == name);
        self.0.sort_by_key(|(name, _)| place(name).unwrap_or(order.len()));
    }
}

impl Json<'_> {
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl<'a> From<&Node<'a>> for Json<'a> {
    fn from(node: &Node<'a>) -> Self {
        Self::Raw(node.raw())
    }
}

impl<'a> From<Object<'a>> for Json<'a> {
    fn from(object: Object<'a>) -> Self {
        Self::Object(object)
    }
}

impl<'a> From<Vec<Json<'a>>> for Json<'a> {
    fn from(items: Vec<Self>) -> Self {
        Self::List(items)
    }
}

impl From<&str> for Json<'_> {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json<'_> {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Json<'_> {
    fn from(n: i64) -> Self {
        Self::Integer(n)
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Raw(raw) => raw.serialize(serializer),
            Self::Owned(raw) => raw.serialize(serializer),
            Self::Null => serializer.serialize_unit(),
            Self::Integer(n) => serializer.serialize_i64(*n),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(items) => items.serialize(serializer),
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_their_places() {
        let raw: Box<RawValue> = serde_json::from_str("1.10").unwrap();
        let mut made = object([("z", Json::Raw(&raw)), ("b", Json::Null), ("a", 1.into())]);
        made.put("b", "x");
        made.put("c", vec![Json::Null]);
        made.rename("a", "q");
        let text = |made: &Object<'_>| serde_json::to_string(made).unwrap();
        assert_eq!(text(&made), r#"{"z":1.10,"b":"x","q":1,"c":[null]}"#);
        made.sort_by(&["c", "none", "b"]);
        assert_eq!(text(&made), r#"{"c":[null],"b":"x","z":1.10,"q":1}"#);
    }
}
