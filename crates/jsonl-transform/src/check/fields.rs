//! Which fields a request may have, read from a list that is data.

use std::sync::LazyLock;

/// The list: one field a line with its standing.
const LIST: &str = include_str!("../fields.txt");

/// How a field stands with the Batch API; all names are in `camelCase`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Part of a request.
    Known(&'static str),
    /// Known to be turned away.
    Refused(&'static str),
    /// Likely to be turned away.
    Odd(&'static str),
    Unknown,
}

/// The objects whose fields are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Parent {
    Request,
    GenerationConfig,
    ToolConfig,
}

impl Parent {
    /// The object that the member `field` of a request is.
    pub(crate) fn of(field: &str) -> Option<Self> {
        [Self::GenerationConfig, Self::ToolConfig].into_iter().find(|parent| parent.name() == field)
    }

    /// The member of a request that is this object, and the prefix of its fields in the list.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Request => "",
            Self::GenerationConfig => "generationConfig",
            Self::ToolConfig => "toolConfig",
        }
    }
}

/// The fields of one object in both cases, by the lengths of their names: few have the same.
type Fields = Vec<Vec<Field>>;

struct Field {
    name: Vec<u8>,
    ends: [u64; 2],
    standing: Standing,
}

/// The first and the last eight bytes of a name; with its length that is all of most names.
#[inline]
fn ends(name: &[u8]) -> [u64; 2] {
    match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => [*first, *last].map(u64::from_le_bytes),
        _ => [name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0],
    }
}

static FIELDS: LazyLock<[Fields; 3]> =
    LazyLock::new(|| [Parent::Request, Parent::GenerationConfig, Parent::ToolConfig].map(read));

/// Reads the fields of one object from the list.
fn read(parent: Parent) -> Fields {
    let mut fields = Fields::new();
    for line in LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let (word, path) = line.split_once(' ').unwrap_or(("", line));
        let (object, name) = path.split_once('.').unwrap_or(("", path));
        if object != parent.name() {
            continue;
        }
        let standing = match word {
            "known" => Standing::Known(name),
            "refused" => Standing::Refused(name),
            _ => Standing::Odd(name),
        };
        for name in [name.as_bytes().to_vec(), snake(name)] {
            if fields.len() <= name.len() {
                fields.resize_with(name.len() + 1, Vec::new);
            }
            fields[name.len()].push(Field { ends: ends(&name), name, standing });
        }
    }
    fields
}

/// How the field `name`, which is free of escapes, stands in an object.
pub(crate) fn standing(parent: Parent, name: &[u8]) -> Standing {
    let Some(same_length) = FIELDS[parent as usize].get(name.len()) else {
        return Standing::Unknown;
    };
    let ends = ends(name);
    let is_it =
        |field: &&Field| field.ends == ends && (name.len() <= 16 || field.name.as_slice() == name);
    same_length.iter().find(is_it).map_or(Standing::Unknown, |field| field.standing)
}

fn snake(name: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len() + 4);
    for letter in name.bytes() {
        if letter.is_ascii_uppercase() {
            out.push(b'_');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{LIST, Parent, Standing, standing};

    #[test]
    fn the_list_is_well_formed() {
        for line in LIST.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (word, path) = line.split_once(' ').expect(line);
            assert!(["known", "refused", "odd"].contains(&word), "{line}");
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._".contains(&byte);
            assert!(path.bytes().all(plain), "{line}");
            let parent = path.split_once('.').map_or("", |(parent, _)| parent);
            assert!(["", "generationConfig", "toolConfig"].contains(&parent), "{line}");
        }
        assert!(LIST.contains("as of 20"), "a list without a date can't be judged");
    }

    #[test]
    fn both_cases_are_known() {
        for (parent, name, expect) in [
            (Parent::Request, "toolConfig", Standing::Known("toolConfig")),
            (Parent::Request, "tool_config", Standing::Known("toolConfig")),
            (Parent::Request, "service_tier", Standing::Refused("serviceTier")),
            (Parent::Request, "stream", Standing::Odd("stream")),
            (Parent::Request, "temperature", Standing::Unknown),
            (Parent::GenerationConfig, "temperature", Standing::Known("temperature")),
            (Parent::GenerationConfig, "top_k", Standing::Known("topK")),
            (Parent::GenerationConfig, "config", Standing::Unknown),
            (Parent::ToolConfig, "", Standing::Unknown),
        ] {
            assert_eq!(standing(parent, name.as_bytes()), expect, "{parent:?} {name}");
        }
    }
}
