//! The words that bound what a run may cost, and how much is sent at a time.

use std::path::PathBuf;

use batch_cost::{Money, UsageTier};
use clap::Args;

use crate::config::{LimitsConfig, MoneyConfig};

#[derive(Debug, Clone, Args)]
pub(crate) struct MoneyArgs {
    /// Refuse to spend more than this, in US dollars, over all jobs and rows sent again
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<Money>,
    /// Ask before a run that may cost more than this, in US dollars [default: 1]
    #[arg(long, value_name = "USD")]
    pub(crate) ask_above: Option<Money>,
    /// A table of prices that comes before the built-in one (docs/costs.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) prices: Option<PathBuf>,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct LimitArgs {
    /// At most this many rows in one job; more jobs are made of more rows
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows_per_shard: Option<u64>,
    /// At most this many bytes in one job's input [default: 1900000000]
    #[arg(long, value_name = "N", value_parser = bytes)]
    pub(crate) bytes_per_shard: Option<u64>,
    /// At most this many jobs at the service at a time, those of others counted [default: 100]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) jobs: Option<u32>,
    /// The project's usage tier, which says how many tokens may wait at the service [default: 1]
    #[arg(long, value_name = "1|2|3", value_parser = tier)]
    pub(crate) tier: Option<UsageTier>,
    /// At most this many tokens of a model at the service at a time; repeat it for other models
    #[arg(long, value_name = "MODEL=N", value_parser = tokens)]
    pub(crate) enqueued_tokens: Vec<(String, u64)>,
}

/// A count of bytes, without a unit: files of settings hold them as numbers too.
pub(super) fn bytes(text: &str) -> Result<u64, &'static str> {
    let wrong = "it is a count of bytes, a whole number from 1 on: 10000000 for 10 MB";
    text.parse().ok().filter(|bytes| *bytes > 0).ok_or(wrong)
}

fn tier(text: &str) -> Result<UsageTier, &'static str> {
    text.parse().ok().and_then(UsageTier::from_number).ok_or("the tiers are 1, 2 and 3")
}

fn tokens(text: &str) -> Result<(String, u64), &'static str> {
    let (model, tokens) = text.rsplit_once('=').ok_or("it is written MODEL=N")?;
    match tokens.parse() {
        Ok(tokens @ 1..) if !model.is_empty() => Ok((model.to_owned(), tokens)),
        _ => Err("N is a whole number from 1 on, as in MODEL=3000000"),
    }
}

impl MoneyArgs {
    pub(crate) fn as_config(&self) -> MoneyConfig {
        MoneyConfig { budget: self.budget, ask_above: self.ask_above, prices: self.prices.clone() }
    }
}

impl LimitArgs {
    pub(crate) fn as_config(&self) -> LimitsConfig {
        LimitsConfig {
            rows_per_shard: self.rows_per_shard,
            bytes_per_shard: self.bytes_per_shard,
            jobs: self.jobs,
            tier: self.tier,
            enqueued_tokens: self.enqueued_tokens.iter().cloned().collect(),
            ..LimitsConfig::default()
        }
    }
}
