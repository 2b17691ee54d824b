//! How a scorer is written: the example of its own page, for whoever wrote it otherwise.

use scoring::Registry;

/// What judges need besides their kind.
const JUDGES: [(&str, &str); 3] = [
    ("rubric", r#"judge:rubric(model="MODEL", rubric="…")"#),
    ("pairwise", r#"judge:pairwise(model="MODEL")"#),
    ("factuality", r#"judge:factuality(model="MODEL", reference="expected")"#),
];

/// An example of the last scorer that a text names.
pub(crate) fn of(registry: &Registry, text: &str) -> Option<String> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let words = || text.split(|c| !is_part(c)).rev();
    if text.contains("judge:") {
        return words().find_map(|word| {
            let judge = JUDGES.iter().find(|(kind, _)| *kind == word);
            judge.map(|(_, example)| format!("it is written like this: {example}"))
        });
    }
    // A scorer stands first, or within others; what its own parameters are called may be a scorer's name too.
    let first = text.split(['(', ':', '=', ',']).next().unwrap_or_default().trim();
    let known = |word: &str| {
        let mut entries = registry.catalog();
        entries.find(|entry| entry.name == word && !entry.example.is_empty())
    };
    let entry = known(first).or_else(|| words().find_map(known))?;
    Some(format!("it is written like this: {}", entry.example))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scorer_that_a_text_names_is_shown_as_its_page_has_it() {
        let of = |text: &str| of(&Registry::builtin(), text);
        let begins = |text: &str, with: &str| {
            let said = of(text).unwrap();
            assert!(said.contains(&format!(": {with}")), "{text}: {said}");
        };
        begins("label", "label(");
        begins("words(max=9", "words");
        begins("words:max=abc", "words");
        begins("not(label)", "label(");
        begins("judge:rubric", "judge:rubric(model=");
        begins("all(judge:pairwise)", "judge:pairwise(model=");
        assert_eq!(of("nothing"), None);
        for (_, example) in JUDGES {
            assert!(example.starts_with("judge:"));
        }
    }
}
