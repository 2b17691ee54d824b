//! Reads JSON string tokens: what text they stand for, and whether they spell a given name.

use std::borrow::Cow;

use crate::scan::hex_unit;

/// No member that we know has a longer name.
const MAX_NAME: usize = 64;

/// Whether a string token (quotes included) spells `name`, by whatever escapes.
pub(crate) fn spells(token: &[u8], name: &str) -> bool {
    // An escape takes six bytes at most, so a longer token cannot be the name.
    token.len() <= 6 * name.len() + 2 && *plain_name(token) == *name.as_bytes()
}

/// The name that a string token (quotes included) spells, as it would be written without escapes.
///
/// A name too long to be one that we know is given back as it is spelled.
pub(crate) fn plain_name(token: &[u8]) -> Cow<'_, [u8]> {
    let inner = inner(token);
    if inner.len() > 6 * MAX_NAME || !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    Cow::Owned(decode(token).into_owned().into_bytes())
}

/// The text of a string token (quotes included); halves of surrogate pairs become U+FFFD.
///
/// Never fails: it also serves to describe tokens of rows that are refused.
pub(crate) fn decode(token: &[u8]) -> Cow<'_, str> {
    let inner = inner(token);
    if !inner.contains(&b'\\') {
        return match str::from_utf8(inner) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => String::from_utf8_lossy(inner),
        };
    }
    let mut text = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'\\' {
            rest = decode_escape(rest, &mut text);
        } else {
            text.push(byte);
        }
    }
    Cow::Owned(String::from_utf8_lossy(&text).into_owned())
}

fn inner(token: &[u8]) -> &[u8] {
    let token = token.strip_prefix(b"\"").unwrap_or(token);
    token.strip_suffix(b"\"").unwrap_or(token)
}

fn decode_escape<'a>(rest: &'a [u8], text: &mut Vec<u8>) -> &'a [u8] {
    let Some((&letter, after)) = rest.split_first() else {
        return rest;
    };
    match letter {
        b'b' => text.push(0x08),
        b'f' => text.push(0x0C),
        b'n' => text.push(b'\n'),
        b'r' => text.push(b'\r'),
        b't' => text.push(b'\t'),
        b'u' => return decode_unicode(after, text),
        other => text.push(other),
    }
    after
}

fn decode_unicode<'a>(rest: &'a [u8], text: &mut Vec<u8>) -> &'a [u8] {
    let Some((unit, after)) = hex4(rest) else {
        return rest;
    };
    let (code, after) = match (unit, after.strip_prefix(b"\\u").and_then(hex4)) {
        (0xD800..=0xDBFF, Some((low @ 0xDC00..=0xDFFF, after_pair))) => {
            (0x1_0000 + ((unit - 0xD800) << 10) + (low - 0xDC00), after_pair)
        }
        _ => (unit, after),
    };
    let letter = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    text.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
    after
}

fn hex4(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (digits, rest) = bytes.split_first_chunk::<4>()?;
    hex_unit(*digits).map(|unit| (u32::from(unit), rest))
}

#[cfg(test)]
mod tests {
    use super::{decode, spells};

    #[test]
    fn decodes_as_serde_json_does() {
        for token in [
            r#""""#,
            r#""plain é 東京""#,
            r#""\"\\\/\b\f\n\r\t""#,
            r#""\u0041\u00e9\uD83D\uDE00x""#,
            r#""gemini-\u0032.5""#,
        ] {
            let expected: String = serde_json::from_str(token).expect(token);
            assert_eq!(decode(token.as_bytes()), expected, "{token}");
        }
    }

    #[test]
    fn halves_of_pairs_become_the_replacement_character() {
        assert_eq!(decode(br#""a\ud800b""#), "a\u{FFFD}b");
        assert_eq!(decode(br#""\udc00\ud800\u0041""#), "\u{FFFD}\u{FFFD}A");
    }

    #[test]
    fn names_are_recognised_however_they_are_escaped() {
        assert!(spells(br#""model""#, "model"));
        assert!(spells(br#""mod\u0065l""#, "model"));
        assert!(spells(br#""\u006d\u006F\u0064\u0065\u006c""#, "model"));
        for other in [
            r#""models""#,
            r#""Model""#,
            r#""mod\u0045l""#,
            r#""mode""#,
            r#""""#,
            r#""\u006d\u006f\u0064\u0065\u006c\u006c""#,
        ] {
            assert!(!spells(other.as_bytes(), "model"), "{other}");
        }
    }
}
