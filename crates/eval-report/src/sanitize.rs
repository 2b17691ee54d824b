//! Text from outside made harmless for a terminal: nothing in it can move, hide, reorder or recolour anything.

use std::borrow::Cow;
use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

/// The text with every character that a terminal would obey, and every one that cannot be seen, written as an escape.
///
/// Escaped are control characters (C0, DEL, C1, line and paragraph separators), the marks that change the direction
/// of text, zero-width and tag characters. The outcome holds none of them, so doing it again changes nothing.
///
/// ```
/// use eval_report::sanitize;
/// assert_eq!(sanitize("gemini-2.5-pro"), "gemini-2.5-pro");
/// assert_eq!(sanitize("\u{1b}[31mred\u{202e}\n"), r"\u{1b}[31mred\u{202e}\n");
/// ```
pub fn sanitize(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match character {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if is_unsafe(c) => {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
            }
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

/// JSON whose strings hold no character that a terminal would obey, and that reads as the same values.
///
/// ```
/// let json = "{\"model\":\"x\u{202e}y\u{9b}\"}";
/// assert_eq!(eval_report::json_for_terminals(json), r#"{"model":"x\u202ey\u009b"}"#);
/// ```
pub fn json_for_terminals(json: &str) -> Cow<'_, str> {
    // What is below the space stands between values, or is written as an escape already.
    let hides = |c: char| c > '~' && is_unsafe(c);
    if !json.chars().any(hides) {
        return Cow::Borrowed(json);
    }
    let mut safe = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if hides(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// How many columns of a terminal the text takes once it is [sanitized](sanitize).
///
/// ```
/// assert_eq!(eval_report::display_width("模型 ä"), 6);
/// ```
pub fn display_width(text: &str) -> usize {
    text.width()
}

/// Whether a terminal or a reader could be fooled by the character.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            u32::from(c),
            0x00ad                // soft hyphen
            | 0x034f              // combining grapheme joiner
            | 0x061c              // Arabic letter mark
            | 0x115f..=0x1160     // Hangul fillers
            | 0x17b4..=0x17b5     // invisible Khmer vowels
            | 0x180b..=0x180f     // Mongolian selectors and separator
            | 0x200b..=0x200f     // zero-width characters, direction marks
            | 0x2028..=0x202e     // separators, embeddings and overrides
            | 0x2060..=0x206f     // invisible operators, isolates
            | 0x3164              // Hangul filler
            | 0xfe00..=0xfe0f     // variation selectors
            | 0xfeff              // byte order mark
            | 0xffa0              // Hangul filler
            | 0xfff0..=0xfffb     // interlinear marks
            | 0x1_d173..=0x1_d17a // musical controls
            | 0xe_0000..=0xe_0fff // tags and selectors
        )
}
