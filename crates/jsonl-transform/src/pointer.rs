//! Names a place in JSON text by its JSON Pointer, for messages about rows that are refused.

use crate::{MAX_DEPTH, text};

/// Longer pointers are cut, so that a huge member name does not fill a screen.
const MAX_CHARS: usize = 256;

/// The JSON Pointer (RFC 6901) of the innermost value that is open or begins at byte `offset`.
///
/// The whole text is `""`. Only the bytes before `offset` are read; where they are not valid JSON,
/// the answer is a best effort. A pointer of more than 256 characters is cut and ends in `…`. The
/// names in it are outside text: escape them before they reach a terminal.
///
/// ```
/// let row = br#"{"request": {"contents": [{"parts": oops"#;
/// assert_eq!(jsonl_transform::pointer_at(row, 36), "/request/contents/0/parts");
/// ```
pub fn pointer_at(json: &[u8], offset: usize) -> String {
    let before = &json[..offset.min(json.len())];
    let mut open: Vec<Frame<'_>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = before.get(at) {
        let token_end = if byte == b'"' { string_end(before, at) } else { Some(at + 1) };
        let Some(token_end) = token_end else { break };
        let is_full = open.len() >= MAX_DEPTH as usize;
        match (byte, open.last_mut()) {
            (b'"', Some(Frame::Object { name, awaits_name })) if *awaits_name => {
                *name = Some(&before[at..token_end]);
                *awaits_name = false;
            }
            (b',', Some(Frame::Object { name, awaits_name })) => {
                *name = None;
                *awaits_name = true;
            }
            (b',', Some(Frame::Array { index })) => *index += 1,
            (b'}' | b']', Some(_)) => {
                open.pop();
            }
            (b'{' | b'[', _) if is_full => break,
            (b'{', _) => open.push(Frame::Object { name: None, awaits_name: true }),
            (b'[', _) => open.push(Frame::Array { index: 0 }),
            _ => {}
        }
        at = token_end;
    }
    cut(open.iter().map(Frame::token).collect())
}

enum Frame<'a> {
    Object { name: Option<&'a [u8]>, awaits_name: bool },
    Array { index: u64 },
}

impl Frame<'_> {
    fn token(&self) -> String {
        match self {
            Self::Object { name: None, .. } => String::new(),
            Self::Object { name: Some(name), .. } => {
                let name = text::decode(name);
                let head: String = name.chars().take(MAX_CHARS + 1).collect();
                format!("/{}", head.replace('~', "~0").replace('/', "~1"))
            }
            Self::Array { index } => format!("/{index}"),
        }
    }
}

/// The end of the string that starts at `start`, if it ends.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

fn cut(pointer: String) -> String {
    match pointer.char_indices().nth(MAX_CHARS) {
        None => pointer,
        Some((end, _)) => format!("{}…", &pointer[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::pointer_at;

    #[track_caller]
    fn check(json: &str, mark: &str, expect: &str) {
        let offset = json.find(mark).expect("the mark occurs");
        assert_eq!(pointer_at(json.as_bytes(), offset), expect, "{json} at {mark}");
    }

    #[test]
    fn points_at_the_innermost_value() {
        let json = r#"{"a":{"b/c~":[10,{"d":"x]}\"","e":[]},30]},"f":null}"#;
        check(json, "{\"a\"", "");
        check(json, "10", "/a/b~1c~0/0");
        check(json, "x]", "/a/b~1c~0/1/d");
        check(json, "\"e\"", "/a/b~1c~0/1");
        check(json, "[]", "/a/b~1c~0/1/e");
        check(json, "30", "/a/b~1c~0/2");
        check(json, "null", "/f");
        check(r#"{"mod\u0065l":@}"#, "@", "/model");
    }

    #[test]
    fn long_and_broken_texts_are_bounded() {
        let long = format!("{{\"{}\":@", "é".repeat(100_000));
        assert_eq!(pointer_at(long.as_bytes(), long.len() - 1).chars().count(), 257);
        assert_eq!(pointer_at(b"]]}},,\"", 99), "");
        assert_eq!(pointer_at(&b"[".repeat(1_000_000), 1_000_000), "/0".repeat(128));
    }
}
