//! One line of jq as a filter of rows and as a scorer.

mod bounds;
mod scorer;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use jaq_core::load::{self, Arena, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, compile};
use jaq_json::Val;
use scoring::SpecError;

use crate::gate;
use bounds::{Kind, Rounds};

pub use scorer::JqScorer;

/// What jaq's reader can take without a thought of its stack.
const DEEPEST: usize = 128;

/// A jq expression, compiled once.
///
/// It reads nothing but what it is given: no environment, no clock, no file, no further input. It cannot define
/// functions, and all that repeats (`range`, `recurse`, `repeat`, `while`, `until`) ends with an error after 10,000
/// rounds. What is left is the expression's own doing: one that builds huge values (`"x" * 1e12`) gets the memory it asks
/// for, and one that nests a value thousands of levels deep (`reduce range(9999) as $i (.; [.])`) overflows the stack.
///
/// ```
/// use scorer_plugins::JqFilter;
/// let filter = JqFilter::compile(r#".language == "de" and (.tags | length) > 1"#)?;
/// assert_eq!(filter.accepts(br#"{"language": "de", "tags": ["a", "b"]}"#), Ok(true));
/// assert_eq!(filter.accepts(br#"{"language": "de"}"#), Ok(false));
///
/// let error = JqFilter::compile(".a | lenght").unwrap_err();
/// assert_eq!(error.caret(), ".a | lenght\n     ^^^^^^");
/// # Ok::<(), scoring::SpecError>(())
/// ```
pub struct JqFilter {
    text: String,
    filter: Filter<Kind>,
}

impl JqFilter {
    /// Compiles an expression.
    ///
    /// # Errors
    /// [`SpecError`] with the place: bad grammar, an unknown name, a definition, or an expression that is too long.
    pub fn compile(expression: &str) -> Result<Self, SpecError> {
        bounds::check(expression)?;
        let arena = Arena::default();
        let file = File { code: expression, path: () };
        let modules = Loader::new(bounds::definitions())
            .load(&arena, file)
            .map_err(|errors| load_error(expression, &errors))?;
        let filter = Compiler::default()
            .with_funs(bounds::functions())
            .compile(modules)
            .map_err(|errors| compile_error(expression, &errors))?;
        Ok(Self { text: expression.to_owned(), filter })
    }

    /// The expression as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the first value that the expression gives for `row`, which is JSON, is neither `null` nor `false`; an
    /// expression that gives no value accepts nothing.
    ///
    /// # Errors
    /// The expression's error, too many rounds, or a row that is not JSON, is nested deeper than 128 levels, has
    /// half of a surrogate pair or a number of more than 4,000 digits.
    pub fn accepts(&self, row: &[u8]) -> Result<bool, String> {
        let first = self.first(row)?;
        Ok(!matches!(first, None | Some(Val::Null | Val::Bool(false))))
    }

    /// The first value for `row`; the others are never computed.
    fn first(&self, row: &[u8]) -> Result<Option<Val>, String> {
        gate::check(row, DEEPEST)?;
        let input = jaq_json::read::parse_single(row).map_err(|error| format!("jq: {error}"))?;
        // A bug of the interpreter costs a row, not the run.
        let run = AssertUnwindSafe(|| self.run(input));
        catch_unwind(run).unwrap_or_else(|_| Err("jq: the interpreter panicked".to_owned()))
    }

    fn run(&self, input: Val) -> Result<Option<Val>, String> {
        let rounds = Rounds::new(&self.filter.lut);
        let context = Ctx::<Kind>::new(&rounds, Vars::new([]));
        let first = self.filter.id.run((context, input)).next();
        first.transpose().map_err(|exception| match exception.get_err() {
            Ok(error) => format!("jq: {}", shortened(&said(error))),
            Err(_) => "jq: the expression stopped itself".to_owned(),
        })
    }
}

impl fmt::Debug for JqFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JqFilter").field(&self.text).finish()
    }
}

/// What an error says; one that is a text without its quotes.
fn said(error: jaq_core::Error<Val>) -> String {
    match error.into_val() {
        Val::TStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    }
}

/// Errors quote values, which may be as long as rows.
fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn load_error(text: &str, errors: &load::Errors<&str, ()>) -> SpecError {
    let (part, problem) = errors.iter().find_map(|(_, error)| first_of(error)).unwrap_or_default();
    SpecError::new(text, place(text, part), problem)
}

/// Where, and what is wrong there.
fn first_of<'a>(error: &load::Error<&'a str>) -> Option<(&'a str, String)> {
    match error {
        load::Error::Io(errors) => {
            errors.first().map(|(part, _)| (*part, "modules cannot be loaded".to_owned()))
        }
        load::Error::Lex(errors) => errors.first().map(|(expected, found)| {
            let first = found.chars().next().map_or(0, char::len_utf8);
            (found.get(..first).unwrap_or_default(), format!("expected {}", expected.as_str()))
        }),
        load::Error::Parse(errors) => errors
            .first()
            .map(|(expected, found)| (*found, format!("expected {}", expected.as_str()))),
    }
}

fn compile_error(text: &str, errors: &compile::Errors<&str, ()>) -> SpecError {
    let found = errors.iter().flat_map(|(_, errors)| errors).next();
    let Some((part, undefined)) = found else {
        return SpecError::new(text, 0..text.len(), "cannot be compiled");
    };
    let problem = match undefined {
        compile::Undefined::Filter(arity) if *arity > 0 => {
            format!("no function `{part}` with {arity} arguments is known here")
        }
        _ => format!("`{part}` is not known here"),
    };
    SpecError::new(text, place(text, part), problem)
}

/// Where `part`, which was cut from `text`, stands; the end where it was not.
fn place(text: &str, part: &str) -> std::ops::Range<usize> {
    let start = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let place = start.map(|start| start..start + part.len());
    place.filter(|place| place.end <= text.len()).unwrap_or(text.len()..text.len())
}

#[cfg(test)]
mod tests;
