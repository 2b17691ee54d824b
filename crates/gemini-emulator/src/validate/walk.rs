//! Walks through JSON text and checks it against the table, without building a value of it.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::table::{Kind, Message, TABLE, camel};
use super::{Violation, Wrong, snake};

/// A value that is to be of a kind; the first violation is left in `found`.
pub(super) struct Checked<'w> {
    pub(super) kind: &'w Kind,
    /// The field that it stands in, as it was spelled.
    pub(super) field: &'w str,
    pub(super) found: &'w mut Option<Violation>,
}

/// A line of a file: an object with a request of this kind, and whatever else.
pub(super) struct Row<'w> {
    pub(super) request: &'w Kind,
    pub(super) found: &'w mut Option<Violation>,
}

/// Leaves the violation for the caller, and the error that ends the walk.
fn stop<E: Error>(found: &mut Option<Violation>, wrong: Wrong) -> E {
    *found = Some(Violation { path: String::new(), wrong });
    E::custom("a violation")
}

/// Notes on the way out where the violation is.
fn within(found: &mut Option<Violation>, step: impl FnOnce() -> String) {
    let Some(Violation { path, wrong: _ }) = found else { return };
    let dot = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    *path = format!("{}{dot}{path}", step());
}

/// A value that is neither an object nor a list.
#[derive(Debug, Clone, Copy)]
enum Scalar<'a> {
    Flag(bool),
    Whole(i128),
    Number(f64),
    Text(&'a str),
}

impl fmt::Display for Scalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(flag) => write!(f, "{flag}"),
            Self::Whole(n) => write!(f, "{n}"),
            Self::Number(n) => write!(f, "{n}"),
            // Enough to find it again.
            Self::Text(text) => write!(f, "{:?}", text.chars().take(100).collect::<String>()),
        }
    }
}

fn is_whole(scalar: Scalar<'_>, least: i64, most: i64) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "the edges need not be exact")]
    let fits = |n: f64| n.fract() == 0.0 && n >= least as f64 && n <= most as f64;
    match scalar {
        Scalar::Flag(_) => false,
        Scalar::Whole(n) => (i128::from(least)..=i128::from(most)).contains(&n),
        Scalar::Number(n) => fits(n),
        Scalar::Text(text) => text.parse::<f64>().is_ok_and(fits),
    }
}

/// Whether a scalar may stand there; 64-bit numbers and others may come as text.
fn fits(kind: &Kind, scalar: Scalar<'_>) -> bool {
    match (kind, scalar) {
        (Kind::Any, _)
        | (Kind::Text | Kind::Bytes, Scalar::Text(_))
        | (Kind::Flag, Scalar::Flag(_))
        | (Kind::Number, Scalar::Whole(_) | Scalar::Number(_))
        | (Kind::Enum(_), Scalar::Whole(_)) => true,
        (Kind::Whole32, scalar) => is_whole(scalar, i32::MIN.into(), i32::MAX.into()),
        (Kind::Whole64, scalar) => is_whole(scalar, i64::MIN, i64::MAX),
        (Kind::Number, Scalar::Text(text)) => {
            matches!(text, "NaN" | "Infinity" | "-Infinity")
                || text.parse().is_ok_and(f64::is_finite)
        }
        (Kind::Enum(name), Scalar::Text(text)) => TABLE.has_value(name.as_deref(), text),
        _ => false,
    }
}

impl Checked<'_> {
    fn scalar<E: Error>(self, scalar: Scalar<'_>) -> Result<(), E> {
        if fits(self.kind, scalar) {
            return Ok(());
        }
        if matches!(self.kind, Kind::List(_) | Kind::Map(_) | Kind::Message(_)) {
            return Err(self.begins(scalar.to_string().chars().next().unwrap_or(' ')));
        }
        let (kind, value) = (self.kind.type_name(), scalar.to_string());
        Err(stop(self.found, Wrong::Value { field: self.field.into(), kind, value }))
    }

    fn begins<E: Error>(self, begins: char) -> E {
        let wrong = Wrong::Begins(self.field.into(), begins, self.kind.begins());
        stop(self.found, wrong)
    }

    fn message<'de, A: MapAccess<'de>>(
        self,
        known: &Message,
        mut members: A,
    ) -> Result<(), A::Error> {
        let mut seen = 0_u64;
        while let Some(Key(name)) = members.next_key()? {
            let Some((place, kind)) = known.get(&*camel(&name)) else {
                return Err(stop(self.found, Wrong::NoSuchField(name.into())));
            };
            let bit = 1_u64.checked_shl(*place).unwrap_or(0);
            if seen & bit != 0 {
                return Err(stop(self.found, Wrong::Twice(name.into())));
            }
            seen |= bit;
            let value = Checked { kind, field: &name, found: self.found };
            if let Err(error) = members.next_value_seed(value) {
                within(self.found, || snake(&name));
                return Err(error);
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Checked<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<(), D::Error> {
        input.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Checked<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, flag: bool) -> Result<(), E> {
        self.scalar(Scalar::Flag(flag))
    }

    fn visit_i64<E: Error>(self, n: i64) -> Result<(), E> {
        self.scalar(Scalar::Whole(n.into()))
    }

    fn visit_u64<E: Error>(self, n: u64) -> Result<(), E> {
        self.scalar(Scalar::Whole(n.into()))
    }

    fn visit_f64<E: Error>(self, n: f64) -> Result<(), E> {
        self.scalar(Scalar::Number(n))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let kind = match self.kind {
            Kind::List(inner) => inner,
            Kind::Any => &Kind::Any,
            _ => return Err(self.begins('[')),
        };
        for n in 0_u64.. {
            let item = Checked { kind, field: self.field, found: self.found };
            match items.next_element_seed(item) {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(error) => {
                    within(self.found, || format!("[{n}]"));
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let kind = match self.kind {
            Kind::Message(name) => match TABLE.message(name) {
                Some(known) => return self.message(known, members),
                None => &Kind::Any,
            },
            Kind::Map(inner) => inner,
            Kind::Any => &Kind::Any,
            _ => return Err(self.begins('{')),
        };
        while let Some(Key(name)) = members.next_key()? {
            let value = Checked { kind, field: &name, found: self.found };
            if let Err(error) = members.next_value_seed(value) {
                within(self.found, || format!("[{name}]"));
                return Err(error);
            }
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    /// Whether there was a request.
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, input: D) -> Result<bool, D::Error> {
        input.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut there = false;
        while let Some(Key(name)) = members.next_key()? {
            let request = name == "request";
            if request && there {
                return Err(stop(self.found, Wrong::Twice(name.into())));
            }
            there |= request;
            let kind = if request { self.request } else { &Kind::Any };
            members.next_value_seed(Checked { kind, field: &name, found: self.found })?;
        }
        Ok(there)
    }
}

/// The name of a member, copied only where it has escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Name;
        impl<'de> Visitor<'de> for Name {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(name.into()))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(name.to_owned().into()))
            }
        }
        input.deserialize_str(Name)
    }
}

/// The members of a request that do not go with each other.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct Together {
    #[serde(alias = "cachedContent")]
    pub(super) cached_content: Option<IgnoredAny>,
    #[serde(alias = "systemInstruction")]
    pub(super) system_instruction: Option<System>,
    pub(super) tools: Option<IgnoredAny>,
    #[serde(alias = "toolConfig")]
    pub(super) tool_config: Option<IgnoredAny>,
    pub(super) contents: Option<Filled>,
}

#[derive(Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(super) struct System {
    pub(super) parts: Option<Empty>,
}

/// Whether a list of parts has some, and all of them are empty texts.
#[derive(Debug)]
pub(super) struct Empty(pub(super) bool);

/// Whether a list has anything in it.
#[derive(Debug)]
pub(super) struct Filled(pub(super) bool);

#[derive(Debug, serde::Deserialize)]
struct Part<'a> {
    #[serde(borrow, default)]
    text: Option<Cow<'a, str>>,
}

/// Takes a list item by item and says whether it has some and all are as they are to be.
struct All<T>(fn(T) -> bool);

impl<'de, T: serde::Deserialize<'de>> Visitor<'de> for All<T> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        let (mut some, mut all) = (false, true);
        while let Some(item) = items.next_element()? {
            some = true;
            all &= (self.0)(item);
        }
        Ok(some && all)
    }
}

impl<'de> serde::Deserialize<'de> for Empty {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let empty = |part: Part<'de>| part.text.is_some_and(|text| text.is_empty());
        input.deserialize_seq(All(empty)).map(Self)
    }
}

impl<'de> serde::Deserialize<'de> for Filled {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        input.deserialize_seq(All(|_: IgnoredAny| true)).map(Self)
    }
}
