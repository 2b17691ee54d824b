//! The price book: the prices that are known, whose they are, and a user's own before ours.

use crate::price::Price;
use crate::price_file::PriceFile;
use crate::quote::{Quote, Quoted, Unpriced};
use crate::{Day, FileError, name};

/// Prices of models, dated, with where they are from.
///
/// ```
/// use batch_cost::{Day, PriceBook, Quote};
///
/// let book = PriceBook::builtin();
/// let day: Day = "2026-11-22".parse()?;
/// assert!(matches!(book.quote("gemini-3.8-flash", day), Quote::Known(_)));
/// assert!(matches!(book.quote("sim-flash", day), Quote::Free));
/// assert!(matches!(book.quote("gemini-flash-latest", day), Quote::Unknown(_)));
/// # Ok::<(), batch_cost::NoDay>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceBook {
    date: Day,
    sources: Vec<String>,
    free: Vec<String>,
    entries: Vec<Entry>,
}

/// What the book knows of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The model's name; a numbered version of it has the same price.
    pub name: String,
    /// What to know about the price.
    pub note: Option<String>,
    /// By date, the earliest first.
    pub prices: Vec<Price>,
    /// The date of the table that it is from.
    pub dated: Day,
    /// The table that it is from: `built in`, or as it was called when it was read.
    pub table: String,
}

impl PriceBook {
    /// The prices that come with this crate.
    ///
    /// # Panics
    /// Never: a test reads the table.
    #[expect(clippy::expect_used, reason = "the table is part of the program and read by a test")]
    pub fn builtin() -> Self {
        Self::parse(include_str!("../data/prices.toml"), "built in").expect("the table is right")
    }

    /// Reads a table of prices, in TOML, that is called `table` in what is said of it.
    ///
    /// # Errors
    /// [`FileError`] with the line: no TOML, an unknown field, a price that is none, two prices for a day.
    pub fn parse(text: &str, table: &str) -> Result<Self, FileError> {
        let file = PriceFile::parse(text)?;
        let mut entries = Vec::new();
        for model in file.model {
            let prices = model.prices()?;
            let (name, note) = (model.name, model.note);
            entries.push(Entry { name, note, prices, dated: file.date, table: table.to_owned() });
        }
        Ok(Self { date: file.date, sources: file.sources, free: file.free, entries })
    }

    /// This book with another's entries before its own: a model that both list is the other's alone, whatever
    /// days it has prices for.
    #[must_use]
    pub fn overridden_by(mut self, own: Self) -> Self {
        self.entries.retain(|entry| own.entries.iter().all(|other| other.name != entry.name));
        self.entries.extend(own.entries);
        self.free.extend(own.free);
        self.sources.extend(own.sources);
        self
    }

    /// What is known of a model's price on a day.
    pub fn quote(&self, model: &str, on: Day) -> Quote {
        self.quote_over(model, on, 0)
    }

    /// The same for a job that begins on a day and may last some days more: [`Quoted::dearest`] is then nowhere
    /// below any price of those days.
    pub fn quote_over(&self, model: &str, on: Day, days: u32) -> Quote {
        let model = name::plain(model);
        let Some(entry) = name::longest(model, &self.entries, |entry| &entry.name) else {
            let is_free = self.free.iter().any(|prefix| model.starts_with(prefix.as_str()));
            return if is_free { Quote::Free } else { Quote::Unknown(Unpriced::NotListed) };
        };
        let mut held = (0..=days).map(|later| entry.price_on(on.plus(later)));
        let Some(price) = held.next().flatten() else {
            return Quote::Unknown(Unpriced::NotOnThatDay { note: entry.note.clone() });
        };
        let dearest = held.flatten().fold(price.clone(), |dearest, next| dearest.dearer(next));
        Quote::Known(Box::new(Quoted {
            price: price.clone(),
            dearest,
            listed: entry.name.clone(),
            note: entry.note.clone(),
            dated: entry.dated,
            table: entry.table.clone(),
        }))
    }

    /// The date of the table, that of the built-in one if it was overridden.
    pub fn date(&self) -> Day {
        self.date
    }

    /// Where the prices are from.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// What it knows, model by model.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

impl Entry {
    fn price_on(&self, day: Day) -> Option<&Price> {
        self.prices.iter().find(|price| price.holds_on(day))
    }
}
