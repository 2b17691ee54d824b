//! What the service knows: its messages, the kinds of their fields, the values of its enums.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

pub(super) static TABLE: LazyLock<Table> = LazyLock::new(|| {
    // A test below reads it too, so that an empty table cannot stand here unseen.
    Table::read(include_str!("../wire_fields.json")).unwrap_or_default()
});

#[derive(Debug, Default)]
pub(super) struct Table {
    messages: BTreeMap<String, Message>,
    enums: BTreeMap<String, Vec<String>>,
}

/// Fields by their camelCase names, with their places.
pub(super) type Message = BTreeMap<String, (u32, Kind)>;

/// What a field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    Text,
    Bytes,
    Flag,
    Whole32,
    Whole64,
    Number,
    /// Of this name, or one whose values nobody has listed.
    Enum(Option<String>),
    List(Box<Self>),
    Map(Box<Self>),
    Message(String),
}

#[derive(Debug, Deserialize)]
struct Written {
    enums: BTreeMap<String, Vec<String>>,
    messages: BTreeMap<String, BTreeMap<String, String>>,
}

impl Table {
    fn read(text: &str) -> serde_json::Result<Self> {
        let Written { enums, messages } = serde_json::from_str(text)?;
        let numbered = |fields: BTreeMap<String, String>| -> Message {
            let numbered = fields.into_iter().zip(0..);
            numbered.map(|((name, kind), n)| (name, (n, Kind::read(&kind)))).collect()
        };
        let messages =
            messages.into_iter().map(|(name, fields)| (name, numbered(fields))).collect();
        Ok(Self { messages, enums })
    }

    /// `None` for what the table does not hold: nothing is wrong with that.
    pub(super) fn message(&self, name: &str) -> Option<&Message> {
        self.messages.get(name)
    }

    /// Whether an enum has this value, in capitals or not; one that is not listed has any.
    pub(super) fn has_value(&self, name: Option<&str>, value: &str) -> bool {
        let values = name.and_then(|name| self.enums.get(name));
        values.is_none_or(|values| values.iter().any(|known| known.eq_ignore_ascii_case(value)))
    }
}

impl Kind {
    fn read(text: &str) -> Self {
        let inner = |open, close| text.strip_prefix(open)?.strip_suffix(close);
        if let Some(inner) = inner('[', ']') {
            return Self::List(Box::new(Self::read(inner)));
        }
        if let Some(inner) = inner('{', '}') {
            return Self::Map(Box::new(Self::read(inner)));
        }
        match text {
            "any" => Self::Any,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "bool" => Self::Flag,
            "int32" => Self::Whole32,
            "int64" => Self::Whole64,
            "number" => Self::Number,
            "enum" => Self::Enum(None),
            name => match name.strip_prefix("enum ") {
                Some(name) => Self::Enum(Some(name.to_owned())),
                None => Self::Message(name.to_owned()),
            },
        }
    }

    /// How a value begins in JSON; scalars as text, which most are.
    pub(super) fn begins(&self) -> char {
        match self {
            Self::Message(_) | Self::Map(_) => '{',
            Self::List(_) => '[',
            _ => '"',
        }
    }

    /// The type's name in the service's own words.
    pub(super) fn type_name(&self) -> String {
        match self {
            Self::Text | Self::Any => "TYPE_STRING".into(),
            Self::Bytes => "TYPE_BYTES".into(),
            Self::Flag => "TYPE_BOOL".into(),
            Self::Whole32 => "TYPE_INT32".into(),
            Self::Whole64 => "TYPE_INT64".into(),
            Self::Number => "TYPE_FLOAT".into(),
            Self::Enum(name) => name.clone().unwrap_or_else(|| "TYPE_ENUM".into()),
            Self::List(_) => "list".into(),
            Self::Map(_) | Self::Message(_) => "message".into(),
        }
    }
}

/// A field's name in the table's spelling.
pub(super) fn camel(name: &str) -> Cow<'_, str> {
    if !name.contains('_') {
        return name.into();
    }
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for (n, c) in name.char_indices() {
        match c {
            '_' if n > 0 => upper = true,
            c if upper => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn innermost(kind: &Kind) -> &Kind {
        match kind {
            Kind::List(inner) | Kind::Map(inner) => innermost(inner),
            kind => kind,
        }
    }

    #[test]
    fn the_table_names_only_what_it_holds() {
        let table = Table::read(include_str!("../wire_fields.json")).unwrap();
        assert!(table.messages.len() > 20);
        for (message, fields) in &table.messages {
            assert!(fields.len() <= 64, "{message} has more fields than there are bits");
            for (field, (_, kind)) in fields {
                match innermost(kind) {
                    Kind::Message(name) => {
                        assert!(table.messages.contains_key(name), "{message}.{field}: {name}");
                    }
                    Kind::Enum(Some(name)) => {
                        assert!(table.enums.contains_key(name), "{message}.{field}: {name}");
                    }
                    _ => {}
                }
            }
        }
    }
}
