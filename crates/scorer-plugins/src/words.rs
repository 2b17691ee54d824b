//! A command as one text to its words, as a shell would split it, but without a shell.

use scoring::SpecError;

/// Splits at spaces; `'…'` and `"…"` hold words together, `\` takes the next character as it is.
///
/// Nothing is expanded: no variables, no patterns, no pipes. `text` is the whole scorer and `from` where its command
/// begins, so that errors point into it.
pub(crate) fn split(text: &str, from: usize) -> Result<Vec<String>, SpecError> {
    let command = text.get(from..).unwrap_or_default();
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<(char, usize)> = None;
    let mut chars = command.char_indices();
    while let Some((at, c)) = chars.next() {
        match (c, quote) {
            (_, Some((open, _))) if c == open => quote = None,
            ('\\', None | Some(('"', _))) => match chars.next() {
                Some((_, next)) => word.get_or_insert_default().push(next),
                None => {
                    return Err(SpecError::new(
                        text,
                        from + at..text.len(),
                        "nothing follows `\\`",
                    ));
                }
            },
            (_, Some(_)) => word.get_or_insert_default().push(c),
            ('\'' | '"', None) => {
                quote = Some((c, from + at));
                word.get_or_insert_default();
            }
            _ if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    if let Some((_, at)) = quote {
        return Err(SpecError::new(text, at..at + 1, "this quote is never closed"));
    }
    words.extend(word);
    if words.first().is_none_or(String::is_empty) {
        return Err(SpecError::new(text, from..text.len(), "expected a command"));
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_a_shell() {
        let split = |text| split(text, 0).unwrap();
        assert_eq!(split(" python3  my.py --x "), ["python3", "my.py", "--x"]);
        assert_eq!(
            split(r#"sh -c 'a "b" $HOME' "c \"d\" \\" e\ f "" g'h'i"#),
            ["sh", "-c", "a \"b\" $HOME", "c \"d\" \\", "e f", "", "ghi"]
        );
    }

    #[test]
    fn errors_point_into_the_text() {
        let caret = |text| split(text, 5).unwrap_err().caret();
        assert_eq!(caret("exec:a 'b"), "exec:a 'b\n       ^");
        assert_eq!(caret("exec:"), "exec:\n     ^");
        assert_eq!(caret("exec:a \\"), "exec:a \\\n       ^");
        assert!(split("''", 0).is_err());
    }
}
