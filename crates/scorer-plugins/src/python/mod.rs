//! A function in a Python file as a scorer: the notebook's own `is_correct(row)` works unchanged.

mod marshal;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use scoring::SpecError;

use crate::{ProcessPlan, name};
pub(crate) use marshal::List;

/// Speaks the protocol for the function; handed to Python on its command line, so that no file has to be found.
const BRIDGE: &str = include_str!("bridge.py");

/// The function that is called if none is named.
const FUNCTION: &str = "is_correct";

/// A function in a file, as `FILE.py` or `FILE.py:FUNCTION` names it.
///
/// ```
/// use scorer_plugins::PythonFunction;
/// let rule = PythonFunction::parse("python:rules/calls.py:strict", 7)?;
/// assert_eq!((rule.file().to_str(), rule.function()), (Some("rules/calls.py"), "strict"));
/// assert_eq!(PythonFunction::parse("calls.py", 0)?.function(), "is_correct");
/// # Ok::<(), scoring::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PythonFunction {
    text: String,
    file: PathBuf,
    function: String,
}

impl PythonFunction {
    /// Reads `FILE[:FUNCTION]` from byte `from` of `text` on.
    ///
    /// # Errors
    /// [`SpecError`] with the place: no file, or a function that cannot have that name.
    pub fn parse(text: &str, from: usize) -> Result<Self, SpecError> {
        let own = text.get(from..).unwrap_or_default();
        let (file, function) = match own.rsplit_once(':') {
            Some((file, function)) if !function.contains(['/', '\\']) => (file, function),
            _ => (own, FUNCTION),
        };
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        if file.trim().is_empty() {
            return Err(SpecError::new(text, from..text.len(), "expected a Python file"));
        }
        if function.is_empty()
            || !function.chars().all(is_part)
            || function.starts_with(|c: char| c.is_numeric())
        {
            let at = text.len() - function.len()..text.len();
            return Err(SpecError::new(text, at, "expected the name of a function"));
        }
        Ok(Self { text: own.to_owned(), file: file.trim().into(), function: function.to_owned() })
    }

    /// The file.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// The name of the function.
    pub fn function(&self) -> &str {
        &self.function
    }

    /// The command that serves it.
    pub fn plan(&self) -> ProcessPlan {
        // No compiled files beside the user's own.
        let mut words: Vec<OsString> = ["python3", "-B", "-c", BRIDGE].map(OsString::from).into();
        words.extend([self.file.clone().into_os_string(), OsString::from(&self.function)]);
        ProcessPlan::python(name::of("python", &self.text), words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_functions_are_told_apart() {
        let parse = |text: &str| {
            let rule = PythonFunction::parse(text, 0).map_err(|error| error.caret())?;
            Ok::<_, String>((rule.file().display().to_string(), rule.function().to_owned()))
        };
        let both = |file: &str, function: &str| Ok((file.to_owned(), function.to_owned()));
        assert_eq!(parse("a.py"), both("a.py", "is_correct"));
        assert_eq!(parse("/x:y/a.py"), both("/x:y/a.py", "is_correct"));
        assert_eq!(parse("/x:y/a.py:f2"), both("/x:y/a.py", "f2"));
        assert_eq!(parse("a.py:"), Err("a.py:\n     ^".to_owned()));
        assert_eq!(parse("a.py:2f"), Err("a.py:2f\n     ^^".to_owned()));
        assert!(parse("").is_err() && parse(":f").is_err() && parse("a.py:a b").is_err());
    }
}
