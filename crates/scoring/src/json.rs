//! JSON of one's own that was checked once, and from then on is known to be valid.

use std::fmt;
use std::sync::Arc;

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::View;

/// One JSON value as it is written, checked once; to clone it costs next to nothing.
///
/// Serde's [`RawValue`] is checked wherever one is made, even of a part of another.
///
/// ```
/// use scoring::Json;
/// let line = Json::parse(r#" {"request": {"contents": []}} "#).unwrap();
/// let request: Json = line.view().get("request").unwrap().into();
/// assert_eq!((request.get(), line.get().len()), (r#"{"contents": []}"#, 29));
/// assert_eq!(Json::parse("{"), None);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Json {
    text: Arc<str>,
}

impl Json {
    /// A text that is one value, without the space around it; `None` for any other.
    pub fn parse(text: &str) -> Option<Self> {
        View::parse(text).map(Self::from)
    }

    /// The value as it is written.
    pub fn get(&self) -> &str {
        &self.text
    }

    /// A look into it.
    pub fn view(&self) -> View<'_> {
        View::of_valid(&self.text)
    }
}

impl From<View<'_>> for Json {
    fn from(value: View<'_>) -> Self {
        Self { text: value.text().into() }
    }
}

impl From<&RawValue> for Json {
    fn from(raw: &RawValue) -> Self {
        View::new(raw).into()
    }
}

impl From<Box<RawValue>> for Json {
    fn from(raw: Box<RawValue>) -> Self {
        Self::from(&*raw)
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = self.view().raw().ok_or_else(|| S::Error::custom("not a JSON value"))?;
        raw.serialize(serializer)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Json").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_written_as_it_was_read() {
        for text in ["{\"a\" : [1.0e0, \"\\u00e9\"]}", "12345678901234567890.10", "null"] {
            let json = Json::parse(&format!(" {text}\r\n")).unwrap();
            assert_eq!(json.get(), text);
            assert_eq!(serde_json::to_string(&[&json]).unwrap(), format!("[{text}]"));
            assert_eq!(Json::from(RawValue::from_string(text.to_owned()).unwrap()), json);
        }
        for odd in ["", " ", "1 2", "{} x", "[1,]", "\"\n\"", "nul"] {
            assert_eq!(Json::parse(odd), None, "{odd}");
        }
    }
}
