//! A lenient look into JSON that is already known to be valid: odd shapes give `None`, nothing is built or copied.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::Deserializer as _;
use serde_json::value::RawValue;

use crate::scan::{self, Scan};

/// The kind of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`
    Object,
    /// `[…]`
    Array,
    /// `"…"`
    String,
    /// Any number.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// A borrowed look at one JSON value.
///
/// Every accessor answers for every shape, so that a scorer cannot fail on an odd row; nesting of any depth is walked
/// without recursion. Where an object has a member twice, the last one counts, as in Python.
///
/// ```
/// use scoring::View;
/// let raw = serde_json::from_str(r#"{"content": {"parts": [{"text": "no"}, {"functionCall": {"name": "f"}}]}}"#)?;
/// let last = View::new(raw).get("content").and_then(|c| c.get("parts")).and_then(|p| p.last());
/// let name = last.and_then(|part| part.get("functionCall")).and_then(|call| call.get("name"));
/// assert_eq!(name.and_then(|name| name.as_str()).as_deref(), Some("f"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct View<'a> {
    text: &'a str,
}

impl<'a> View<'a> {
    /// A look at a raw value.
    pub fn new(raw: &'a RawValue) -> Self {
        Self::of_valid(raw.get().trim_ascii())
    }

    /// A look at a text that is one value, without the space around it; `None` for any other.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut scan = Scan::new(text);
        let value = scan.value()?;
        scan.ends()?;
        Some(value)
    }

    /// Only for text that was checked to be one JSON value without space around it.
    pub(crate) fn of_valid(text: &'a str) -> Self {
        Self { text }
    }

    /// The value as it is written.
    pub fn text(self) -> &'a str {
        self.text
    }

    /// The value as serde's raw value, which costs a walk over it.
    ///
    /// `None` cannot come: what a view sees is valid.
    pub fn raw(self) -> Option<&'a RawValue> {
        serde_json::from_str(self.text).ok()
    }

    /// What kind of value it is.
    pub fn kind(self) -> Kind {
        match self.text.as_bytes().first() {
            Some(b'{') => Kind::Object,
            Some(b'[') => Kind::Array,
            Some(b'"') => Kind::String,
            Some(b't' | b'f') => Kind::Bool,
            Some(b'n') | None => Kind::Null,
            Some(_) => Kind::Number,
        }
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The members of an object with their names, in order; none for any other value.
    pub fn members(self) -> impl Iterator<Item = (Cow<'a, str>, View<'a>)> {
        self.raw_members().map(|(name, value)| (decoded(name), value))
    }

    /// The elements of an array, in order; none for any other value.
    pub fn elements(self) -> impl Iterator<Item = View<'a>> {
        let (mut scan, mut before) = (Scan::new(self.text), b'[');
        std::iter::from_fn(move || scan.element(std::mem::replace(&mut before, b',')))
    }

    /// The member of this name, the last one if there are several.
    pub fn get(self, name: &str) -> Option<View<'a>> {
        let [member] = self.pick([name]);
        member
    }

    /// Whether there is a member of this name; looks no further than the first of them.
    pub fn has(self, name: &str) -> bool {
        self.raw_members().any(|(raw_name, _)| is_name(raw_name, name))
    }

    /// Several members in one walk over the object.
    ///
    /// ```
    /// use scoring::View;
    /// let raw = serde_json::from_str(r#"{"a": 1, "b": 2, "c": 3}"#)?;
    /// let [c, missing] = View::new(raw).pick(["c", "d"]);
    /// assert_eq!((c.and_then(View::as_u64), missing), (Some(3), None));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn pick<const N: usize>(self, names: [&str; N]) -> [Option<View<'a>>; N] {
        let mut found = [None; N];
        for (raw_name, value) in self.raw_members() {
            for (name, slot) in names.iter().zip(&mut found) {
                if is_name(raw_name, name) {
                    *slot = Some(value);
                }
            }
        }
        found
    }

    /// The element at `index` of an array, counted from 0.
    pub fn at(self, index: usize) -> Option<View<'a>> {
        self.elements().nth(index)
    }

    /// The last element of an array.
    pub fn last(self) -> Option<View<'a>> {
        self.elements().last()
    }

    /// The text of a string; lone surrogates become replacement characters.
    pub fn as_str(self) -> Option<Cow<'a, str>> {
        (self.kind() == Kind::String).then(|| decoded(self.text))
    }

    /// A whole number >= 0 that is written as digits only and fits.
    pub fn as_u64(self) -> Option<u64> {
        digits(self.text.as_bytes())
    }

    /// A whole number of either sign that is written without point and exponent and fits.
    pub fn as_i64(self) -> Option<i64> {
        (self.kind() == Kind::Number).then(|| self.text.parse().ok()).flatten()
    }

    /// A truth value.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.text == "true")
    }

    /// Members with their names as written, quotes included.
    fn raw_members(self) -> impl Iterator<Item = (&'a str, View<'a>)> {
        let (mut scan, mut before) = (Scan::new(self.text), b'{');
        std::iter::from_fn(move || scan.member(std::mem::replace(&mut before, b',')))
    }
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("View").field(&self.text).finish()
    }
}

/// The number that so many digits are, if they are digits and it fits.
pub(crate) fn digits(bytes: &[u8]) -> Option<u64> {
    // So many digits cannot overflow.
    let (sure, rest) = bytes.split_at(bytes.len().min(19));
    let mut number = 0_u64;
    for byte in sure {
        number = number * 10 + digit(*byte)?;
    }
    rest.iter().try_fold(number, |number, byte| number.checked_mul(10)?.checked_add(digit(*byte)?))
}

#[inline]
fn digit(byte: u8) -> Option<u64> {
    let value = byte.wrapping_sub(b'0');
    (value < 10).then_some(u64::from(value))
}

/// Whether a name as written, quotes included, is `name`; names may be written with escapes.
fn is_name(raw: &str, name: &str) -> bool {
    // Every escape is longer than what it stands for.
    match raw.len().cmp(&(name.len() + 2)) {
        Ordering::Less => false,
        Ordering::Equal => unquoted(raw) == Some(name),
        Ordering::Greater => raw.contains('\\') && decoded(raw) == name,
    }
}

/// The inside of a string that has no escapes.
fn unquoted(raw: &str) -> Option<&str> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    scan::is_plain(inner).then_some(inner)
}

fn decoded(raw: &str) -> Cow<'_, str> {
    unquoted(raw).map_or_else(|| decoded_slowly(raw).into(), Cow::Borrowed)
}

/// By way of bytes, since `serde_json` decodes lone surrogates only there.
fn decoded_slowly(raw: &str) -> String {
    struct Bytes;
    impl serde::de::Visitor<'_> for Bytes {
        type Value = Vec<u8>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }
        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }
    let bytes = serde_json::Deserializer::from_slice(raw.as_bytes())
        .deserialize_bytes(Bytes)
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn view(json: &str) -> View<'_> {
        View::new(serde_json::from_str(json).unwrap())
    }

    #[test]
    fn odd_shapes_give_none() {
        for odd in ["null", "1", "\"text\"", "[]", "{}", "true", "[[1]]"] {
            let view = view(odd);
            assert_eq!(view.get("a"), None, "{odd}");
            assert_eq!(view.members().count(), 0, "{odd}");
            assert_eq!(view.at(7), None, "{odd}");
            assert_eq!(view.as_i64().is_some(), odd == "1", "{odd}");
        }
    }

    #[test]
    fn names_with_escapes_and_doubles_read_as_in_python() {
        let json = r#"{"respons\u0065": 1, "response" : [2] , "\ud800": 3, "r\"": {"}": "]"}}"#;
        assert_eq!(view(json).get("response").unwrap().text(), "[2]");
        assert_eq!(view(json).get("r\"").unwrap().text(), r#"{"}": "]"}"#);
        assert_eq!(view(json).members().count(), 4);
    }

    #[test]
    fn lone_surrogates_are_replaced_not_refused() {
        let text = view(r#""a\ud83d b""#).as_str().unwrap();
        assert!(text.starts_with('a') && text.ends_with(" b") && text.contains('\u{fffd}'));
        assert_eq!(view(r#""\ud83d\ude00\n""#).as_str().unwrap(), "😀\n");
    }

    #[test]
    fn a_million_levels_are_no_recursion() {
        let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
        assert_eq!(view(&deep).last().unwrap().text().len(), 1_999_998);
    }

    fn json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            "[\\\\\"{}\\[\\],:]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 6, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                proptest::collection::vec(("[a-c\\\\\"]{0,2}", inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// The value as seen through views alone.
    fn rebuilt(view: View<'_>) -> Value {
        match view.kind() {
            Kind::Object => view
                .members()
                .map(|(name, value)| (name.into_owned(), rebuilt(value)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Kind::Array => view.elements().map(rebuilt).collect::<Vec<_>>().into(),
            Kind::String => view.as_str().unwrap().into_owned().into(),
            Kind::Number => view.as_i64().unwrap().into(),
            Kind::Bool => view.as_bool().unwrap().into(),
            Kind::Null => Value::Null,
        }
    }

    proptest! {
        #[test]
        fn views_see_what_serde_json_sees(value in json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
            prop_assert_eq!(rebuilt(view(&text.unwrap())), value);
        }
    }
}
