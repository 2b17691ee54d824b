//! Lines of a row on the screen: headings, and texts from outside that can do nothing there.

use anstyle::{AnsiColor, Style};
use eval_report::sanitize;

use crate::layout::wrap;

/// A text longer than this many lines is cut, unless all is wanted.
const MOST: usize = 10;
/// Where texts begin, behind what they are.
const INDENT: usize = 11;

/// The screen as it fills.
pub(super) struct Screen {
    text: String,
    width: usize,
    full: bool,
}

impl Screen {
    pub(super) fn new(width: usize, full: bool) -> Self {
        Self { text: String::new(), width, full }
    }

    /// A heading of our own with text from outside in it.
    pub(super) fn heading(&mut self, text: &str) {
        let style = Style::new().bold();
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        for line in wrap(&sanitize(text), self.width) {
            self.text.push_str(&format_args!("{style}{line}{style:#}\n").to_string());
        }
    }

    /// A text from outside under a word of our own; its lines stay lines.
    pub(super) fn say(&mut self, word: &str, text: &str) {
        let width = self.width.saturating_sub(INDENT);
        let lines: Vec<String> = text
            .lines()
            .flat_map(|line| wrap(&sanitize(&line.replace('\t', "    ")), width))
            .collect();
        let hidden = if self.full { 0 } else { lines.len().saturating_sub(MOST) };
        // One line more takes no more room than saying that it is hidden.
        let hidden = if hidden == 1 { 0 } else { hidden };
        let colour = AnsiColor::Cyan.on_default();
        for (at, line) in lines[..lines.len() - hidden].iter().enumerate() {
            let word = if at == 0 { word } else { "" };
            let space = " ".repeat(INDENT.saturating_sub(2 + word.chars().count()));
            let line = format!("  {colour}{word}{colour:#}{space}{line}");
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
        if hidden > 0 {
            let space = " ".repeat(INDENT);
            self.text.push_str(&format_args!("{space}… {hidden} more lines: --full\n").to_string());
        }
    }

    pub(super) fn end(self) -> String {
        self.text
    }
}
