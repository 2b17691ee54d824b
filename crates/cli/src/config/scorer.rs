//! Scorers in the configuration: the text of a scorer, or a table that is turned into it.

use super::json::quoted;
use super::section::{Found, Result, Section};
use crate::plugins::KINDS as PLUGINS;

/// The words of a table that take other scorers.
const COMBINATORS: [&str; 3] = ["all", "any", "not"];

/// The texts of all scorers, as the registry reads them.
pub(crate) fn scorers(found: &Found<'_, '_>) -> Result<Vec<String>> {
    found.elements()?.iter().map(scorer).collect()
}

fn scorer(found: &Found<'_, '_>) -> Result<String> {
    if found.value.get_ref().is_str() {
        return found.text();
    }
    let section = found.section("[[scorer]]")?;
    if section.has("name") { named(&section) } else { combined(&section) }
}

/// `{ name = "function-call", any-part = true }` is `function-call(any-part=true)`.
fn named(section: &Section<'_, '_>) -> Result<String> {
    let mut name = String::new();
    let mut params = Vec::new();
    for (key, _, member) in section.members() {
        if key == "name" {
            name = member.text()?;
        } else {
            params.push(format!("{key}={}", member.json()?));
        }
    }
    if params.is_empty() {
        return Ok(name);
    }
    if name.contains(['(', ':']) {
        return Err(
            section.wrong(format!("scorer {name:?} has parameters in its name and beside it"))
        );
    }
    Ok(format!("{name}({})", params.join(", ")))
}

/// A text as it stands within brackets: one that is not made of names and parameters could end too early there.
fn bracketed(text: &str) -> String {
    let is_foreign = PLUGINS
        .iter()
        .any(|kind| text.trim_start().strip_prefix(kind).is_some_and(|rest| rest.starts_with(':')));
    if is_foreign { serde_json::Value::from(text).to_string() } else { text.to_owned() }
}

/// `{ all = ["a", { name = "b" }] }` is `all(a, b)`.
fn combined(section: &Section<'_, '_>) -> Result<String> {
    let mut texts = Vec::new();
    for word in COMBINATORS {
        let Some(found) = section.find(word) else { continue };
        let inner = if word == "not" { vec![scorer(&found)?] } else { scorers(&found)? };
        let inner: Vec<String> = inner.iter().map(|text| bracketed(text)).collect();
        texts.push(format!("{word}({})", inner.join(", ")));
    }
    match texts.as_slice() {
        [text] => Ok(text.clone()),
        [] => Err(section.wrong(format!("a scorer needs a {}", quoted("name")))),
        _ => Err(section.wrong("a scorer takes one of `all`, `any` and `not`")),
    }
}
