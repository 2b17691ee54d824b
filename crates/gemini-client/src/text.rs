//! Words from outside made safe to show: no control characters, no secrets, no flood.

use std::fmt::Write as _;

const MAX_SHOWN: usize = 500;

/// A key shorter than this would take ordinary words out of texts.
const MIN_SECRET: usize = 4;

/// `text` with `key` and upload ids taken out, control and direction characters escaped, cut at
/// 500 characters.
pub(crate) fn shown(text: &str, key: &str) -> String {
    let text = without_secrets(text, key);
    let mut out = String::with_capacity(text.len().min(MAX_SHOWN * 2));
    for (n, c) in text.chars().enumerate() {
        if n == MAX_SHOWN {
            out.push('…');
            break;
        }
        if is_treacherous(c) {
            let _ = write!(out, "{}", c.escape_default());
        } else {
            out.push(c);
        }
    }
    out
}

const MARK: &str = "upload_id=";

fn without_secrets(text: &str, key: &str) -> String {
    let text = if key.len() >= MIN_SECRET { text.replace(key, "[key]") } else { text.to_owned() };
    let mut parts = text.split(MARK);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let ends = |c: char| !(c.is_ascii_alphanumeric() || "-_.~%+/=".contains(c));
        let rest = part.find(ends).map_or("", |at| &part[at..]);
        out.push_str("upload_id=[secret]");
        out.push_str(rest);
    }
    out
}

fn is_treacherous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn hostile_text_is_tamed() {
        assert_eq!(shown("a\u{1b}[31mb\nc\u{202e}d é", ""), "a\\u{1b}[31mb\\nc\\u{202e}d é");
        let flood = shown(&"\u{1b}x".repeat(500_000), "");
        assert!(flood.len() < 4_000 && flood.ends_with('…'), "{}", flood.len());
    }

    #[test]
    fn secrets_are_taken_out() {
        let key = "AIzaSyCANARY-0123456789";
        let text = format!("key {key} at https://h/u?upload_id=abc-DEF_1&x=2 and upload_id=zz");
        assert_eq!(
            shown(&text, key),
            "key [key] at https://h/u?upload_id=[secret]&x=2 and upload_id=[secret]"
        );
        assert_eq!(shown("x-goog-api-key: hunter2", "hunter2"), "x-goog-api-key: [key]");
        assert_eq!(shown("bake", "k"), "bake");
    }
}
