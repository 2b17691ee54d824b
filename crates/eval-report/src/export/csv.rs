//! Rows as CSV that a spreadsheet opens without running any of it.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use scoring::Verdict;

use super::RowNames;
use super::said::{Said, origin};
use crate::sanitize::is_unsafe;
use crate::{RunRow, Spoken};

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
/// spreadsheets, so an apostrophe is put before it, also where white space, controls or what cannot be seen come first;
/// and before a text that begins with an apostrophe, so that whoever takes one away from the front of every text has
/// them as they were. A NUL is written as `␀`.
///
/// ```
/// use eval_report::{RowNames, RowsCsv};
/// let (mut file, scorers, fields) = (Vec::new(), ["json".to_owned()], ["/country".to_owned()]);
/// RowsCsv::begin(&mut file, RowNames { scorers: &scorers, fields: &fields, ..RowNames::default() })?.finish()?;
/// assert!(file.starts_with(b"row,key,dataset_key,") && file.ends_with(b"verdict json,slice /country\r\n"));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RowsCsv<W> {
    out: W,
    columns: Vec<String>,
    scorers: usize,
    judges: Vec<String>,
}

impl<W: Write> RowsCsv<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// What writing gives.
    pub fn begin(mut out: W, names: RowNames<'_>) -> io::Result<Self> {
        let mut line = String::new();
        let RowNames { columns, scorers, judges, fields } = names;
        let headed = [("verdict", scorers), ("said", judges), ("slice", fields)];
        let headed = headed
            .iter()
            .flat_map(|(what, names)| names.iter().map(move |name| format!("{what} {name}")));
        for name in FIXED.into_iter().map(str::to_owned).chain(headed) {
            text(&mut line, &name);
        }
        end(&mut out, &mut line)?;
        let (columns, judges) = (columns.to_vec(), judges.to_vec());
        Ok(Self { out, columns, scorers: scorers.len(), judges })
    }

    /// Writes the lines of a row; `values` are its values of the fields.
    ///
    /// # Errors
    /// What writing gives.
    pub fn row(&mut self, row: &RunRow, values: &[Option<String>]) -> io::Result<()> {
        let (key, dataset_line) = origin(row);
        let mut line = String::new();
        for (title, answer) in self.columns.iter().zip(&row.answers) {
            let said = Said::of(row.number, answer);
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
            for judge in &self.judges {
                text(&mut line, &reasons(&answer.judges, judge));
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

/// What a judge said of an answer; of a pairwise one in both orders, a line each.
fn reasons(judges: &[Spoken], judge: &str) -> String {
    let said = judges.iter().filter(|spoken| spoken.scorer == judge);
    let said = said.map(|spoken| {
        let second = if spoken.second { "this answer second: " } else { "" };
        format!("{second}{}", spoken.text())
    });
    said.collect::<Vec<_>>().join("\n")
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
    const STARTS: [char; 9] = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '\''];
    const BREAKS: [char; 3] = ['\t', '\r', '\n'];
    let text =
        if text.contains('\0') { text.replace('\0', "␀").into() } else { Cow::Borrowed(text) };
    // Some readers drop what cannot be seen in front.
    let seen = text.trim_start_matches(is_passed_over);
    let passed_over = &text[..text.len() - seen.len()];
    if passed_over.contains(BREAKS) || seen.starts_with(STARTS) {
        format!("'{text}").into()
    } else {
        text
    }
}

/// Whether a reader may look past the character: white space, controls, and what cannot be seen.
fn is_passed_over(c: char) -> bool {
    c.is_whitespace() || is_unsafe(c)
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
            "\u{3000}=1",
            "\u{2007}+1",
            "\u{2028}-1",
            "\u{200b}@x",
            "\u{b}=1",
            "\u{85}=1",
            "\u{ad}\u{202e}\u{1b} ＝1",
            " \t=1",
            " \tx",
        ] {
            let mut line = String::new();
            text(&mut line, hostile);
            let field = line.strip_suffix(',').unwrap();
            let bare = match field.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
                Some(quoted) => quoted.replace("\"\"", "\""),
                None => field.to_owned(),
            };
            let is_seen = |c: char| c.is_ascii_graphic() || "＝＋－＠␀".contains(c);
            assert!(bare.starts_with('\'') || !hostile.trim_start_matches(' ').starts_with('\t'));
            let bare_seen = bare.trim_start_matches(|c| !is_seen(c));
            assert!(
                !bare_seen.starts_with(['=', '+', '-', '@', '＝', '\t', '\r', '\n']),
                "{bare:?}"
            );
            let back = bare.strip_prefix('\'').unwrap_or(&bare).replace('␀', "\0");
            assert_eq!(back, hostile);
        }
    }
}
