//! Objects held against the published schemas, with nothing more and nothing less than those say.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::process::root;

/// The schemas under `docs/schemas`, by the names of their files.
#[derive(Debug)]
pub struct Published(BTreeMap<String, Value>);

/// Which properties were met, as `FILE#/place`.
pub type Met = BTreeSet<String>;

impl Published {
    /// Reads all of them.
    ///
    /// # Panics
    ///
    /// When one is no JSON.
    pub fn read() -> Self {
        let folder = root().join("docs/schemas");
        let Ok(entries) = std::fs::read_dir(&folder) else { panic!("no {}", folder.display()) };
        let read = |entry: std::fs::DirEntry| {
            let text = std::fs::read(entry.path()).ok()?;
            let value: Value = serde_json::from_slice(&text).ok()?;
            Some((entry.file_name().to_string_lossy().into_owned(), value))
        };
        let all = entries.flatten().map(|entry| match read(entry) {
            Some(schema) => schema,
            None => panic!("a schema cannot be read"),
        });
        Self(all.collect())
    }

    /// Each with the name of its file.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, schema)| (name.as_str(), schema))
    }

    /// Holds an object against the schema of its `type`, which has a file of its own or stands among the events.
    ///
    /// # Errors
    /// What breaks which rule, and where. A property that the schema does not name breaks it too.
    pub fn check(&self, object: &Value, met: &mut Met) -> Result<(), String> {
        let kind = object["type"].as_str().ok_or_else(|| format!("no type in {object}"))?;
        let own = format!("{kind}-1.json");
        let is_event = kind == "report" || !self.0.contains_key(&own);
        let place = if is_event { format!("events-1.json#/$defs/{kind}") } else { own };
        let found = self.check_at(object, "events-1.json", &place, "", met);
        found.map_err(|error| format!("{place}: {error}"))
    }

    /// Holds an object that has no `type` against the schema of this file, as [`check`](Self::check) does.
    ///
    /// # Errors
    /// What breaks which rule, and where.
    pub fn check_as(&self, object: &Value, file: &str, met: &mut Met) -> Result<(), String> {
        self.check_at(object, file, file, "", met).map_err(|error| format!("{file}: {error}"))
    }

    fn check_at(
        &self,
        value: &Value,
        from: &str,
        reference: &str,
        at: &str,
        met: &mut Met,
    ) -> Result<(), String> {
        let (file, pointer) = reference.split_once('#').unwrap_or((reference, ""));
        let file = if file.is_empty() { from } else { file };
        let schema = self.0.get(file).and_then(|schema| schema.pointer(pointer));
        let schema = schema.ok_or_else(|| format!("{at}: there is no {reference}"))?;
        self.value(value, file, schema, at, met)
    }

    fn value(
        &self,
        value: &Value,
        file: &str,
        schema: &Value,
        at: &str,
        met: &mut Met,
    ) -> Result<(), String> {
        let rules = schema.as_object().ok_or_else(|| format!("{at}: the schema is no object"))?;
        for (keyword, rule) in rules {
            let holds = match keyword.as_str() {
                "$ref" => {
                    self.check_at(value, file, rule.as_str().unwrap_or_default(), at, met)?;
                    true
                }
                "anyOf" => self.any(value, file, rule, at, met)?,
                "type" => is_of(value, rule),
                "const" => value == rule,
                "enum" => rule.as_array().is_some_and(|values| values.contains(value)),
                "minimum" => value.as_f64() >= rule.as_f64(),
                "maximum" => value.as_f64() <= rule.as_f64(),
                "required" => {
                    let has = |name: &Value| value.get(name.as_str().unwrap_or("")).is_some();
                    rule.as_array().is_some_and(|names| names.iter().all(has))
                }
                "items" => {
                    for element in value.as_array().into_iter().flatten() {
                        self.value(element, file, rule, &format!("{at}/*"), met)?;
                    }
                    true
                }
                "properties" => self.members(value, file, rule, at, met)?,
                // Members that are not named are refused here even where this allows them.
                "additionalProperties" => {
                    let members = value.as_object().filter(|_| rule.is_object());
                    for member in members.into_iter().flat_map(|object| object.values()) {
                        self.value(member, file, rule, &format!("{at}/*"), met)?;
                    }
                    true
                }
                "pattern" => is_hexadecimal(value, rule)
                    .ok_or_else(|| format!("{at}: nobody knows the pattern {rule}"))?,
                "$schema" | "$id" | "$defs" | "title" | "description" => true,
                other => return Err(format!("{at}: nobody knows the keyword {other}")),
            };
            if !holds {
                let shown: String = value.to_string().chars().take(200).collect();
                return Err(format!("{at}: {shown} breaks {keyword}: {rule}"));
            }
        }
        Ok(())
    }

    fn any(
        &self,
        value: &Value,
        file: &str,
        choices: &Value,
        at: &str,
        met: &mut Met,
    ) -> Result<bool, String> {
        let mut errors = Vec::new();
        for choice in choices.as_array().into_iter().flatten() {
            match self.value(value, file, choice, at, met) {
                Ok(()) => return Ok(true),
                Err(error) => errors.push(error),
            }
        }
        Err(errors.join("; or "))
    }

    fn members(
        &self,
        value: &Value,
        file: &str,
        known: &Value,
        at: &str,
        met: &mut Met,
    ) -> Result<bool, String> {
        for (name, member) in value.as_object().into_iter().flatten() {
            let at = format!("{at}/{name}");
            let rule = known.get(name).ok_or_else(|| format!("{at}: no schema names it"))?;
            self.value(member, file, rule, &at, met)?;
            if !member.is_null() {
                met.insert(format!("{file}#{at}"));
            }
        }
        Ok(true)
    }
}

/// Whether a text is so many hexadecimal digits; none where the pattern is another one.
fn is_hexadecimal(value: &Value, pattern: &Value) -> Option<bool> {
    let digits = pattern.as_str()?.strip_prefix("^[0-9a-f]{")?.strip_suffix("}$")?;
    let text = value.as_str().unwrap_or_default();
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    Some(text.len() == digits.parse::<usize>().ok()? && text.bytes().all(is_digit))
}

fn is_of(value: &Value, kind: &Value) -> bool {
    if let Some(kinds) = kind.as_array() {
        return kinds.iter().any(|kind| is_of(value, kind));
    }
    match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    }
}
