//! The shape of a price table on disk, and what must hold in it.

use serde::Deserialize;

use crate::file::{self, FileError};
use crate::price::{Price, Rates, Tier};
use crate::{Day, Rate};

/// The name and version of the shape.
const SCHEMA: &str = "batch-eval/prices/1";

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PriceFile {
    schema: String,
    pub(crate) date: Day,
    #[serde(default)]
    pub(crate) sources: Vec<String>,
    /// What names of models that cost nothing begin with.
    #[serde(default)]
    pub(crate) free: Vec<String>,
    #[serde(default)]
    pub(crate) model: Vec<ModelPrices>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ModelPrices {
    pub(crate) name: String,
    pub(crate) note: Option<String>,
    price: Vec<PriceRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PriceRow {
    from: Option<Day>,
    until: Option<Day>,
    input: Rate,
    output: Rate,
    cached_input: Option<Rate>,
    audio_input: Option<Rate>,
    #[serde(default)]
    above: Vec<TierRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TierRow {
    prompt_tokens: u64,
    input: Rate,
    output: Rate,
    cached_input: Option<Rate>,
    audio_input: Option<Rate>,
}

impl PriceFile {
    pub(crate) fn parse(text: &str) -> Result<Self, FileError> {
        let file: Self = file::read(text)?;
        file::check_schema(&file.schema, SCHEMA)?;
        file::check_names(file.model.iter().map(|model| model.name.as_str()))?;
        if file.free.iter().any(String::is_empty) {
            return Err(FileError::new(
                "`free` holds an empty name, which would make all models free",
            ));
        }
        Ok(file)
    }
}

impl ModelPrices {
    /// Its prices by date, the earliest first.
    pub(crate) fn prices(&self) -> Result<Vec<Price>, FileError> {
        let mut prices: Vec<Price> = self.price.iter().map(PriceRow::price).collect();
        let wrong = |problem: &str| Err(FileError::new(format!("model {:?} {problem}", self.name)));
        if prices.is_empty() {
            return wrong("has no price");
        }
        prices.sort_by_key(|price| price.from);
        let is_backward = |price: &Price| matches!((price.from, price.until), (Some(from), Some(until)) if until < from);
        if prices.iter().any(is_backward) {
            return wrong("has a price that ends before it begins");
        }
        let overlap = |one: &Price, next: &Price| match (one.until, next.from) {
            (Some(until), Some(from)) => from <= until,
            _ => true,
        };
        if prices.windows(2).any(|pair| matches!(pair, [one, next] if overlap(one, next))) {
            return wrong("has two prices for the same day");
        }
        let rises =
            |price: &Price| price.tiers.is_sorted_by(|a, b| a.prompt_tokens < b.prompt_tokens);
        if !prices.iter().all(rises) {
            return wrong("has `above` rows that are not in the order of `prompt_tokens`");
        }
        Ok(prices)
    }
}

impl PriceRow {
    fn price(&self) -> Price {
        let Self { from, until, input, output, cached_input, audio_input, ref above } = *self;
        let rates = Rates { input, output, cached_input, audio_input };
        Price { rates, tiers: above.iter().map(TierRow::tier).collect(), from, until }
    }
}

impl TierRow {
    fn tier(&self) -> Tier {
        let Self { prompt_tokens, input, output, cached_input, audio_input } = *self;
        Tier { prompt_tokens, rates: Rates { input, output, cached_input, audio_input } }
    }
}
