//! What a request asks and what an answer says, in short.

use scoring::View;

use crate::{RowAnswer, RunRow};

/// So much of a request stands in the list.
pub(super) const SNIPPET: usize = 140;

/// What an answer comes to, for telling whether two say the same.
#[derive(Debug)]
pub(super) struct Brief {
    /// Its calls with their arguments and its text, as written; `None` without any answer.
    said: Option<String>,
    /// The tokens of the answer, as stated.
    pub(super) tokens: Option<u64>,
}

impl Brief {
    pub(super) fn of(number: u64, answer: &RowAnswer) -> Self {
        let Some(row) = answer.row(number) else { return Self { said: None, tokens: None } };
        let said = row.outcome.is_scored().then(|| said(row.parts()));
        Self { said, tokens: row.usage.candidates }
    }

    /// Whether it says other than another answer; `None` where one of them says nothing at all.
    pub(super) fn differs(&self, other: &Self) -> Option<bool> {
        Some(self.said.as_ref()? != other.said.as_ref()?)
    }
}

fn said(parts: Option<View<'_>>) -> String {
    let mut said = String::new();
    for part in parts.into_iter().flat_map(View::elements) {
        let [call, text, thought] = part.pick(["functionCall", "text", "thought"]);
        if let Some(call) = call {
            let [name, args] = call.pick(["name", "args"]);
            let name = name.and_then(View::as_str).unwrap_or_default();
            said.push('\u{1}');
            said.push_str(&name);
            said.push_str(&args.map_or(String::new(), canonical));
        } else if thought.and_then(View::as_bool) != Some(true) {
            said.push_str(text.and_then(View::as_str).unwrap_or_default().trim());
        }
    }
    said
}

/// The same text for objects that differ in the order of their members and in white space only.
fn canonical(value: View<'_>) -> String {
    serde_json::from_str::<serde_json::Value>(value.text())
        .and_then(|value| serde_json::to_string(&value))
        .unwrap_or_else(|_| value.text().to_owned())
}

/// The beginning of the last text that the user wrote.
pub(super) fn snippet(row: &RunRow) -> String {
    let request = row.requests.iter().flatten().next();
    let contents = request.and_then(|request| request.view().get("contents"));
    let turns: Vec<View<'_>> = contents.into_iter().flat_map(View::elements).collect();
    let is_user = |turn: &&View<'_>| {
        let role = turn.get("role").and_then(View::as_str);
        role.is_none_or(|role| role == "user")
    };
    let texts = turns.iter().rev().filter(is_user).flat_map(|turn| {
        turn.get("parts").into_iter().flat_map(View::elements).filter_map(|part| part.get("text"))
    });
    let text = texts.filter_map(View::as_str).find(|text| !text.trim().is_empty());
    let text = text.unwrap_or_default();
    shortened(&text)
}

/// The first characters of a text, with one blank for any white space between words.
fn shortened(text: &str) -> String {
    let mut short = String::with_capacity(SNIPPET);
    let mut left = SNIPPET;
    let mut after_word = false;
    for letter in text.trim().chars() {
        if left == 0 {
            break;
        }
        if !letter.is_whitespace() {
            short.push(letter);
        } else if after_word {
            short.push(' ');
        } else {
            continue;
        }
        after_word = !letter.is_whitespace();
        left -= 1;
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_shortened_to_its_first_characters_with_single_blanks() {
        for (text, want) in [
            ("", String::new()),
            (" \t\n", String::new()),
            ("\u{a0} one \r\n two\u{2003}three  ", "one two three".into()),
            (&"é".repeat(200), "é".repeat(SNIPPET)),
            (&"ab ".repeat(60), "ab ".repeat(60)[..SNIPPET].into()),
        ] {
            assert_eq!(shortened(text), want);
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert_eq!(shortened(text), words.chars().take(SNIPPET).collect::<String>());
        }
    }
}
