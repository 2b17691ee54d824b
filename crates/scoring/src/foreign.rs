//! Where a text that others give its meaning ends within the brackets of a combinator.

/// The byte of the first `,` or `)` of `text` that stands in no brackets and no quotes of its own, or its end.
pub(crate) fn end(text: &str) -> usize {
    let mut open = Vec::new();
    let mut quote = None;
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match (quote, c) {
            // In single quotes a shell takes everything as it stands.
            (Some('"') | None, '\\') => drop(chars.next()),
            (Some(mark), _) if mark == c => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, '(') => open.push(')'),
            (None, '[') => open.push(']'),
            (None, '{') => open.push('}'),
            (None, ',' | ')') if open.is_empty() => return at,
            (None, _) if open.last() == Some(&c) => drop(open.pop()),
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_and_quotes_are_passed_over() {
        let before = |text: &'static str| &text[..end(text)];
        assert_eq!(before("rules.py:f, next)"), "rules.py:f");
        assert_eq!(
            before(".a | [.b, .c] | test(\"x, (\"; \"i\")) rest"),
            ".a | [.b, .c] | test(\"x, (\"; \"i\")"
        );
        assert_eq!(before("sh -c 'a, \\' \"b\\\", )\")"), "sh -c 'a, \\' \"b\\\", )\"");
        assert_eq!(before("{a: (1, 2)}"), "{a: (1, 2)}");
        assert_eq!(before("it's never closed, )"), "it's never closed, )");
    }
}
