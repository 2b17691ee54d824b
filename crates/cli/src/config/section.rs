//! A table of the configuration, read field by field; what nobody asked for is an error with a suggestion.

use std::cell::RefCell;
use std::ops::Range;
use std::time::Duration;

use batch_cost::Money;
use clap::ValueEnum;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::ConfigError;
use super::json::{in_order, json};
use crate::duration::parse_duration;

pub(crate) type Result<T> = std::result::Result<T, ConfigError>;

/// One table.
pub(crate) struct Section<'t, 'i> {
    text: &'t str,
    /// What it is called in messages, such as `[limits]`; empty for the whole file.
    name: String,
    table: &'t DeTable<'i>,
    /// Where it stands, for what concerns the table as a whole.
    at: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
}

/// A value with what is needed to complain about it.
pub(crate) struct Found<'t, 'i> {
    pub(crate) text: &'t str,
    pub(crate) name: String,
    pub(crate) value: &'t Spanned<DeValue<'i>>,
}

impl<'t, 'i> Section<'t, 'i> {
    pub(crate) fn whole(text: &'t str, table: &'t Spanned<DeTable<'i>>) -> Self {
        Self::of(text, String::new(), table.get_ref(), table.span())
    }

    fn of(text: &'t str, name: String, table: &'t DeTable<'i>, at: Range<usize>) -> Self {
        Self { text, name, table, at, asked: RefCell::default() }
    }

    /// The value of a field, if it is there.
    pub(crate) fn find(&self, name: &'static str) -> Option<Found<'t, 'i>> {
        self.asked.borrow_mut().push(name);
        let value = self.table.get(name)?;
        Some(Found { text: self.text, name: name.to_owned(), value })
    }

    /// A field through what reads it.
    pub(crate) fn get<T>(
        &self,
        name: &'static str,
        read: impl FnOnce(&Found<'t, 'i>) -> Result<T>,
    ) -> Result<Option<T>> {
        self.find(name).as_ref().map(read).transpose()
    }

    /// All members as they were written, whatever they are called.
    pub(crate) fn members(&self) -> impl Iterator<Item = (&'t str, Range<usize>, Found<'t, 'i>)> {
        let text = self.text;
        in_order(self.table).into_iter().map(move |(key, value)| {
            let name = key.get_ref().as_ref();
            (name, key.span(), Found { text, name: name.to_owned(), value })
        })
    }

    /// Refuses fields that nobody asked for.
    pub(crate) fn finish(self) -> Result<()> {
        let asked = self.asked.borrow();
        let unknown = self.members().find(|(name, ..)| !asked.contains(name));
        let Some((name, at, _)) = unknown else { return Ok(()) };
        let within =
            if self.name.is_empty() { String::new() } else { format!(" in {}", self.name) };
        let error = ConfigError::new(self.text, &at, format!("unknown field `{name}`{within}"));
        Err(error.with_hint(match scoring::nearest(name, asked.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", asked.join(", ")),
        }))
    }

    /// Complains about the table as a whole.
    pub(crate) fn wrong(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(self.text, &self.at, problem)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }
}

impl<'t, 'i> Found<'t, 'i> {
    /// Complains about the value.
    pub(crate) fn wrong(&self, problem: impl std::fmt::Display) -> ConfigError {
        let problem = format!("`{}` {problem}", self.name);
        ConfigError::new(self.text, &self.value.span(), problem)
    }

    fn must_be<T>(&self, what: &str, value: Option<T>) -> Result<T> {
        let is = self.value.get_ref().type_str();
        value.ok_or_else(|| self.wrong(format!("must be {what}, not this {is}")))
    }

    pub(crate) fn text(&self) -> Result<String> {
        let text = self.must_be("a string", self.value.get_ref().as_str())?;
        if text.is_empty() {
            return Err(self.wrong("is empty"));
        }
        Ok(text.to_owned())
    }

    pub(crate) fn flag(&self) -> Result<bool> {
        self.must_be("true or false", self.value.get_ref().as_bool())
    }

    /// A whole number of at least `least`.
    pub(crate) fn count(&self, least: u64) -> Result<u64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            _ => None,
        };
        let number = number.filter(|number| *number >= least);
        self.must_be(&format!("a whole number of at least {least}"), number)
    }

    pub(crate) fn small(&self, least: u64) -> Result<u32> {
        let number = self.count(least)?;
        u32::try_from(number).map_err(|_| self.wrong("is too large"))
    }

    pub(crate) fn money(&self) -> Result<Money> {
        let digits = match self.value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => Some(number.as_str()),
            DeValue::Float(number) => Some(number.as_str()),
            value => value.as_str(),
        };
        let digits = self.must_be("an amount of dollars, such as 5 or 0.50", digits)?;
        digits.parse().map_err(|error| self.wrong(format!("is wrong: {error}")))
    }

    pub(crate) fn duration(&self) -> Result<Duration> {
        parse_duration(&self.text()?).map_err(|error| self.wrong(format!("is wrong: {error}")))
    }

    /// One of the words of a flag.
    pub(crate) fn word<T: ValueEnum>(&self) -> Result<T> {
        let word = self.text()?;
        let names: Vec<String> = T::value_variants()
            .iter()
            .filter_map(ValueEnum::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        T::from_str(&word, false).map_err(|_| {
            let error = self.wrong(format!("must be {}, not {word:?}", names.join(" or ")));
            match scoring::nearest(&word, names.iter().map(String::as_str)) {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None => error,
            }
        })
    }

    /// The elements of an array.
    pub(crate) fn elements(&self) -> Result<Vec<Found<'t, 'i>>> {
        let array = self.must_be("an array", self.value.get_ref().as_array())?;
        let element = |value| Found { text: self.text, name: self.name.clone(), value };
        Ok(array.iter().map(element).collect())
    }

    /// An array of strings, none of them twice.
    pub(crate) fn texts(&self) -> Result<Vec<String>> {
        let mut texts = Vec::new();
        for element in self.elements()? {
            let text = element.text()?;
            if texts.contains(&text) {
                return Err(element.wrong(format!("names {text:?} twice")));
            }
            texts.push(text);
        }
        Ok(texts)
    }

    /// A table, called `name` in messages.
    pub(crate) fn section(&self, name: &str) -> Result<Section<'t, 'i>> {
        let table = self.must_be("a table", self.value.get_ref().as_table())?;
        Ok(Section::of(self.text, name.to_owned(), table, self.value.span()))
    }

    pub(crate) fn json(&self) -> Result<String> {
        json(self.value).map_err(|(at, problem)| {
            ConfigError::new(self.text, &at, format!("`{}` is wrong: {problem}", self.name))
        })
    }
}
