//! How strongly a text asks for a function: spam-like signs for functions that mark bad things,
//! shared words for all others.

use std::collections::{BTreeSet, HashSet};

use super::view::{Function, View};
use super::words::{HARM, LURE, MARKS_BAD, MARKS_GOOD, MONEY, STOP, URGENCY};

/// How much speaks for calling `function`; above 0 a model without noise or mood would call it.
pub(crate) fn pull(function: &Function, view: &View) -> f64 {
    let name = tokens(&function.name);
    let about = tokens(&format!("{} {}", function.name, function.description));
    let bad = about.iter().any(|word| MARKS_BAD.contains(&word.as_str()));
    let good = name.iter().any(|word| MARKS_GOOD.contains(&word.as_str()));
    match (bad, good) {
        (_, true) if bad || name.len() <= 3 => -view.signs.suspicion - 0.2,
        (true, false) => view.signs.suspicion,
        _ => 0.9 + relevance(&about, view),
    }
}

/// What a text shows at a look.
#[derive(Debug)]
pub(crate) struct Signs {
    pub(crate) words: HashSet<String>,
    /// How much it looks like spam; below 0 it looks ordinary.
    pub(crate) suspicion: f64,
    /// Whether it speaks of violence.
    pub(crate) harmful: bool,
}

impl Signs {
    pub(crate) fn of(text: &str) -> Self {
        let lower = text.to_lowercase();
        let words = words(&lower);
        let suspicion = suspicion(text, &lower, &words);
        let harmful = count(HARM, &lower, &words) > 0;
        Self { words, suspicion, harmful }
    }
}

fn suspicion(text: &str, lower: &str, words: &HashSet<String>) -> f64 {
    let hits = |list: &[&str], cap: usize| float(count(list, lower, words).min(cap));
    let links = float(links(lower).min(2));
    let shorteners = ["bit.ly", "tinyurl", "t.me/", "wa.me/", "goo.gl", ".ru/", ".xyz", ".top"];
    let hidden = f64::from(u8::from(shorteners.iter().any(|short| lower.contains(short))));
    -1.3 + links * 0.8
        + hidden * 0.7
        + hits(MONEY, 3) * 0.6
        + hits(URGENCY, 2) * 0.6
        + hits(LURE, 3) * 0.6
        + repeated_punctuation(text) * 0.5
        + shouting(text) * 0.8
        + f64::from(u8::from(text.contains(['$', '€', '£', '₹', '₿', '💰', '🤑', '🎁']))) * 0.4
}

/// The different words of a text in lower case.
fn words(lower: &str) -> HashSet<String> {
    let mut words: HashSet<String> = HashSet::new();
    for word in lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        if !words.contains(word) {
            words.insert(word.to_owned());
        }
    }
    words
}

/// Words of a name in lower case; `flagSpam` and `flag_spam` are two each.
pub(crate) fn tokens(text: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let mut word = String::new();
    let mut was_lower = false;
    for c in text.chars() {
        let hump = c.is_ascii_uppercase() && was_lower;
        if (!c.is_alphanumeric() || hump) && !word.is_empty() {
            words.insert(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    if !word.is_empty() {
        words.insert(word);
    }
    words
}

fn count(list: &[&str], lower: &str, words: &HashSet<String>) -> usize {
    let plain = lower.is_ascii();
    let found = |entry: &str| match (entry.is_ascii(), entry.contains([' ', '-'])) {
        (true, false) => words.contains(entry),
        (false, _) if plain => false,
        _ => lower.contains(entry),
    };
    list.iter().filter(|entry| found(entry)).count()
}

fn float(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}

fn links(lower: &str) -> usize {
    ["http://", "https://", "www.", "t.me/", "bit.ly"]
        .iter()
        .map(|sign| lower.matches(sign).count())
        .sum()
}

fn repeated_punctuation(text: &str) -> f64 {
    let loud = |c: char| matches!(c, '!' | '?' | '$' | '！' | '？' | '¡');
    let pairs = text.chars().zip(text.chars().skip(1)).filter(|(a, b)| loud(*a) && a == b).count();
    f64::from(u8::from(pairs > 0) + u8::from(pairs > 2))
}

/// 1 for a text in capitals, 0 for an ordinary one.
fn shouting(text: &str) -> f64 {
    let long = |word: &&str| word.chars().filter(|c| c.is_alphabetic()).count() >= 4;
    let words: Vec<&str> = text.split_whitespace().filter(long).collect();
    let loud = words
        .iter()
        .filter(|word| !word.chars().any(char::is_lowercase))
        .filter(|word| word.chars().any(char::is_uppercase));
    (float(loud.count()) / float(words.len().max(1)) * 2.0).min(1.0)
}

/// How many words a text shares with a function, the function's parameters included.
fn relevance(about: &BTreeSet<String>, view: &View) -> f64 {
    let text = &view.signs.words;
    let telling = |word: &&String| word.chars().count() > 2 && !STOP.contains(&word.as_str());
    let shared = about.iter().filter(telling).filter(|word| {
        text.iter().any(|other| other == *word || (word.len() > 4 && other.starts_with(*word)))
    });
    let shared = float(shared.count().min(3));
    let short = if view.text.chars().count() < 12 { 0.6 } else { 0.0 };
    shared * 0.5 - short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spam_in_many_tongues_is_suspicious_and_plain_talk_is_not() {
        for text in [
            "URGENT!!! You WON a prize, claim your cash now: http://bit.ly/x1",
            "Herzlichen Glückwunsch, kostenlos Geld verdienen! Sofort klicken: https://x.top/a",
            "恭喜！点击 http://a.xyz 免费领取奖金",
            "Срочно! Бесплатно заработок, нажмите https://t.me/abc",
        ] {
            assert!(Signs::of(text).suspicion > 0.8, "{text}: {:?}", Signs::of(text));
        }
        for text in [
            "Could we move the design review to Thursday afternoon?",
            "Danke für das Protokoll, ich lese es heute Abend.",
            "明日の会議は三時からです。",
        ] {
            assert!(Signs::of(text).suspicion < -0.5, "{text}: {:?}", Signs::of(text));
        }
    }

    #[test]
    fn words_are_split_at_humps_and_lines() {
        let words = tokens("flagSpam report_abuse URL");
        for word in ["flag", "spam", "report", "abuse", "url"] {
            assert!(words.contains(word), "{words:?}");
        }
    }
}
