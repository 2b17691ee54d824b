//! F1 over words as the evaluation of `SQuAD` has it: lower case, no ASCII punctuation, no English articles.

use std::collections::HashMap;

use super::similar::share;

/// The harmonic mean of the shares of words that two texts have in common; two without words are alike.
pub(super) fn f1(text: &str, wanted: &str) -> f64 {
    let (text, wanted) = (normalised(text), normalised(wanted));
    let (text, wanted) = (words(&text), words(&wanted));
    if text.is_empty() || wanted.is_empty() {
        return f64::from(u8::from(text.is_empty() && wanted.is_empty()));
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for word in &wanted {
        *counts.entry(word).or_default() += 1;
    }
    let mut common = 0;
    for word in &text {
        if let Some(left) = counts.get_mut(word).filter(|left| **left > 0) {
            *left -= 1;
            common += 1;
        }
    }
    // 2PR / (P + R)
    share(2 * common, text.len() + wanted.len())
}

/// As Python's `split` has it.
fn words(text: &str) -> Vec<&str> {
    let is_space = |c: char| c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c);
    text.split(is_space).filter(|word| !word.is_empty()).collect()
}

fn normalised(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().filter(|c| !c.is_ascii_punctuation()).collect();
    let mut rest = plain.as_str();
    let mut without = String::with_capacity(rest.len());
    // Runs of letters and digits, and what stands between them: articles are whole runs.
    while !rest.is_empty() {
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let (run, behind) = rest.split_at(length);
        without.push_str(if matches!(run, "a" | "an" | "the") { " " } else { run });
        let length = behind.find(char::is_alphanumeric).unwrap_or(behind.len());
        let (between, behind) = behind.split_at(length);
        without.push_str(between);
        rest = behind;
    }
    without
}
