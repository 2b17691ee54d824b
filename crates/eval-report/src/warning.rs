//! What a reader must know before believing a figure, each with the sentence that says it.

use serde::{Deserialize, Serialize};

use crate::numbers::{grouped, rows};
use crate::{Column, Role};

/// One warning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Warning {
    /// What kind it is.
    pub kind: WarningKind,
    /// The label of the column it is about, if it is about one.
    pub column: Option<String>,
    /// The sentence, without a final dot. It may hold text from outside.
    pub text: String,
}

/// The kinds of warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WarningKind {
    /// Another model answered than was asked.
    ModelVersion,
    /// Lines came twice.
    Doubles,
    /// Lines contradict one another.
    Conflicts,
    /// Lines belong to another file.
    Foreign,
    /// Lines belong to no row.
    Unattributed,
    /// A file ends inside a line.
    Cut,
    /// The figures do not add up: a fault of this program.
    Ledger,
    /// Whatever else the program has to say.
    Note,
}

impl Column {
    /// The warnings that the column's figures call for.
    pub fn warnings(&self) -> Vec<Warning> {
        let title = self.title();
        let mut warnings = Vec::new();
        let mut warn = |kind, text| {
            warnings.push(Warning { kind, column: Some(self.label.clone()), text });
        };
        if let Some(text) = self.wrong_model() {
            warn(WarningKind::ModelVersion, text);
        }
        if let Some(line) = self.lines.cut_at {
            let line = grouped(line);
            warn(WarningKind::Cut, format!("a result file of {title} ends inside line {line}"));
        }
        for (kind, lines, what) in [
            (WarningKind::Conflicts, self.lines.conflicts, "contradicting another of the same row"),
            (WarningKind::Foreign, self.lines.foreign, "with a key of another file"),
            (
                WarningKind::Unattributed,
                self.lines.unattributed,
                "that cannot be read or have no key",
            ),
            (WarningKind::Doubles, self.lines.doubles, "that came twice, counted once"),
        ] {
            if lines > 0 {
                let word = if lines == 1 { "line" } else { "lines" };
                let lines = grouped(lines);
                warn(kind, format!("the results of {title} have {lines} {word} {what}"));
            }
        }
        if !self.adds_up() {
            let submitted = grouped(self.submitted);
            let text = format!("the figures of {title} do not add up to {submitted} rows");
            warn(WarningKind::Ledger, text);
        }
        warnings
    }

    /// The sentence that says which other models answered.
    fn wrong_model(&self) -> Option<String> {
        let asked = self.model.as_deref().filter(|_| self.role == Role::Model)?;
        let others: Vec<String> = self
            .model_versions
            .iter()
            .filter(|version| !is_same_model(asked, &version.name))
            .map(|version| format!("{} answered {}", version.name, rows(version.rows)))
            .collect();
        let title = Some(self.title()).filter(|title| title != asked);
        let of = title.map(|title| format!("{title}: ")).unwrap_or_default();
        (!others.is_empty()).then(|| format!("{of}{asked} was asked, but {}", others.join(", ")))
    }
}

/// Whether a model version is the model asked for, or a numbered revision of it: `-001`.
///
/// A longer name is not enough: `gemini-2.5-flash-lite` is not `gemini-2.5-flash`.
fn is_same_model(asked: &str, version: &str) -> bool {
    let bare = |name| str::strip_prefix(name, "models/").unwrap_or(name);
    let Some(rest) = bare(version).strip_prefix(bare(asked)) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    rest.is_empty() || rest.strip_prefix('-').is_some_and(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_is_the_model_and_a_sister_is_not() {
        for (asked, version, same) in [
            ("gemini-2.5-flash", "gemini-2.5-flash", true),
            ("models/gemini-2.5-flash", "gemini-2.5-flash-001", true),
            ("gemini-2.5-flash", "gemini-2.5-flash-lite", false),
            ("gemini-2.5-flash-lite", "gemini-2.5-flash", false),
            ("gemini-2.5-flash", "gemini-2.5-flash-", false),
            ("gemini-2.5-pro", "gemini-3-pro", false),
        ] {
            assert_eq!(is_same_model(asked, version), same, "{asked} {version}");
        }
    }
}
