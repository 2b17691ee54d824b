//! The report as text for a terminal: warnings, one table a scorer, plain sentences.

use anstyle::{AnsiColor, Style};

use crate::layout::{Cell, Table, Tone, wrap};
use crate::{GateOutcome, GateResult, Report, sanitize, sentences, tables};

/// Whether text is styled with ANSI sequences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paint {
    /// Not a single escape sequence.
    Plain,
    /// Headings in bold, what is good in green and what is bad in red: legible on dark and on light.
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
    /// No text from outside reaches the terminal as anything but visible characters. Failed are rows with an error, a
    /// conflict or an unparsable result, so that the counts of a row add up to what was submitted.
    ///
    /// ```
    /// use eval_report::{Paint, Report, Terminal};
    /// let mut report = Report::new(["function-call"]);
    /// report.elapsed_ms = Some(1234);
    /// let text = Terminal { width: 80, paint: Paint::Plain }.render(&report);
    /// assert!(text.ends_with("It took 1.2 s.\n"));
    /// ```
    pub fn render(&self, report: &Report) -> String {
        let report = &*report.as_written();
        let mut page = Page { terminal: *self, text: String::new() };
        for warning in sentences::warnings(report) {
            page.warning(warning);
        }
        for (at, scorer) in report.scorers.iter().enumerate() {
            page.gap();
            page.sentence(&sentences::title(report, scorer));
            page.gap();
            page.table(&tables::scores(report, at));
            page.labels(report, at);
            page.classes(report, at);
        }
        if !report.models.is_empty() {
            page.gap();
            page.table(&tables::service(report));
        }
        page.slices(report);
        page.gap();
        for gate in &report.gates {
            page.gate(gate);
        }
        for sentence in sentences::brief(report) {
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
            for Cell { text, tone } in line {
                self.styled(style(tone), &text);
            }
            self.text.push('\n');
        }
    }

    /// What was chosen how often by a scorer of labels of which nobody knows the right ones.
    fn labels(&mut self, report: &Report, scorer: usize) {
        let Some((table, left_out)) = tables::labels(report, scorer) else { return };
        self.gap();
        self.table(&table);
        if left_out > 0 {
            self.sentence(&format!("and {left_out} more labels, in report.json"));
        }
    }

    /// The classes of every column that a scorer gave labels, where the right ones are known.
    fn classes(&mut self, report: &Report, scorer: usize) {
        for column in &report.models {
            let result = column.scores.get(scorer);
            let Some(confusion) = result.and_then(|result| result.confusion.as_ref()) else {
                continue;
            };
            self.gap();
            self.sentence(&format!("Classes of {}:", column.title()));
            self.table(&tables::classes(confusion));
            if let Some(matrix) = tables::matrix(confusion) {
                self.gap();
                self.table(&matrix);
            }
        }
    }

    fn slices(&mut self, report: &Report) {
        let mut seen = Vec::new();
        for slice in &report.slices {
            let pair = (slice.field.as_str(), slice.scorer.as_str());
            if seen.contains(&pair) {
                continue;
            }
            seen.push(pair);
            self.gap();
            self.sentence(&sentences::slices(report, pair.0, pair.1));
            let (table, left_out) = tables::slices(report, pair.0, pair.1);
            self.table(&table);
            if left_out > 0 {
                self.sentence(&format!("and {left_out} more values, in report.json"));
            }
        }
    }

    fn gate(&mut self, gate: &GateResult) {
        let tone = match gate.outcome {
            GateOutcome::Pass => Tone::Good,
            GateOutcome::Fail => Tone::Bad,
            GateOutcome::TooLittleData => Tone::Heading,
        };
        let text = format!("gate: {}", sanitize(&gate.sentence));
        for (at, line) in wrap(&text, self.terminal.width).into_iter().enumerate() {
            match line.strip_prefix("gate:").filter(|_| at == 0) {
                Some(rest) => {
                    self.styled(style(tone), "gate:");
                    self.text.push_str(rest);
                }
                None => self.text.push_str(&line),
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
            Paint::Styled if style != Style::new() => {
                let painted = format!("{style}{text}{style:#}");
                self.text.push_str(&painted);
            }
            _ => self.text.push_str(text),
        }
    }
}

/// Red, green and the terminal's own colour are legible on dark and on light.
fn style(tone: Tone) -> Style {
    let coloured = |colour: AnsiColor| Style::new().bold().fg_color(Some(colour.into()));
    match tone {
        Tone::Plain => Style::new(),
        Tone::Heading => Style::new().bold(),
        Tone::Good => coloured(AnsiColor::Green),
        Tone::Bad => coloured(AnsiColor::Red),
        Tone::Faint => Style::new().dimmed(),
    }
}
