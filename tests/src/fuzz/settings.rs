//! `config_toml`: what the program says of any text in place of `batch-eval.toml`.

#![expect(clippy::expect_used, reason = "a target says by a panic what does not hold")]

use super::shown::is_harmless;

/// Any text as a configuration: it is taken, or refused in a few harmless lines with a place that lies in the text.
pub fn config_toml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Err(mistake) = cli::fuzzing::config(&text) else { return };
    let lines: Vec<&str> = text.split('\n').collect();
    let (at, column) = (mistake.line, mistake.column);
    let line = at.checked_sub(1).and_then(|at| lines.get(at)).expect("the line is one of the text");
    assert!((1..=line.chars().count() + 1).contains(&column), "column {column} of {line:?}");
    let shown: Vec<&str> = mistake.shown.split('\n').collect();
    assert_eq!(shown.len(), 4, "the error, the line, the caret, what to do: {shown:?}");
    assert!(shown.iter().all(|line| line.chars().all(is_harmless)), "{shown:?}");
    let place = format!("error: batch-eval.toml, line {at}, column {column}: ");
    assert!(shown[0].len() > place.len() && shown[0].starts_with(&place), "{shown:?}");
}
