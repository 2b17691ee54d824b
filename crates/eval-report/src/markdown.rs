//! The report as Markdown for a pull request: short, and nothing in it can be markup that a model wrote.

use std::fmt::Write as _;

use crate::layout::{Cell, Table};
use crate::numbers::rows;
use crate::{Column, JudgeResult, Report, Role, RunLabel, sanitize, sentences, tables};

/// The name of the dataset that a run has when none is named.
const BUNDLED: &str = "bundled sample";
/// Comparisons and slices beyond these are in the full report.
const MOST_LINES: usize = 20;

/// The report as GitHub-flavoured Markdown: what was found, the figures, the gates, how to do it again.
///
/// No text from outside becomes a link, a mention, an image, HTML or a cell of a table.
///
/// ```
/// let report = eval_report::Report::new(["function-call"]);
/// assert!(eval_report::to_markdown(&report).starts_with("### batch-eval\n"));
/// ```
pub fn to_markdown(report: &Report) -> String {
    let report = &*report.as_written();
    let mut page = String::new();
    line(&mut page, &format!("### {}", escaped(&title(report))));
    paragraph(&mut page, &verdict(report));
    if report.is_emulated() {
        paragraph(&mut page, &format!("**{}**", sentences::EMULATED));
    }
    list(&mut page, sentences::warnings(report).into_iter().map(|text| format!("warning: {text}")));
    for (at, scorer) in report.scorers.iter().enumerate() {
        if report.scorers.len() > 1 {
            let held = sentences::held_against(report, scorer);
            let held = held.map_or_else(String::new, |held| format!(", {}", escaped(&held)));
            paragraph(&mut page, &format!("**{}**{held}", escaped(scorer)));
        }
        table(&mut page, &tables::scores(report, at));
        if let Some((labels, left_out)) = tables::labels(report, at) {
            table(&mut page, &labels);
            if left_out > 0 {
                paragraph(&mut page, &format!("and {left_out} more labels, in report.json"));
            }
        }
        classes(&mut page, report, at);
    }
    if !report.models.is_empty() {
        table(&mut page, &tables::service(report));
    }
    slices(&mut page, report);
    list(&mut page, findings(report));
    paragraph(&mut page, &reproduce(report));
    page
}

fn title(report: &Report) -> String {
    let title = match &report.dataset {
        Some(dataset) => format!("batch-eval: {}, {}", dataset.name, rows(dataset.rows)),
        None => "batch-eval".to_owned(),
    };
    // With several scorers each is headed by what it holds answers against.
    let held = match report.scorers.as_slice() {
        [only] => sentences::held_against(report, only),
        _ => None,
    };
    held.map_or_else(|| title.clone(), |held| format!("{title}, {held}"))
}

/// The one sentence to read: what the gates decide, or else what the first comparison says.
fn verdict(report: &Report) -> String {
    if report.gates.is_empty() {
        let first = report.comparisons.first();
        let first = first.map(|found| sentences::by(report, &found.scorer, &found.sentence));
        return first.map_or_else(String::new, |sentence| escaped(&sentence));
    }
    let gates = report.gates.iter().map(|gate| {
        let word = gate.outcome.word();
        format!("* **{word}**: {}", escaped(&gate.sentence))
    });
    gates.collect::<Vec<_>>().join("\n")
}

/// What else is to be said.
fn findings(report: &Report) -> Vec<String> {
    let mut said = sentences::no_results(report);
    said.extend(
        report.omnibus.iter().map(|found| sentences::by(report, &found.scorer, &found.sentence)),
    );
    // Without gates the first comparison stands at the top already.
    let first = usize::from(report.gates.is_empty());
    let rest = report.comparisons.get(first..).unwrap_or_default();
    said.extend(sentences::compared(report, rest).into_iter().take(MOST_LINES));
    let agreed = report.agreements.iter().take(MOST_LINES);
    said.extend(agreed.map(|found| sentences::by(report, &found.scorer, &found.sentence)));
    said.extend(report.models.iter().flat_map(|column| sentences::doubts(report, column)));
    said.extend(report.judges.iter().flat_map(JudgeResult::sentences));
    said.extend(report.models.iter().filter_map(sentences::cost));
    said.extend(sentences::method(report));
    said.extend(sentences::lacks(report));
    said
}

/// The classes of every column that a scorer gave labels, where the right ones are known.
fn classes(page: &mut String, report: &Report, scorer: usize) {
    for column in &report.models {
        let result = column.scores.get(scorer);
        let Some(confusion) = result.and_then(|result| result.confusion.as_ref()) else { continue };
        let mut of_classes = tables::classes(confusion);
        let left_out = of_classes.rows.len().saturating_sub(MOST_LINES);
        of_classes.rows.truncate(MOST_LINES);
        details(page, &format!("Classes of {}", column.title()));
        table(page, &of_classes);
        if left_out > 0 {
            paragraph(page, "and more classes, in report.json");
        }
        if let Some(matrix) = tables::matrix(confusion) {
            table(page, &matrix);
        }
        paragraph(page, "</details>");
    }
}

/// Opens what is folded away under a summary.
fn details(page: &mut String, summary: &str) {
    // Within a block of HTML, Markdown's escapes are none.
    let _ = write!(page, "<details><summary>{}</summary>\n\n", in_html(summary));
}

fn slices(page: &mut String, report: &Report) {
    let mut seen = Vec::new();
    for slice in &report.slices {
        let pair = (slice.field.as_str(), slice.scorer.as_str());
        if seen.contains(&pair) {
            continue;
        }
        seen.push(pair);
        let (mut of_field, mut left_out) = tables::slices(report, pair.0, pair.1);
        left_out += of_field.rows.len().saturating_sub(MOST_LINES);
        of_field.rows.truncate(MOST_LINES);
        details(page, &sentences::slices(report, pair.0, pair.1));
        table(page, &of_field);
        if left_out > 0 {
            paragraph(page, "and more values, in report.json");
        }
        paragraph(page, "</details>");
    }
}

/// The commands that make this report.
fn reproduce(report: &Report) -> String {
    let mut words = vec!["batch-eval run".to_owned()];
    let dataset = report.dataset.as_ref().filter(|dataset| dataset.name != BUNDLED);
    words.extend(dataset.map(|dataset| quoted(&dataset.name)));
    let mut models: Vec<&str> = Vec::new();
    for column in report.models.iter().filter(|column| column.role == Role::Model) {
        if !models.contains(&column.label.as_str()) {
            models.push(&column.label);
        }
    }
    words.extend(models.iter().map(|model| format!("-m {}", quoted(model))));
    if report.is_emulated() {
        words.push("--emulator".to_owned());
    }
    words.extend(report.scorers.iter().map(|scorer| format!("--scorer {}", quoted(scorer))));
    let held = report.expected.as_ref().map(|from| format!("--expected {}", quoted(from)));
    words.extend(held.clone());
    words.extend(report.baseline.as_ref().and_then(|title| {
        let column = report.models.iter().find(|column| column.title() == *title)?;
        (column.role == Role::Model).then(|| format!("--baseline {}", quoted(title)))
    }));
    let mut fields: Vec<&str> = report.slices.iter().map(|slice| slice.field.as_str()).collect();
    fields.dedup();
    words.extend(fields.iter().map(|field| format!("--slice {}", quoted(field))));
    words.extend(report.cluster.iter().map(|field| format!("--cluster {}", quoted(field))));
    words.extend(report.gates.iter().map(|gate| format!("--gate {}", quoted(&gate.text))));
    let held = held.map_or_else(String::new, |held| format!(" {held}"));
    let again = |run: &RunLabel| format!("\nbatch-eval report {}{held}", quoted(&run.name));
    let again = report.run.as_ref().map(again);
    let has_variants = report.models.iter().any(|column: &Column| column.variant.is_some());
    let note = if has_variants { "  # with the variants of batch-eval.toml" } else { "" };
    let commands = format!("{}{note}{}", words.join(" "), again.unwrap_or_default());
    let fence = "`".repeat(longest_run(&commands, '`').max(2) + 1);
    format!("To do it again, or to look closer:\n\n{fence}sh\n{commands}\n{fence}")
}

/// The length of the longest run of a character.
fn longest_run(text: &str, character: char) -> usize {
    text.split(|c| c != character).map(|run| run.chars().count()).max().unwrap_or(0)
}

/// A word for a shell.
fn quoted(text: &str) -> String {
    let safe = sanitize(text);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,=".contains(c);
    if !safe.is_empty() && safe.chars().all(is_plain) {
        return safe.into_owned();
    }
    format!("'{}'", safe.replace('\'', r"'\''"))
}

/// A table; its cells are sanitized already.
fn table(page: &mut String, table: &Table) {
    let title = |[upper, lower]: &[String; 2]| escaped(format!("{upper} {lower}").trim());
    let titles: Vec<String> = table.headings.iter().map(title).collect();
    line(page, &format!("| {} | {} |", escaped(&table.corner), titles.join(" | ")));
    line(page, &format!("|---|{}", "--:|".repeat(titles.len())));
    for (name, cells) in &table.rows {
        let cells: Vec<String> = cells.iter().map(|Cell { text, .. }| escaped(text)).collect();
        line(page, &format!("| {} | {} |", escaped(name), cells.join(" | ")));
    }
    page.push('\n');
}

fn list(page: &mut String, sentences: impl IntoIterator<Item = String>) {
    let mut any = false;
    for sentence in sentences {
        line(page, &format!("* {}", escaped(&sentence)));
        any = true;
    }
    if any {
        page.push('\n');
    }
}

fn paragraph(page: &mut String, text: &str) {
    if !text.is_empty() {
        line(page, text);
        page.push('\n');
    }
}

fn line(page: &mut String, text: &str) {
    page.push_str(text);
    page.push('\n');
}

/// Text that renders as itself and as nothing else.
fn escaped(text: &str) -> String {
    made_safe(text, |c| r"\`*_[]<>|~$&!{}".contains(c).then(|| format!("\\{c}")))
}

/// The same within a block of HTML.
fn in_html(text: &str) -> String {
    made_safe(text, |c| r#"&<>"'"#.contains(c).then(|| format!("&#{};", u32::from(c))))
}

/// Text without what links by itself, and with what would be markup as `escape` writes it.
fn made_safe(text: &str, escape: impl Fn(char) -> Option<String>) -> String {
    let text = sanitize(text);
    let mut safe = String::with_capacity(text.len() + 8);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if let Some(escape) = escape(c) {
            safe.push_str(&escape);
            continue;
        }
        match c {
            // What links by itself is looked for in the rendered text, where a backslash is gone already.
            '@' | '#' => {
                safe.push(c);
                safe.push_str("&#8203;");
            }
            ':' if rest.peek() == Some(&'/') => safe.push_str(":&#8203;"),
            '.' if safe.to_ascii_lowercase().ends_with("www") => safe.push_str(".&#8203;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        for (text, want) in [
            ("a|b", r"a\|b"),
            ("`x` **y** _z_", r"\`x\` \*\*y\*\* \_z\_"),
            ("[x](http://evil)", r"\[x\](http:&#8203;//evil)"),
            ("![x](y)", r"\!\[x\](y)"),
            ("<img src=x onerror=1>", r"\<img src=x onerror=1\>"),
            ("@everyone #1 WWW.x.y", "@&#8203;everyone #&#8203;1 WWW.&#8203;x.y"),
            ("&lt;b&gt;", r"\&lt;b\&gt;"),
            ("line\nbreak", r"line\\nbreak"),
        ] {
            assert_eq!(escaped(text), want);
        }
    }

    #[test]
    fn summaries_are_html_and_escaped_as_such() {
        assert_eq!(
            in_html("/a<img src=x>&`b` @x http://y"),
            "/a&#60;img src=x&#62;&#38;`b` @&#8203;x http:&#8203;//y"
        );
    }

    #[test]
    fn words_for_a_shell_are_one_word_each() {
        assert_eq!(quoted("spam.jsonl"), "spam.jsonl");
        assert_eq!(quoted("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(longest_run("a``b```c", '`'), 3);
    }
}
