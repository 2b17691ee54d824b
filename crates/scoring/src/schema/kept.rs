//! Schemas that were read, kept by their text: the rows of a dataset mostly declare the same functions.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde_json::Value;

use super::{Dialect, Node, Schema, SchemaError};

/// About how many bytes are kept; then all are forgotten, and read again where they still come.
const MOST_BYTES: usize = 4 << 20;
/// What a compiled pattern may take.
const PATTERN: usize = 16 << 10;

/// A schema as it was read, or why it cannot be used.
pub(crate) type Found = Arc<Result<Schema, SchemaError>>;

/// Schemas by their texts, of any dialect.
#[derive(Debug, Default)]
pub(crate) struct Schemas(RwLock<Kept>);

#[derive(Debug, Default)]
struct Kept {
    plain: HashMap<Box<str>, Found>,
    own: HashMap<Box<str>, Found>,
    open: HashMap<Box<str>, Found>,
    bytes: usize,
}

impl Kept {
    fn of(&mut self, dialect: Dialect) -> &mut HashMap<Box<str>, Found> {
        match dialect {
            Dialect::JsonSchema => &mut self.plain,
            Dialect::Gemini => &mut self.own,
            Dialect::GeminiOpen => &mut self.open,
        }
    }

    fn get(&self, text: &str, dialect: Dialect) -> Option<Found> {
        let known = match dialect {
            Dialect::JsonSchema => &self.plain,
            Dialect::Gemini => &self.own,
            Dialect::GeminiOpen => &self.open,
        };
        known.get(text).cloned()
    }
}

impl Schemas {
    /// The schema of a text; `value` is what the text says, and only asked for if the text was not seen lately.
    pub(crate) fn get(
        &self,
        text: &str,
        dialect: Dialect,
        value: impl FnOnce() -> Option<Value>,
    ) -> Found {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner).get(text, dialect);
        if let Some(found) = known {
            return found;
        }
        let too_deep = || SchemaError("it is nested too deeply".to_owned());
        let found: Found =
            Arc::new(value().ok_or_else(too_deep).and_then(|value| Schema::of(&value, dialect)));
        let bytes = text.len() + found.as_ref().as_ref().map_or(0, weight);
        if bytes <= MOST_BYTES {
            let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if kept.bytes + bytes > MOST_BYTES {
                *kept = Kept::default();
            }
            if kept.of(dialect).insert(text.into(), found.clone()).is_none() {
                kept.bytes += bytes;
            }
        }
        found
    }
}

/// About how many bytes a schema takes.
fn weight(schema: &Schema) -> usize {
    let patterns = |node: &Node| {
        (node.object.patterns.len() + usize::from(node.text.pattern.is_some())) * PATTERN
    };
    schema.nodes.iter().map(|node| size_of::<Node>() + patterns(node)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_once_and_memory_is_bounded() {
        let schemas = Schemas::default();
        let read = std::cell::Cell::new(0);
        let get = |text: &str, dialect: Dialect| {
            schemas.get(text, dialect, || {
                read.set(read.get() + 1);
                serde_json::from_str(text).ok()
            })
        };
        for _ in 0..3 {
            assert!(get(r#"{"type":"string"}"#, Dialect::JsonSchema).is_ok());
            assert!(get(r#"{"type":"STRING"}"#, Dialect::Gemini).is_ok());
            assert!(get(r#"{"type":"STRING"}"#, Dialect::GeminiOpen).is_ok());
            assert!(get(r#"{"type":7}"#, Dialect::Gemini).is_err());
        }
        assert_eq!(read.get(), 4);
        for number in 0..50_000 {
            assert!(get(&format!("{{\"maxLength\":{number}}}"), Dialect::Gemini).is_ok());
            assert!(schemas.0.read().unwrap().bytes <= MOST_BYTES);
        }
        let whole = format!("{{\"anyOf\":[{}{{}}]}}", "{},".repeat(100_000));
        let before = schemas.0.read().unwrap().bytes;
        assert!(get(&whole, Dialect::JsonSchema).is_ok());
        assert_eq!(schemas.0.read().unwrap().bytes, before, "too large to be kept");
    }
}
