//! The reader of `batch-eval.toml` on any text, for fuzz targets.

use std::path::Path;

use crate::config::{Config, mistaken};

/// What is said of a configuration that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// All that the user sees.
    pub shown: String,
}

/// Reads the text of a configuration as the program does.
///
/// # Errors
/// What is wrong with it.
pub fn config(text: &str) -> Result<(), Mistake> {
    let config = Config::parse(text).map_err(|error| Mistake {
        line: error.line,
        column: error.column,
        shown: mistaken(Path::new("batch-eval.toml"), &error).to_string(),
    })?;
    // Settings that do not fit together stand on no one line; looking for them must not panic either.
    let _ = config.in_folder(Path::new("folder")).check();
    Ok(())
}
