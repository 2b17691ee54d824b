//! The report as text for a terminal: warnings, one table a scorer, plain sentences.

use anstyle::{AnsiColor, Style};

use crate::column::ScorerResult;
use crate::layout::{FIGURES, Line, Table, wrap};
use crate::numbers::{Estimate, grouped, percent};
use crate::{Report, sanitize, sentences};

/// Whether text is styled with ANSI sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Not a single escape sequence.
    Plain,
    /// Headings in bold, warnings in red: legible on dark and on light.
    Styled,
}

/// How a terminal is to be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    /// Its width in columns. Every line fits it, from about 30 columns on.
    pub width: usize,
    /// Whether to style.
    pub paint: Paint,
}

impl Terminal {
    /// The report as lines of text, each ended by a line feed.
    ///
    /// No text from outside reaches the terminal as anything but visible characters. Errors are rows with an error, a
    /// conflict or an unparsable result, so that submitted = scored + unscorable + errors + missing.
    ///
    /// ```
    /// use eval_report::{Paint, Report, Terminal};
    /// let mut report = Report::new(["function-call"]);
    /// report.elapsed_ms = Some(1234);
    /// let text = Terminal { width: 80, paint: Paint::Plain }.render(&report);
    /// assert!(text.ends_with("It took 1.2 s.\n"));
    /// ```
    pub fn render(&self, report: &Report) -> String {
        let mut page = Page { terminal: *self, text: String::new() };
        for warning in sentences::warnings(report) {
            page.warning(warning);
        }
        for (at, scorer) in report.scorers.iter().enumerate() {
            page.gap();
            page.sentence(&sentences::title(report, scorer));
            page.gap();
            page.table(&table(report, at));
        }
        page.gap();
        for sentence in sentences::below(report) {
            page.sentence(&sentence);
        }
        page.text
    }
}

struct Page {
    terminal: Terminal,
    text: String,
}

impl Page {
    fn warning(&mut self, text: &str) {
        let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        let text = format!("warning: {}", sanitize(text));
        for line in wrap(&text, self.terminal.width) {
            match line.strip_prefix("warning:") {
                Some(rest) => {
                    self.styled(red, "warning:");
                    self.text.push_str(rest);
                }
                None => self.text.push_str(&line),
            }
            self.text.push('\n');
        }
    }

    fn sentence(&mut self, text: &str) {
        for line in wrap(&sanitize(text), self.terminal.width) {
            self.text.push_str(&line);
            self.text.push('\n');
        }
    }

    fn table(&mut self, table: &Table) {
        for line in table.lines(self.terminal.width) {
            match line {
                Line::Heading(text) => self.styled(Style::new().bold(), &text),
                Line::Plain(text) => self.text.push_str(&text),
            }
            self.text.push('\n');
        }
    }

    /// A blank line, but never at the top.
    fn gap(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    fn styled(&mut self, style: Style, text: &str) {
        match self.terminal.paint {
            Paint::Plain => self.text.push_str(text),
            Paint::Styled => {
                let painted = format!("{style}{text}{style:#}");
                self.text.push_str(&painted);
            }
        }
    }
}

fn table(report: &Report, scorer: usize) -> Table {
    let row = |column: &crate::Column| {
        let name = sanitize(&column.title()).into_owned();
        let result = column.scores.get(scorer)?;
        Some((name, figures(column.submitted, result)))
    };
    Table {
        corner: "model",
        headings: [
            ("", "submitted"),
            ("", "scored"),
            ("", "errors"),
            ("", "missing"),
            ("", "passes"),
            ("accuracy", "(95% interval)"),
            ("passes of", "submitted"),
        ],
        rows: report.models.iter().filter_map(row).collect(),
    }
}

fn figures(submitted: u64, result: &ScorerResult) -> [String; FIGURES] {
    let nothing = || "-".to_owned();
    let accuracy = match (result.accuracy, result.mean) {
        _ if result.scored == 0 => "no results".to_owned(),
        (Some(accuracy), _) => with_interval(&accuracy),
        (None, Some(mean)) => format!("mean {mean:.3}"),
        (None, None) => "labels".to_owned(),
    };
    let of_submitted = result.passes_of_submitted;
    [
        grouped(submitted),
        grouped(result.scored),
        grouped(result.errors),
        grouped(result.missing),
        result.accuracy.map_or_else(nothing, |_| grouped(result.passes)),
        accuracy,
        of_submitted.map_or_else(nothing, |share| format!("{}%", percent(share))),
    ]
}

fn with_interval(estimate: &Estimate) -> String {
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(percent);
    format!("{value}% ({low}-{high})")
}
