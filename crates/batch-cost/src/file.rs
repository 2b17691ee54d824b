//! Reading tables of prices and limits: what is wrong, on which line.

use serde::de::DeserializeOwned;

/// Why a table of prices or limits cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{problem}", place(*line, *column))]
pub struct FileError {
    line: usize,
    column: usize,
    problem: String,
}

/// Where, in front of what.
fn place(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!("line {line}, column {column}: ") }
}

impl FileError {
    /// Of the table as a whole, or of an entry that names itself.
    pub(crate) fn new(problem: impl Into<String>) -> Self {
        Self { line: 0, column: 0, problem: problem.into() }
    }

    /// The line it is on, from 1; `None` where it concerns the table as a whole.
    pub fn line(&self) -> Option<usize> {
        Some(self.line).filter(|line| *line > 0)
    }
}

/// Reads TOML into its raw shape.
pub(crate) fn read<T: DeserializeOwned>(text: &str) -> Result<T, FileError> {
    toml::from_str(text).map_err(|error| {
        let before = error.span().and_then(|span| text.get(..span.start));
        let lines = before.map_or(0, |before| before.matches('\n').count() + 1);
        let last = before.and_then(|before| before.rsplit('\n').next()).unwrap_or_default();
        let problem = error.message().lines().collect::<Vec<_>>().join(", ");
        FileError { line: lines, column: last.chars().count() + 1, problem }
    })
}

/// Refuses a table of another kind or version.
pub(crate) fn check_schema(found: &str, wanted: &str) -> Result<(), FileError> {
    if found == wanted {
        return Ok(());
    }
    Err(FileError::new(format!("schema is {found:?}, where {wanted:?} can be read")))
}

/// Refuses names that no model can have, and a name that is there twice.
pub(crate) fn check_names<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), FileError> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        let is_part = |c: char| c.is_ascii_graphic() && !matches!(c, '*' | '"');
        if name.is_empty() || name.starts_with("models/") || !name.chars().all(is_part) {
            let problem = format!("{name:?} is no model's name: write it as gemini-3.8-flash");
            return Err(FileError::new(problem));
        }
        if !seen.insert(name) {
            return Err(FileError::new(format!("model {name:?} is listed twice")));
        }
    }
    Ok(())
}
