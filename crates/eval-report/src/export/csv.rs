//! Rows as CSV that a spreadsheet opens without running any of it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use scoring::Verdict;

use super::said::{Said, origin};
use crate::RunRow;

const FIXED: [&str; 15] = [
    "row",
    "key",
    "dataset_key",
    "dataset_line",
    "column",
    "outcome",
    "finish_reason",
    "model_version",
    "prompt_tokens",
    "answer_tokens",
    "thinking_tokens",
    "total_tokens",
    "error",
    "text",
    "function_calls",
];

/// Writes rows as CSV: one line for each row and column, by RFC 4180 with a header line.
///
/// A text that begins with `=`, `+`, `-`, `@`, their full-width forms, a tab or a line end would be run as a formula by
/// spreadsheets, so an apostrophe is put before it, also where spaces or a byte order mark come first; and before a text that begins with an apostrophe, so that whoever
/// takes one away from the front of every text has them as they were. A NUL is written as `␀`.
///
/// ```
/// use eval_report::RowsCsv;
/// let mut file = Vec::new();
/// RowsCsv::begin(&mut file, &["logged".to_owned()], &["json".to_owned()], &["/country".to_owned()])?.finish()?;
/// assert!(file.starts_with(b"row,key,dataset_key,") && file.ends_with(b"verdict json,slice /country\r\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RowsCsv<W> {
    out: W,
    columns: Vec<String>,
    scorers: usize,
}

impl<W: Write> RowsCsv<W> {
    /// Writes the header: the columns of the rows, the scorers and the fields have these names.
    ///
    /// # Errors
    /// What writing gives.
    pub fn begin(
        mut out: W,
        columns: &[String],
        scorers: &[String],
        fields: &[String],
    ) -> io::Result<Self> {
        let mut line = String::new();
        let named = scorers.iter().map(|name| format!("verdict {name}"));
        let named = named.chain(fields.iter().map(|field| format!("slice {field}")));
        for name in FIXED.into_iter().map(str::to_owned).chain(named) {
            text(&mut line, &name);
        }
        end(&mut out, &mut line)?;
        Ok(Self { out, columns: columns.to_vec(), scorers: scorers.len() })
    }

    /// Writes the lines of a row; `values` are its values of the fields.
    ///
    /// # Errors
    /// What writing gives.
    pub fn row(&mut self, row: &RunRow, values: &[Option<String>]) -> io::Result<()> {
        let (key, dataset_line) = origin(row);
        let mut line = String::new();
        for (title, answer) in self.columns.iter().zip(&row.answers) {
            let said = Said::of(row.number, answer, answer.raw());
            number(&mut line, Some(row.number));
            text(&mut line, &row.key);
            text(&mut line, key.as_deref().unwrap_or_default());
            number(&mut line, dataset_line);
            text(&mut line, title);
            text(&mut line, answer.outcome.name());
            text(&mut line, said.finish.as_deref().unwrap_or_default());
            text(&mut line, said.model_version.as_deref().unwrap_or_default());
            let usage = said.usage;
            for tokens in [usage.prompt, usage.candidates, usage.thoughts, usage.total] {
                number(&mut line, tokens);
            }
            text(&mut line, said.error.map_or("", scoring::View::text));
            text(&mut line, &said.text);
            text(&mut line, &if said.calls.is_empty() { String::new() } else { said.calls_json() });
            for scorer in 0..self.scorers {
                match answer.verdicts.get(scorer).and_then(Option::as_ref) {
                    Some(Verdict::Pass(pass)) => {
                        text(&mut line, if *pass { "pass" } else { "fail" });
                    }
                    Some(Verdict::Value(grade)) => _ = write!(line, "{grade},"),
                    Some(Verdict::Label(label)) => text(&mut line, label),
                    _ => line.push(','),
                }
            }
            for value in values {
                text(&mut line, value.as_deref().unwrap_or_default());
            }
            end(&mut self.out, &mut line)?;
        }
        Ok(())
    }

    /// Flushes what was written.
    ///
    /// # Errors
    /// What writing gives.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Ends a line, in place of the comma after its last field.
fn end(out: &mut impl Write, line: &mut String) -> io::Result<()> {
    line.pop();
    line.push_str("\r\n");
    out.write_all(line.as_bytes())?;
    line.clear();
    Ok(())
}

fn number(line: &mut String, number: Option<u64>) {
    if let Some(number) = number {
        line.push_str(&number.to_string());
    }
    line.push(',');
}

/// Adds a text and a comma.
fn text(line: &mut String, text: &str) {
    let text = harmless(text);
    if text.contains(['"', ',', '\r', '\n']) || text.trim() != text {
        line.push('"');
        line.push_str(&text.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(&text);
    }
    line.push(',');
}

/// The text with an apostrophe before what could be a formula.
fn harmless(text: &str) -> Cow<'_, str> {
    const STARTS: [char; 12] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\t', '\r', '\n', '\''];
    let text =
        if text.contains('\0') { text.replace('\0', "␀").into() } else { Cow::Borrowed(text) };
    // Some readers drop what cannot be seen in front.
    let seen = text.trim_start_matches([' ', '\u{a0}', '\u{feff}']);
    if seen.starts_with(STARTS) { format!("'{text}").into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_begins_a_formula_and_each_comes_back() {
        for hostile in [
            "=1+1",
            "+1",
            "-1",
            "@x",
            "\t=1",
            "\r=1",
            "\n=1",
            "＝1",
            "'=1",
            "'",
            "a\0b",
            "\"=1\"",
            "=1\",\"=2",
            " =1",
            "\u{feff} \u{a0}@x",
            " 'x",
        ] {
            let mut line = String::new();
            text(&mut line, hostile);
            let field = line.strip_suffix(',').unwrap();
            let bare = match field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => field.to_owned(),
            };
            let bare_seen = bare.trim_start_matches([' ', '\u{a0}', '\u{feff}']);
            assert!(
                !bare_seen.starts_with(['=', '+', '-', '@', '＝', '\t', '\r', '\n']),
                "{bare:?}"
            );
            let back = bare.strip_prefix('\'').unwrap_or(&bare).replace('␀', "\0");
            assert_eq!(back, hostile);
        }
    }
}
