//! What is wrong with a configuration, on which line, and what was probably meant.

use std::ops::Range;

use eval_report::sanitize;

/// Why a text is no configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {problem}")]
pub(crate) struct ConfigError {
    /// From 1.
    pub(crate) line: usize,
    /// In characters, from 1.
    pub(crate) column: usize,
    problem: String,
    hint: Option<String>,
    source_line: String,
    width: usize,
}

impl ConfigError {
    pub(crate) fn new(text: &str, at: &Range<usize>, problem: impl Into<String>) -> Self {
        let before = text.get(..at.start).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let chars = |range: Range<usize>| text.get(range).map_or(0, |part| part.chars().count());
        let rest = text.get(line_start..).unwrap_or_default();
        let line_end = line_start + rest.find(['\r', '\n']).unwrap_or(rest.len());
        let end = at.end.clamp(at.start.min(line_end), line_end);
        Self {
            line: before.matches('\n').count() + 1,
            column: chars(line_start..at.start) + 1,
            // A line end in the name of a field would look like a line of ours.
            problem: sanitize(&problem.into()).into_owned(),
            hint: None,
            // Control characters would tear the two lines of the caret apart.
            source_line: text
                .get(line_start..line_end)
                .unwrap_or_default()
                .chars()
                .map(|c| if c.is_control() { ' ' } else { c })
                .collect(),
            width: chars(at.start..end).max(1),
        }
    }

    pub(crate) fn syntax(text: &str, error: &toml::de::Error) -> Self {
        let problem = error.message().lines().collect::<Vec<_>>().join(", ");
        Self::new(text, &error.span().unwrap_or_default(), problem)
    }

    pub(crate) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(sanitize(&hint.into()).into_owned()), ..self }
    }

    /// What was probably meant, if there is anything to say.
    pub(crate) fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Two lines: that of the configuration, and carets under the place.
    pub(crate) fn caret(&self) -> String {
        format!("{}\n{}{}", self.source_line, " ".repeat(self.column - 1), "^".repeat(self.width))
    }
}
