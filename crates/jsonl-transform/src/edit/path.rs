//! JSON Pointers as edits use them: a list of names with the escapes read.

use std::fmt;

/// Longer ways lead nowhere in a row of 128 levels.
const MAX_NAMES: usize = 64;

/// A text is not a JSON Pointer that an edit can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("a JSON Pointer begins with '/', as in /generationConfig/temperature")]
    NoSlash,
    /// It names the whole.
    #[error("the whole can't be edited; name a member, as in /generationConfig/temperature")]
    Whole,
    /// A tilde is not followed by 0 or 1.
    #[error("in a JSON Pointer '~' is written ~0, and '/' in a name ~1")]
    Tilde,
    /// It has over 64 names.
    #[error("the JSON Pointer is too long (limit {MAX_NAMES} names)")]
    TooLong,
}

/// A pointer in parts; never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path {
    names: Vec<String>,
}

impl Path {
    pub(crate) fn parse(pointer: &str) -> Result<Self, PathError> {
        if pointer.is_empty() {
            return Err(PathError::Whole);
        }
        let rest = pointer.strip_prefix('/').ok_or(PathError::NoSlash)?;
        let names: Vec<_> = rest.split('/').map(unescape).collect::<Result<_, _>>()?;
        if names.len() > MAX_NAMES {
            return Err(PathError::TooLong);
        }
        Ok(Self { names })
    }

    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for name in &self.names {
            write!(out, "/{}", name.replace('~', "~0").replace('/', "~1"))?;
        }
        Ok(())
    }
}

fn unescape(name: &str) -> Result<String, PathError> {
    let mut parts = name.split('~');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (letter, rest) = match part.as_bytes().first() {
            Some(b'0') => ('~', &part[1..]),
            Some(b'1') => ('/', &part[1..]),
            _ => return Err(PathError::Tilde),
        };
        text.push(letter);
        text.push_str(rest);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::{Path, PathError};

    #[test]
    fn escapes_are_read_and_written() {
        let path = Path::parse("/a~1b/~01/0/").expect("a pointer");
        assert_eq!(path.names(), ["a/b", "~1", "0", ""]);
        assert_eq!(path.to_string(), "/a~1b/~01/0/");
        assert_eq!(Path::parse(""), Err(PathError::Whole));
        assert_eq!(Path::parse("a"), Err(PathError::NoSlash));
        assert_eq!(Path::parse("/~"), Err(PathError::Tilde));
        assert_eq!(Path::parse("/~2"), Err(PathError::Tilde));
        assert_eq!(Path::parse(&"/a".repeat(65)), Err(PathError::TooLong));
    }
}
