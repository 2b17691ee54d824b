//! From a scorer's text to the scorer: names with their constructors, ours and anybody's.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::builtin::{self, Builtin, ParamDoc};
use crate::nearest::nearest;
use crate::params::{Param, ParamError, Params};
use crate::spec::{self, COMBINATORS, Spec, SpecError};
use crate::{Combined, Not, Prices, Scorer};

type Constructor =
    Box<dyn Fn(&mut Params) -> Result<Box<dyn Scorer>, ParamError> + Send + Sync + 'static>;

/// Makes a scorer of what stands at a place in a text.
pub type FromText<'a> = dyn Fn(&str, Range<usize>) -> Result<Box<dyn Scorer>, SpecError> + 'a;

/// The scorers that can be had by name.
///
/// The text of a scorer is `name`, `name:option`, `name:key=value`, or `name(key=value, …)` with JSON values;
/// `not(…)`, `all(…, …)`, `any(…, …)` and `weighted(2*…, …)` take scorers in turn.
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
    prices: Option<Arc<dyn Prices>>,
}

/// Scorers that are no names with parameters: `kind:` and anything at all, to which somebody else gives the meaning.
#[derive(Clone, Copy)]
pub struct Foreign<'a> {
    /// The words before the colon.
    pub kinds: &'a [&'a str],
    /// Makes the scorer of `kind:anything`.
    pub construct: &'a FromText<'a>,
}

impl fmt::Debug for Foreign<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Foreign").field("kinds", &self.kinds).finish_non_exhaustive()
    }
}

const NOTHING_FOREIGN: Foreign<'static> =
    Foreign { kinds: &[], construct: &|text, at| Err(SpecError::new(text, at, "unknown scorer")) };

struct Entry {
    about: String,
    construct: Constructor,
    builtin: Option<&'static Builtin>,
}

impl Entry {
    /// Whether the catalog names the parameters, and not this one.
    fn lacks(&self, param: &str) -> bool {
        self.builtin.is_some_and(|builtin| builtin.params.iter().all(|doc| doc.name != param))
    }
}

/// What the help says of one scorer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct CatalogEntry<'r> {
    /// The name that it is built by.
    pub name: &'r str,
    /// One line about it.
    pub about: &'r str,
    /// Its parameters; empty for scorers that others registered.
    pub params: &'r [ParamDoc],
    /// A text that builds it; empty for scorers that others registered.
    pub example: &'r str,
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
        for builtin in builtin::all() {
            let entry = Entry {
                about: builtin.about.to_owned(),
                construct: Box::new(builtin.make),
                builtin: Some(builtin),
            };
            registry.entries.insert(builtin.name.to_owned(), entry);
        }
        registry
    }

    /// The same registry with prices, which the scorer `cost` asks for.
    #[must_use]
    pub fn with_prices(self, prices: Arc<dyn Prices>) -> Self {
        Self { prices: Some(prices), ..self }
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
        self.check_free(name)?;
        self.insert(name, about, Box::new(construct));
        Ok(())
    }

    fn check_free(&self, name: &str) -> Result<(), RegistryError> {
        let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !name.starts_with(|c: char| c.is_ascii_lowercase()) || !name.chars().all(is_part) {
            return Err(RegistryError::Name(name.to_owned()));
        }
        if self.entries.contains_key(name) || COMBINATORS.contains(&name) {
            return Err(RegistryError::Taken(name.to_owned()));
        }
        Ok(())
    }

    fn insert(&mut self, name: &str, about: &str, construct: Constructor) {
        let entry = Entry { about: about.to_owned(), construct, builtin: None };
        self.entries.insert(name.to_owned(), entry);
    }

    /// The names that can be built, each with its line, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), entry.about.as_str()))
    }

    /// What can be built, with all that the help says of it, in alphabetical order.
    ///
    /// ```
    /// use scoring::Registry;
    /// let registry = Registry::builtin();
    /// let contains = registry.catalog().find(|entry| entry.name == "contains").unwrap();
    /// assert!(contains.params.iter().any(|param| param.name == "ignore-case"));
    /// assert!(registry.catalog().all(|entry| registry.build(entry.example).is_ok() || entry.name == "cost"));
    /// ```
    pub fn catalog(&self) -> impl Iterator<Item = CatalogEntry<'_>> {
        self.entries.iter().map(|(name, entry)| CatalogEntry {
            name,
            about: &entry.about,
            params: entry.builtin.map_or(&[], |builtin| builtin.params),
            example: entry.builtin.map_or("", |builtin| builtin.example),
        })
    }

    /// The scorer that `text` names.
    ///
    /// # Errors
    /// [`SpecError`] with the place in the text: bad grammar, an unknown name, a parameter that does not fit.
    pub fn build(&self, text: &str) -> Result<Box<dyn Scorer>, SpecError> {
        self.build_with(text, NOTHING_FOREIGN)
    }

    /// The same where `foreign` gives a meaning to more texts, also within combinators: there such a text ends at the
    /// first `,` or `)` that stands in no brackets or quotes of its own, or is a JSON string.
    ///
    /// ```
    /// use scoring::{Foreign, Registry, Scorer, SpecError};
    /// let construct = |text: &str, at: std::ops::Range<usize>| {
    ///     let problem = format!("there is no {:?}", &text[at.clone()]);
    ///     Err::<Box<dyn Scorer>, _>(SpecError::new(text, at, problem))
    /// };
    /// let foreign = Foreign { kinds: &["rule"], construct: &construct };
    /// let error = Registry::builtin().build_with("not(rule:a(1, 2).txt)", foreign).unwrap_err();
    /// assert_eq!(error.to_string(), "there is no \"rule:a(1, 2).txt\"");
    /// assert_eq!(error.caret(), "not(rule:a(1, 2).txt)\n    ^^^^^^^^^^^^^^^^");
    /// ```
    ///
    /// # Errors
    /// As [`build`](Self::build), and what `foreign` gives.
    pub fn build_with(
        &self,
        text: &str,
        foreign: Foreign<'_>,
    ) -> Result<Box<dyn Scorer>, SpecError> {
        self.construct(text, spec::parse(text, foreign.kinds)?, foreign)
    }

    fn construct(
        &self,
        text: &str,
        spec: Spec,
        foreign: Foreign<'_>,
    ) -> Result<Box<dyn Scorer>, SpecError> {
        if let Some(quoted) = &spec.quoted {
            return self.build_with(quoted, foreign);
        }
        if spec.is_foreign {
            return (foreign.construct)(text, spec.at);
        }
        if COMBINATORS.contains(&spec.name.as_str()) {
            let construct = |inner: Spec| {
                let weight = inner.weight.unwrap_or(1.0);
                Ok((weight, self.construct(text, inner, foreign)?))
            };
            let inner: Result<Vec<_>, _> = spec.inner.into_iter().map(construct).collect();
            return Ok(combined(&spec.name, inner?));
        }
        let Some(entry) = self.entries.get(&spec.name) else {
            let names = self.entries.keys().map(String::as_str).chain(COMBINATORS);
            let hint = nearest(&spec.name, names).map(|name| format!("did you mean `{name}`?"));
            let problem = format!("unknown scorer `{}`", spec.name);
            return Err(SpecError::new(text, spec.at, problem).with_hint(hint));
        };
        let mut params = Params::new(&spec.name, spec.params, self.prices.clone());
        let scorer = (entry.construct)(&mut params);
        let unknown = |param: &Param| {
            let hint = nearest(&param.name, params.asked());
            let hint = hint.map(|name| format!("did you mean `{name}`?"));
            let problem = format!("`{}` knows no `{}`", spec.name, param.name);
            SpecError::new(text, param.at.clone(), problem).with_hint(hint)
        };
        match scorer {
            Ok(scorer) => params.leftovers().next().map_or(Ok(scorer), |param| Err(unknown(param))),
            Err(error) => {
                let at = params.at(&error.param);
                // What is lacking may be there, and misspelt.
                // Only of our own scorers is it known what they would have asked for yet.
                let strange = |param: &&Param| at.is_none() && entry.lacks(&param.name);
                let mut strangers = params.leftovers().filter(strange).map(unknown);
                let misspelt = strangers.find(|error| error.hint().is_some());
                let lacking = SpecError::new(text, at.unwrap_or(spec.at), error.problem);
                Err(misspelt.unwrap_or_else(|| lacking.with_hint(error.hint)))
            }
        }
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.entries.keys()).finish()
    }
}

fn combined(word: &str, inner: Vec<(f64, Box<dyn Scorer>)>) -> Box<dyn Scorer> {
    if word == "weighted" {
        return Box::new(Combined::weighted(inner));
    }
    let mut inner: Vec<_> = inner.into_iter().map(|(_, scorer)| scorer).collect();
    match (word, inner.len()) {
        ("not", 1) => Box::new(Not::new(inner.remove(0))),
        ("any", _) => Box::new(Combined::any(inner)),
        _ => Box::new(Combined::all(inner)),
    }
}
