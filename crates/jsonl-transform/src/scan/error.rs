//! What can be wrong with JSON text, and at which byte.

use std::fmt;

/// Why a text is not JSON as RFC 8259 has it, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct SyntaxError {
    offset: usize,
    kind: SyntaxKind,
}

impl SyntaxError {
    pub(crate) fn new(offset: usize, kind: SyntaxKind) -> Self {
        Self { offset, kind }
    }

    /// The byte where the text went wrong, counted from 0; the length of the text if it just ends.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there.
    pub fn kind(&self) -> SyntaxKind {
        self.kind
    }
}

/// What is wrong with a JSON text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyntaxKind {
    /// A byte sequence that is not UTF-8.
    NotUtf8,
    /// The text ends inside a value.
    End,
    /// Another byte stands where `expected` should.
    Unexpected {
        /// What would have been right, in words.
        expected: &'static str,
        /// The byte that stands there.
        found: u8,
    },
    /// A comma with no member or element after it.
    TrailingComma,
    /// Something follows the value.
    TrailingCharacters,
    /// A raw byte below 0x20 inside a string.
    Control(u8),
    /// A backslash followed by something that is no escape.
    Escape,
    /// More than [`MAX_DEPTH`](crate::MAX_DEPTH) arrays and objects are open.
    TooDeep,
}

impl fmt::Display for SyntaxKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8 => out.write_str("invalid UTF-8"),
            Self::End => out.write_str("unexpected end of the text"),
            Self::Unexpected { expected, found } if found.is_ascii_graphic() => {
                write!(out, "expected {expected}, found '{}'", char::from(*found))
            }
            Self::Unexpected { expected, found } => {
                write!(out, "expected {expected}, found byte {found:#04x}")
            }
            Self::TrailingComma => out.write_str("trailing comma"),
            Self::TrailingCharacters => out.write_str("trailing characters"),
            Self::Control(byte) => write!(out, "raw control character {byte:#04x} in a string"),
            Self::Escape => out.write_str("invalid escape in a string"),
            Self::TooDeep => write!(out, "too deep (limit {})", super::MAX_DEPTH),
        }
    }
}
