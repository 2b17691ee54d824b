//! Text from outside: it can be ugly, and it can do nothing.

use eval_report::{Paint, Role, Terminal, sanitize, to_json};
use insta::assert_snapshot;
use proptest::prelude::*;

use crate::support::{built, report};

const HOSTILE: &str =
    "\u{1b}[2J\u{1b}]0;owned\u{7}a\r\nb\tc\u{202e}txt.exe\u{200b}\u{e0041}\u{9b}31m";

/// Whether a character may stand in a report.
fn is_harmless(c: char) -> bool {
    let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let hidden =
        matches!(c, '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}');
    !c.is_control() && !bidi && !hidden
}

#[test]
fn hostile_names_are_shown_as_escapes() {
    let mut report = report([built(HOSTILE, Role::Model, "FTX-", HOSTILE, &["function-call"])]);
    report.dataset.as_mut().unwrap().name = HOSTILE.to_owned();
    report.models[0].variant = Some(HOSTILE.to_owned());
    let text = Terminal { width: 100, paint: Paint::Plain }.render(&report);
    assert!(text.chars().all(|c| c == '\n' || is_harmless(c)));
    assert_snapshot!("hostile-names", text);

    let json = to_json(&report).unwrap();
    assert!(json.chars().all(|c| c == '\n' || is_harmless(c)));
    let back: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(back["models"][0]["label"], HOSTILE, "escapes read back as what they stand for");
}

#[test]
fn words_of_all_languages_stay_as_they_are() {
    for text in ["gemini-2.5-pro", "模型", "größer", "مرحبا", "नमस्ते", "🙂"]
    {
        assert_eq!(sanitize(text), text);
    }
}

proptest! {
    #[test]
    fn sanitized_text_is_harmless_and_stays_so(text in any::<String>(), odd in "[\u{0}-\u{9f}\u{200b}-\u{206f}\u{e0000}-\u{e007f}]{0,8}") {
        let text = format!("{text}{odd}");
        let safe = sanitize(&text);
        prop_assert!(safe.chars().all(is_harmless), "{:?}", safe);
        prop_assert_eq!(sanitize(&safe), safe.as_ref());
    }

    #[test]
    fn reports_read_back_from_json_whatever_stands_in_them(label in any::<String>()) {
        // Without scored rows, since fractions may read back with another last digit.
        let mut report = report([built("m", Role::Model, "X-", "m", &["function-call"])]);
        report.models[0].label.clone_from(&label);
        report.dataset.as_mut().unwrap().name = label;
        let json = to_json(&report).unwrap();
        prop_assert!(json.chars().all(|c| c == '\n' || is_harmless(c)));
        prop_assert_eq!(serde_json::from_str::<eval_report::Report>(&json).unwrap(), report);
    }
}
