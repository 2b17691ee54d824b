//! Findings one under another: what stands, what stands in the way, and what to do about it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use eval_report::{display_width, sanitize};
use serde_json::{Value, json};

use crate::exit::{Exit, Failure, Outcome};
use crate::layout::{hanging, wrap};
use crate::ui::Ui;

/// How a thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As it should be.
    Good,
    /// Worth knowing; nothing fails of it.
    Note,
    /// It stands in the way.
    Bad,
    /// Nobody looked.
    Skipped,
}

impl Mark {
    fn sign(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Note => "!",
            Self::Bad => "✗",
            Self::Skipped => "–",
        }
    }

    /// The word for programs.
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Note => "note",
            Self::Bad => "bad",
            Self::Skipped => "skipped",
        }
    }

    /// Colours that can be read on light and on dark.
    fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Note => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default().bold(),
            Self::Skipped => Style::new().dimmed(),
        }
    }
}

/// What was found out about one thing.
#[derive(Debug)]
pub(crate) struct Finding {
    subject: &'static str,
    mark: Mark,
    text: String,
    /// Further lines, as they are: a place in a file with its caret.
    more: Vec<String>,
    next: Option<String>,
    exit: Option<Exit>,
    facts: Value,
}

impl Finding {
    fn new(subject: &'static str, mark: Mark, text: impl Into<String>) -> Self {
        let (text, more) = (text.into(), Vec::new());
        Self { subject, mark, text, more, next: None, exit: None, facts: Value::Null }
    }

    pub(crate) fn good(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Good, text)
    }

    pub(crate) fn note(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Note, text)
    }

    pub(crate) fn skipped(subject: &'static str, text: impl Into<String>) -> Self {
        Self::new(subject, Mark::Skipped, text)
    }

    /// What would end a run with this exit code.
    pub(crate) fn bad(subject: &'static str, exit: Exit, text: impl Into<String>) -> Self {
        Self { exit: Some(exit), ..Self::new(subject, Mark::Bad, text) }
    }

    /// What a run would fail of.
    pub(crate) fn of(subject: &'static str, failure: &Failure) -> Self {
        let mut lines = failure.what.lines().map(str::to_owned);
        let text = lines.next().unwrap_or_default();
        let causes = failure.causes.iter().map(|cause| format!("caused by: {cause}"));
        let more = lines.chain(causes).collect();
        let next = failure.next.clone();
        Self { more, next, ..Self::bad(subject, failure.exit, text) }
    }

    /// What to do about it.
    pub(crate) fn next(self, next: impl Into<String>) -> Self {
        Self { next: Some(next.into()), ..self }
    }

    /// What programs want to know besides.
    pub(crate) fn facts(self, facts: Value) -> Self {
        Self { facts, ..self }
    }

    fn json(&self) -> Value {
        json!({
            "subject": self.subject, "mark": self.mark.word(), "text": self.text,
            "more": self.more, "next": self.next,
            "exit": self.exit.map(|exit| exit as u8), "facts": self.facts,
        })
    }

    fn lines(&self, indent: usize, width: usize) -> String {
        let (style, sign) = (self.mark.style(), self.mark.sign());
        let body = hanging(self.subject, indent, &sanitize(&self.text), width.saturating_sub(2));
        // Writing to a string cannot fail.
        let mut text = String::new();
        for (at, line) in body.iter().enumerate() {
            let _ = match at {
                0 => writeln!(text, "{style}{sign}{style:#} {line}"),
                _ => writeln!(text, "  {line}"),
            };
        }
        let space = " ".repeat(indent + 2);
        for line in &self.more {
            let _ = writeln!(text, "{space}{}", sanitize(line));
        }
        if let Some(next) = &self.next {
            for line in hanging("→", 2, &sanitize(next), width.saturating_sub(indent + 2)) {
                let _ = writeln!(text, "{space}{line}");
            }
        }
        text
    }
}

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub(crate) struct Checklist {
    findings: Vec<Finding>,
}

impl Checklist {
    pub(crate) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    pub(crate) fn add_some(&mut self, finding: Option<Finding>) {
        self.findings.extend(finding);
    }

    fn count(&self, mark: Mark) -> usize {
        self.findings.iter().filter(|finding| finding.mark == mark).count()
    }

    /// The exit code of the first thing that stands in the way.
    fn exit(&self) -> Exit {
        self.findings.iter().find_map(|finding| finding.exit).unwrap_or(Exit::Done)
    }

    /// The findings as text; in quiet mode only what stands in the way.
    fn text(&self, quiet: bool, width: usize) -> String {
        let shown = |finding: &&Finding| !quiet || finding.mark == Mark::Bad;
        let subjects = self.findings.iter().filter(shown);
        let indent = subjects.map(|finding| display_width(finding.subject)).max().unwrap_or(0) + 2;
        self.findings.iter().filter(shown).map(|finding| finding.lines(indent, width)).collect()
    }

    /// Says what was found, and ends with the exit code of what stands in the way.
    pub(crate) fn say(&self, ui: Ui, kind: &str, closing: &str) -> Outcome<()> {
        let (exit, bad, notes) = (self.exit(), self.count(Mark::Bad), self.count(Mark::Note));
        if ui.json {
            let findings: Vec<Value> = self.findings.iter().map(Finding::json).collect();
            Ui::object(&json!({
                "type": kind, "ok": bad == 0, "bad": bad, "notes": notes, "exit": exit as u8,
                "findings": findings,
            }))?;
        } else {
            let mut text = self.text(ui.quiet, Ui::width());
            if !ui.quiet {
                let closing = format!("{}{closing}", standing(bad, notes));
                // An example stays on its line.
                let is_example = |line: &str| line.starts_with(' ');
                let lines = closing.lines().flat_map(|line| {
                    if is_example(line) { vec![line.to_owned()] } else { wrap(line, Ui::width()) }
                });
                let _ = write!(text, "\n{}", lines.collect::<Vec<_>>().join("\n"));
            }
            if !text.is_empty() {
                Ui::result(&text)?;
            }
        }
        match exit {
            Exit::Done => Ok(()),
            exit => Err(Failure::new(exit, "something stands in the way").already_said()),
        }
    }
}

fn standing(bad: usize, notes: usize) -> String {
    let notes = match notes {
        0 => String::new(),
        1 => ", 1 note".to_owned(),
        n => format!(", {n} notes"),
    };
    match bad {
        0 => format!("Nothing stands in the way{notes}."),
        1 => format!("1 thing stands in the way{notes}."),
        n => format!("{n} things stand in the way{notes}."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list() -> Checklist {
        let mut list = Checklist::default();
        list.add(Finding::good("dataset", "logs.jsonl: 3 rows"));
        list.add(Finding::bad("key", Exit::Key, "no API key").next("export GEMINI_API_KEY"));
        list.add(Finding::note("models", "\u{1b}[31mgemini-x is not known"));
        list
    }

    #[test]
    fn findings_stand_under_each_other_and_cannot_steer_a_terminal() {
        let text = anstream::adapter::strip_str(&list().text(false, 40)).to_string();
        insta::assert_snapshot!(text, @r"
        ✓ dataset  logs.jsonl: 3 rows
        ✗ key      no API key
                   → export GEMINI_API_KEY
        ! models   \u{1b}[31mgemini-x is not
                   known
        ");
        assert!(!anstream::adapter::strip_str(&list().text(true, 40)).to_string().contains('!'));
    }

    #[test]
    fn the_first_that_stands_in_the_way_gives_the_exit_code() {
        let mut list = list();
        list.add(Finding::bad("prices", Exit::Quota, "no price"));
        assert_eq!((list.exit(), Checklist::default().exit()), (Exit::Key, Exit::Done));
        assert_eq!(standing(0, 0), "Nothing stands in the way.");
        assert_eq!(standing(2, 1), "2 things stand in the way, 1 note.");
    }
}
