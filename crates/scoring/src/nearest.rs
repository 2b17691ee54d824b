//! The name somebody probably meant.

/// The closest of `names`, if it is close enough to be a slip of the fingers; of equally close ones the one that begins
/// with `word`.
///
/// ```
/// assert_eq!(scoring::nearest("function-cal", ["all", "function-call"]), Some("function-call"));
/// assert_eq!(scoring::nearest("zzzzzz", ["all", "function-call"]), None);
/// ```
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (distance(word, name), !name.starts_with(word), name))
        .min()
        .filter(|(distance, _, name)| *distance <= 1 + name.chars().count() / 3)
        .map(|(.., name)| name)
}

/// The Levenshtein distance in characters; words longer than any name are as far as can be.
fn distance(one: &str, other: &str) -> usize {
    if one.len() > 200 {
        return usize::MAX;
    }
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, b) in row.iter_mut().skip(1).zip(&other) {
            let substituted = diagonal + usize::from(a != *b);
            diagonal = *cell;
            left = substituted.min(left + 1).min(diagonal + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_levenshtein() {
        for (one, other, want) in [
            ("", "", 0),
            ("abc", "abc", 0),
            ("kitten", "sitting", 3),
            ("", "abc", 3),
            ("abc", "", 3),
            ("flaw", "lawn", 2),
        ] {
            assert_eq!(distance(one, other), want, "{one} {other}");
        }
    }

    #[test]
    fn far_names_are_no_suggestion() {
        assert_eq!(nearest("function-cal", ["all", "function-call"]), Some("function-call"));
        assert_eq!(nearest("zzzzzz", ["all", "function-call"]), None);
        assert_eq!(nearest("expect", ["value", "exact", "expected"]), Some("expected"));
    }
}
