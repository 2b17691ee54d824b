//! A variant of the prompt: a name, and what is set or removed in every request.

use std::ops::Range;

use super::error::ConfigError;
use super::json::quoted;
use super::section::{Found, Result, Section};

/// The name of the baseline, which no variant may take.
const LOGGED: &str = "logged";

/// A variant: a name and what it changes in every request, in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) name: String,
    /// JSON Pointers within the request, with the raw JSON to set there, or `None` to remove what is there.
    ///
    /// The names of the request's own fields and of those of its generation config are written in camelCase,
    /// whatever the file says; rows may spell them either way. No pointer lies within another.
    pub(crate) edits: Vec<(String, Option<String>)>,
}

/// Fields of the request that are set as a whole, as they are called here and on the wire.
const WHOLE: [(&str, &str); 3] =
    [("tools", "/tools"), ("tool_config", "/toolConfig"), ("safety_settings", "/safetySettings")];

/// Edits with the places they come from.
struct Edits<'t> {
    text: &'t str,
    list: Vec<(String, Option<String>)>,
}

pub(crate) fn variants(found: &Found<'_, '_>) -> Result<Vec<Variant>> {
    let mut variants: Vec<Variant> = Vec::new();
    for element in found.elements()? {
        let section = element.section("[[variant]]")?;
        let Some(name) = section.find("name") else {
            return Err(section.wrong("a variant needs a `name`"));
        };
        let variant = Variant { name: checked_name(&name)?, edits: edits(&section, found.text)? };
        if variants.iter().any(|other| other.name == variant.name) {
            return Err(name.wrong(format!("{:?} is there twice", variant.name)));
        }
        variants.push(variant);
        section.finish()?;
    }
    Ok(variants)
}

fn checked_name(found: &Found<'_, '_>) -> Result<String> {
    let name = found.text()?;
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() > 40 || !name.chars().all(is_part) {
        return Err(found.wrong("must be 1 to 40 of a-z, A-Z, 0-9, `-`, `_` and `.`"));
    }
    if name == LOGGED {
        return Err(found.wrong("`logged` is the name of the baseline"));
    }
    Ok(name)
}

fn edits(section: &Section<'_, '_>, text: &str) -> Result<Vec<(String, Option<String>)>> {
    let mut edits = Edits { text, list: Vec::new() };
    if let Some(found) = section.find("system_instruction") {
        let json = if found.value.get_ref().is_str() {
            format!("{{\"parts\":[{{\"text\":{}}}]}}", quoted(&found.text()?))
        } else {
            found.section("`system_instruction`")?;
            found.json()?
        };
        edits.add("/systemInstruction".to_owned(), Some(json), &found.value.span())?;
    }
    if let Some(found) = section.find("generation_config") {
        for (name, _, member) in found.section("`generation_config`")?.members() {
            let pointer = format!("/generationConfig/{}", escaped(&camel(name)));
            edits.add(pointer, Some(member.json()?), &member.value.span())?;
        }
    }
    for (name, pointer) in WHOLE {
        let Some(found) = section.find(name) else { continue };
        if name == "tool_config" {
            found.section("`tool_config`")?;
        } else {
            for element in found.elements()? {
                element.section(name)?;
            }
        }
        edits.add(pointer.to_owned(), Some(found.json()?), &found.value.span())?;
    }
    if let Some(found) = section.find("set") {
        for (pointer, at, member) in found.section("`set`")?.members() {
            edits.add(edits.pointer(pointer, &at)?, Some(member.json()?), &at)?;
        }
    }
    if let Some(found) = section.find("remove") {
        for element in found.elements()? {
            let at = element.value.span();
            edits.add(edits.pointer(&element.text()?, &at)?, None, &at)?;
        }
    }
    Ok(edits.list)
}

impl Edits<'_> {
    /// A pointer of the file as it goes into the edits.
    fn pointer(&self, written: &str, at: &Range<usize>) -> Result<String> {
        let wrong = |problem: String| Err(ConfigError::new(self.text, at, problem));
        let Some(tokens) = written.strip_prefix('/') else {
            let error = wrong(format!("{written:?} is no JSON Pointer"));
            return error.map_err(|error| {
                error.with_hint("it begins with `/`: \"/generationConfig/topK\"")
            });
        };
        let mut tokens: Vec<String> = tokens.split('/').map(str::to_owned).collect();
        let is_escaped =
            |token: &String| token.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if !tokens.iter().all(is_escaped) || tokens.iter().any(String::is_empty) {
            return wrong(format!("{written:?} is no JSON Pointer to a field of a request"));
        }
        if let Some(first) = tokens.first_mut() {
            *first = camel(first);
        }
        if let [first, second, ..] = tokens.as_mut_slice()
            && first == "generationConfig"
        {
            *second = camel(second);
        }
        let pointer = format!("/{}", tokens.join("/"));
        match pointer.as_str() {
            "/contents" => {
                wrong("a variant cannot take the place of the `contents` of all rows".into())
            }
            "/model" => wrong("the model is not part of a variant: name it in `models`".into()),
            _ => Ok(pointer),
        }
    }

    fn add(&mut self, pointer: String, json: Option<String>, at: &Range<usize>) -> Result<()> {
        let is_within = |inner: &str, outer: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let meets = |other: &str| is_within(&pointer, other) || is_within(other, &pointer);
        if let Some((other, _)) = self.list.iter().find(|(other, _)| meets(other)) {
            let problem = if *other == pointer {
                format!("{pointer} is set or removed twice")
            } else {
                format!("{pointer} and {other} lie within each other")
            };
            return Err(ConfigError::new(self.text, at, problem));
        }
        self.list.push((pointer, json));
        Ok(())
    }
}

/// The wire's spelling of a field: `max_output_tokens` is `maxOutputTokens`.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let mut camel = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel.push_str(letters.as_str());
    }
    camel
}

/// A name as a token of a JSON Pointer.
fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
