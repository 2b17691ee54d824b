//! From a scorer's text to the scorer: names with their constructors, ours and anybody's.

use std::collections::BTreeMap;
use std::fmt;

use crate::nearest::nearest;
use crate::params::{ParamError, Params};
use crate::spec::{self, COMBINATORS, Spec, SpecError};
use crate::{All, Any, FunctionCall, Not, Scorer};

type Constructor =
    Box<dyn Fn(&mut Params) -> Result<Box<dyn Scorer>, ParamError> + Send + Sync + 'static>;

/// The scorers that can be had by name.
///
/// The text of a scorer is `name`, `name:option`, `name:key=value`, or `name(key=value, …)` with JSON values;
/// `not(…)`, `all(…, …)` and `any(…, …)` take scorers in turn.
///
/// ```
/// use scoring::Registry;
/// let registry = Registry::builtin();
/// for text in ["function-call", "function-call:name=report_spam", r#"all(function-call(name="a"), not:function-call)"#] {
///     registry.build(text)?;
/// }
/// # Ok::<(), scoring::SpecError>(())
/// ```
#[derive(Default)]
pub struct Registry {
    entries: BTreeMap<String, Entry>,
}

struct Entry {
    about: String,
    construct: Constructor,
}

/// Why a scorer cannot be registered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RegistryError {
    /// Only lower-case letters, digits and hyphens can be told apart from the rest of a scorer's text.
    #[error("scorer name {0:?} is not made of a-z, 0-9 and `-`, a letter first")]
    Name(String),
    /// Somebody has that name already.
    #[error("scorer name {0:?} is taken")]
    Taken(String),
}

impl Registry {
    /// A registry that knows no scorer but the combinators.
    pub fn empty() -> Self {
        Self::default()
    }

    /// A registry with the scorers of this crate.
    pub fn builtin() -> Self {
        let mut registry = Self::empty();
        registry.insert(
            "function-call",
            "the last part of the answer calls a function; any-part: some part does; name=NAME: that function",
            Box::new(function_call),
        );
        registry
    }

    /// Adds a scorer: its name, one line about it, and how it is made from its parameters.
    ///
    /// # Errors
    /// [`RegistryError`] if the name is malformed or taken.
    pub fn register<F>(
        &mut self,
        name: &str,
        about: &str,
        construct: F,
    ) -> Result<(), RegistryError>
    where
        F: Fn(&mut Params) -> Result<Box<dyn Scorer>, ParamError> + Send + Sync + 'static,
    {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_part) {
            return Err(RegistryError::Name(name.to_owned()));
        }
        if self.entries.contains_key(name) || COMBINATORS.contains(&name) {
            return Err(RegistryError::Taken(name.to_owned()));
        }
        self.insert(name, about, Box::new(construct));
        Ok(())
    }

    fn insert(&mut self, name: &str, about: &str, construct: Constructor) {
        let about = about.to_owned();
        self.entries.insert(name.to_owned(), Entry { about, construct });
    }

    /// The names that can be built, each with its line, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.about.as_str()))
    }

    /// The scorer that `text` names.
    ///
    /// # Errors
    /// [`SpecError`] with the place in the text: bad grammar, an unknown name, a parameter that does not fit.
    pub fn build(&self, text: &str) -> Result<Box<dyn Scorer>, SpecError> {
        self.construct(text, spec::parse(text)?)
    }

    fn construct(&self, text: &str, spec: Spec) -> Result<Box<dyn Scorer>, SpecError> {
        if COMBINATORS.contains(&spec.name.as_str()) {
            let inner: Result<Vec<_>, _> =
                spec.inner.into_iter().map(|inner| self.construct(text, inner)).collect();
            return Ok(combined(&spec.name, inner?));
        }
        let Some(entry) = self.entries.get(&spec.name) else {
            let names = self.entries.keys().map(String::as_str).chain(COMBINATORS);
            let hint = nearest(&spec.name, names).map(|name| format!("did you mean `{name}`?"));
            let problem = format!("unknown scorer `{}`", spec.name);
            return Err(SpecError::new(text, spec.at, problem).with_hint(hint));
        };
        let mut params = Params::new(spec.params);
        let scorer = (entry.construct)(&mut params).map_err(|error| {
            let at = params.at(&error.param).unwrap_or(spec.at);
            SpecError::new(text, at, error.problem)
        })?;
        if let Some(param) = params.leftover() {
            let hint = nearest(&param.name, params.asked());
            let hint = hint.map(|name| format!("did you mean `{name}`?"));
            let problem = format!("`{}` knows no `{}`", spec.name, param.name);
            return Err(SpecError::new(text, param.at.clone(), problem).with_hint(hint));
        }
        Ok(scorer)
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

fn combined(word: &str, mut inner: Vec<Box<dyn Scorer>>) -> Box<dyn Scorer> {
    match (word, inner.len()) {
        ("not", 1) => Box::new(Not::new(inner.remove(0))),
        ("any", _) => Box::new(Any::new(inner)),
        _ => Box::new(All::new(inner)),
    }
}

fn function_call(params: &mut Params) -> Result<Box<dyn Scorer>, ParamError> {
    let rule =
        if params.flag("any-part")? { FunctionCall::any_part() } else { FunctionCall::last_part() };
    let Some(name) = params.text("name")? else {
        return Ok(Box::new(rule));
    };
    // What the service takes as the name of a declared function.
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    if name.is_empty() || name.len() > 128 || !name.chars().all(is_part) {
        let problem = format!("{name:?} cannot be the name of a function");
        return Err(ParamError::new("name", problem));
    }
    Ok(Box::new(rule.named(&name)))
}
