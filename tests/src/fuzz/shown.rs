//! `sanitize_terminal`: what any text is on a terminal.

#![expect(clippy::expect_used, reason = "a target says by a panic what does not hold")]

use eval_report::{display_width, json_for_terminals, sanitize};

/// Any text as it is shown: nothing in it can be obeyed or hidden, showing it again changes nothing, and JSON that was
/// made fit for terminals reads as the same.
pub fn sanitize_terminal(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let safe = sanitize(&text);
    assert!(safe.chars().all(is_harmless), "{safe:?} can do something");
    assert_eq!(sanitize(&safe), safe, "a second time it is another");
    assert!(safe.chars().count() >= text.chars().count(), "something was dropped");
    assert!(text.chars().any(|c| !is_harmless(c)) || safe.len() >= text.len());
    assert!(display_width(&safe) <= 2 * safe.chars().count());
    let json = serde_json::json!({ "text": text }).to_string();
    let shown = json_for_terminals(&json);
    assert!(shown.chars().all(is_harmless), "{shown:?} can do something");
    let back: serde_json::Value = serde_json::from_str(&shown).expect("it is JSON still");
    assert_eq!(back["text"], *text, "it reads as something else");
}

/// Whether a terminal shows the character as itself.
pub(super) fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden = matches!(
        c,
        '\u{ad}' | '\u{34f}' | '\u{180e}' | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}'
    ) || matches!(c, '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e01ef}');
    !c.is_control() && !turns && !hidden
}
