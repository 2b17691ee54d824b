//! `batch-eval.toml`: what a run can be told in a file, read strictly; flags come before it.

mod check;
mod error;
mod file;
mod json;
mod merge;
mod scorer;
mod section;
mod variant;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use batch_cost::{Money, UsageTier};
use clap::ValueEnum;
use toml::de::DeTable;

use crate::args::{Ambiguous, BadRows};
use section::{Found, Section};

pub(crate) use error::ConfigError;
#[cfg(feature = "fuzzing")]
pub(crate) use file::mistaken;
pub(crate) use file::{NAME, read};
pub(crate) use variant::Variant;

/// What may be set in the file; `None` and empty lists are what is not.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Config {
    /// A path, or `-`.
    pub(crate) dataset: Option<String>,
    pub(crate) models: Vec<String>,
    /// The variants to run; the requests as they are when empty.
    pub(crate) variants: Vec<Variant>,
    /// Texts for the registry of scorers.
    pub(crate) scorers: Vec<String>,
    /// Where expected values come from, as `--expected` says it.
    pub(crate) expected: Option<String>,
    /// `logged` or one of the models.
    pub(crate) baseline: Option<String>,
    /// Gates in their own grammar.
    pub(crate) gates: Vec<String>,
    /// JSON Pointers into dataset rows.
    pub(crate) slices: Vec<String>,
    /// A JSON Pointer into dataset rows.
    pub(crate) cluster: Option<String>,
    pub(crate) bad_rows: Option<BadRows>,
    pub(crate) accept_partial: Option<bool>,
    pub(crate) runs_dir: Option<PathBuf>,
    pub(crate) money: MoneyConfig,
    pub(crate) limits: LimitsConfig,
    pub(crate) pace: PaceConfig,
}

/// What may be spent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct MoneyConfig {
    pub(crate) budget: Option<Money>,
    pub(crate) ask_above: Option<Money>,
    /// A table of prices that comes before ours.
    pub(crate) prices: Option<PathBuf>,
}

/// How much is sent at a time.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct LimitsConfig {
    pub(crate) rows_per_shard: Option<u64>,
    pub(crate) bytes_per_shard: Option<u64>,
    /// Jobs under way at a time.
    pub(crate) jobs: Option<u32>,
    pub(crate) tier: Option<UsageTier>,
    /// Tokens under way at a time, by model.
    pub(crate) enqueued_tokens: BTreeMap<String, u64>,
    /// A table of limits that comes before ours.
    pub(crate) file: Option<PathBuf>,
}

/// How long is waited, and what is done about what does not come.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PaceConfig {
    pub(crate) retry_rows: Option<u32>,
    pub(crate) stuck_after: Option<Duration>,
    pub(crate) stuck_then: Option<StuckThen>,
    pub(crate) poll_interval: Option<Duration>,
    pub(crate) settle: Option<Duration>,
    pub(crate) deadline: Option<Duration>,
    pub(crate) patience: Option<Duration>,
    pub(crate) on_ambiguous: Option<Ambiguous>,
    /// Of one job's results.
    pub(crate) max_result_bytes: Option<u64>,
}

/// What to do with a job that is stuck.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum StuckThen {
    /// Go on waiting, and say so
    Wait,
    /// Cancel it and keep what came
    Cancel,
    /// Cancel it, keep what came, and send the rest as smaller jobs
    Split,
}

impl Config {
    /// Reads the text of a configuration; `Ok` has nothing wrong in itself.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let table = DeTable::parse(text).map_err(|error| ConfigError::syntax(text, &error))?;
        let top = Section::whole(text, &table);
        let config = Self {
            dataset: top.get("dataset", Found::text)?,
            models: top.get("models", Found::texts)?.unwrap_or_default(),
            variants: top.get("variant", variant::variants)?.unwrap_or_default(),
            scorers: top.get("scorer", scorer::scorers)?.unwrap_or_default(),
            expected: top.get("expected", Found::text)?,
            baseline: top.get("baseline", Found::text)?,
            gates: top.get("gate", Found::texts)?.unwrap_or_default(),
            slices: top.get("slices", pointers)?.unwrap_or_default(),
            cluster: top.get("cluster", pointer)?,
            bad_rows: top.get("bad_rows", Found::word)?,
            accept_partial: top.get("accept_partial", Found::flag)?,
            runs_dir: top.get("runs_dir", path)?,
            money: MoneyConfig {
                budget: top.get("budget", Found::money)?,
                ask_above: top.get("ask_above", Found::money)?,
                prices: top.get("prices", path)?,
            },
            limits: top.get("limits", limits)?.unwrap_or_default(),
            pace: PaceConfig {
                retry_rows: top.get("retry_rows", |found| found.small(0))?,
                stuck_after: top.get("stuck_after", Found::duration)?,
                stuck_then: top.get("stuck_then", Found::word)?,
                poll_interval: top.get("poll_interval", Found::duration)?,
                settle: top.get("settle", Found::duration)?,
                deadline: top.get("deadline", Found::duration)?,
                patience: top.get("patience", Found::duration)?,
                on_ambiguous: top.get("on_ambiguous", Found::word)?,
                max_result_bytes: top.get("max_result_bytes", |found| found.count(1))?,
            },
        };
        top.finish()?;
        Ok(config)
    }
}

fn limits(found: &Found<'_, '_>) -> section::Result<LimitsConfig> {
    let section = found.section("[limits]")?;
    let limits = LimitsConfig {
        rows_per_shard: section.get("rows_per_shard", |found| found.count(1))?,
        bytes_per_shard: section.get("bytes_per_shard", |found| found.count(1))?,
        jobs: section.get("jobs", |found| found.small(1))?,
        tier: section.get("tier", tier)?,
        enqueued_tokens: section.get("enqueued_tokens", tokens)?.unwrap_or_default(),
        file: section.get("file", path)?,
    };
    section.finish()?;
    Ok(limits)
}

fn tier(found: &Found<'_, '_>) -> section::Result<UsageTier> {
    let number = u8::try_from(found.count(1)?).ok();
    number.and_then(UsageTier::from_number).ok_or_else(|| found.wrong("must be 1, 2 or 3"))
}

fn tokens(found: &Found<'_, '_>) -> section::Result<BTreeMap<String, u64>> {
    let section = found.section("`enqueued_tokens`")?;
    section.members().map(|(model, _, found)| Ok((model.to_owned(), found.count(1)?))).collect()
}

fn path(found: &Found<'_, '_>) -> section::Result<PathBuf> {
    found.text().map(PathBuf::from)
}

fn pointer(found: &Found<'_, '_>) -> section::Result<String> {
    let text = found.text()?;
    if text.starts_with('/') {
        return Ok(text);
    }
    let hint = format!("it begins with `/`: \"/{text}\"");
    Err(found.wrong("is no JSON Pointer into a row of the dataset").with_hint(hint))
}

fn pointers(found: &Found<'_, '_>) -> section::Result<Vec<String>> {
    found.elements()?.iter().map(pointer).collect()
}
