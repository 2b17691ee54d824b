//! Recognises inputs that are not JSON lines, so that the message can name what they are.

use std::fmt;

use crate::validate;

/// What an input turned out to be instead of JSON lines in UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the names are those of the formats")]
pub enum InputKind {
    Utf16,
    Utf32,
    Gzip,
    Zstd,
    Zip,
    Bzip2,
    Xz,
    /// The rows as one JSON array.
    JsonArray,
    /// An object written over several lines.
    SpreadJson,
    Csv,
}

impl InputKind {
    /// What to do about it, in one clause.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Utf16 => "convert it first: iconv -f UTF-16 -t UTF-8",
            Self::Utf32 => "convert it first: iconv -f UTF-32 -t UTF-8",
            Self::Gzip => "unpack it first: gzip -dc",
            Self::Zstd => "unpack it first: zstd -dc",
            Self::Bzip2 => "only gzip and zstd are read packed; unpack it first: bzip2 -dc",
            Self::Xz => "only gzip and zstd are read packed; unpack it first: xz -dc",
            Self::Zip => "unpack it first: unzip -p",
            Self::JsonArray => "write one row a line: jq -c '.[]'",
            Self::SpreadJson => "write one row a line: jq -c .",
            Self::Csv => "export the dataset as JSONL",
        }
    }
}

impl fmt::Display for InputKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Utf16 => "UTF-16 text",
            Self::Utf32 => "UTF-32 text",
            Self::Gzip => "gzip data",
            Self::Zstd => "zstd data",
            Self::Zip => "a zip archive",
            Self::Bzip2 => "bzip2 data",
            Self::Xz => "xz data",
            Self::JsonArray => "one JSON array",
            Self::SpreadJson => "JSON spread over several lines",
            Self::Csv => "CSV",
        })
    }
}

/// How many bytes [`by_magic`] wants to see, if there are as many.
pub(crate) const MAGIC_LEN: usize = 6;

/// Longer first lines are no CSV header.
const MAX_HEADER: usize = 4096;

/// Signatures, the more specific ones first.
const MAGIC: &[(&[u8], InputKind)] = &[
    (b"\xFF\xFE\0\0", InputKind::Utf32),
    (b"\0\0\xFE\xFF", InputKind::Utf32),
    (b"\xFF\xFE", InputKind::Utf16),
    (b"\xFE\xFF", InputKind::Utf16),
    (b"{\0\0\0", InputKind::Utf32),
    (b"\0\0\0{", InputKind::Utf32),
    (b"{\0", InputKind::Utf16),
    (b"\0{", InputKind::Utf16),
    (b"\x1F\x8B", InputKind::Gzip),
    (b"\x28\xB5\x2F\xFD", InputKind::Zstd),
    (b"PK\x03\x04", InputKind::Zip),
    (b"PK\x05\x06", InputKind::Zip),
    (b"BZh", InputKind::Bzip2),
    (b"\xFD7zXZ\0", InputKind::Xz),
];

/// What the first bytes of an input give away.
pub(crate) fn by_magic(head: &[u8]) -> Option<InputKind> {
    MAGIC.iter().find(|(magic, _)| head.starts_with(magic)).map(|&(_, kind)| kind)
}

/// What the first line that is not blank gives away; of an overlong one only the start is there.
pub(crate) fn by_first_line(line: &[u8], is_start_only: bool) -> Option<InputKind> {
    let line = line.trim_ascii();
    match line.split_first()? {
        (b'[', rest) if matches!(rest.trim_ascii_start().first(), None | Some(b'{')) => {
            Some(InputKind::JsonArray)
        }
        _ if is_start_only => None,
        (b'{', []) => Some(InputKind::SpreadJson),
        (b'A'..=b'Z' | b'a'..=b'z' | b'_' | b'"', _) if is_csv_header(line) => Some(InputKind::Csv),
        _ => None,
    }
}

/// Two or more column names between commas, semicolons or tabs, and nothing that JSON would need.
fn is_csv_header(line: &[u8]) -> bool {
    let is_separator = |byte: &u8| matches!(byte, b',' | b';' | b'\t');
    let is_column = |cell: &[u8]| {
        let letter = |byte: &u8| byte.is_ascii_alphanumeric() || b" _-.\"".contains(byte);
        !cell.trim_ascii().is_empty() && cell.iter().all(letter)
    };
    line.len() <= MAX_HEADER
        && line.iter().any(is_separator)
        && line.split(is_separator).all(is_column)
        // A row that is just a string is a bad row, not CSV.
        && validate(line).is_err()
}

#[cfg(test)]
mod tests {
    use super::{InputKind, by_first_line, by_magic};

    #[test]
    fn signatures_name_their_format() {
        for (head, kind) in [
            (&b"\xFF\xFE{\0\"\0"[..], InputKind::Utf16),
            (b"\xFE\xFF\0{", InputKind::Utf16),
            (b"\0{\0\"", InputKind::Utf16),
            (b"{\0\"\0", InputKind::Utf16),
            (b"\xFF\xFE\0\0{\0", InputKind::Utf32),
            (b"\x1F\x8B\x08\0", InputKind::Gzip),
            (b"\x28\xB5\x2F\xFD\x04\0", InputKind::Zstd),
            (b"PK\x03\x04..", InputKind::Zip),
        ] {
            assert_eq!(by_magic(head), Some(kind), "{head:?}");
        }
        for head in [&b""[..], b"{", b"{\"a\":", b"\xEF\xBB\xBF{\"a", b"\0\0"] {
            assert_eq!(by_magic(head), None, "{head:?}");
        }
    }

    #[test]
    fn first_lines_name_their_format() {
        for (line, kind) in [
            ("[", Some(InputKind::JsonArray)),
            ("  [ {\"request\":{}},", Some(InputKind::JsonArray)),
            ("{", Some(InputKind::SpreadJson)),
            ("request,response", Some(InputKind::Csv)),
            ("\"Request\";\"Model name\"", Some(InputKind::Csv)),
            ("id\ttext", Some(InputKind::Csv)),
            ("[1,2]", None),
            ("\"text\"", None),
            ("\"a,b\"", None),
            ("null", None),
            ("hello world", None),
            ("{\"a\":1,", None),
            ("{}", None),
            ("a,{b}", None),
            ("a,,b", None),
        ] {
            assert_eq!(by_first_line(line.as_bytes(), false), kind, "{line}");
        }
    }

    #[test]
    fn the_start_of_an_overlong_line_tells_an_array_only() {
        assert_eq!(by_first_line(b"[{\"a\":", true), Some(InputKind::JsonArray));
        assert_eq!(by_first_line(b"a,b,c", true), None);
        assert_eq!(by_first_line(b"{  ", true), None);
    }
}
