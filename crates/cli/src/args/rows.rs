//! The words of the commands on files of rows.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use super::{AskArgs, JudgingArgs};

use super::{ExpectedArgs, ScoringArgs};

/// Which rows of a dataset are taken, and what is left out of each.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RowArgs {
    /// Only rows A to B-1, counted from 0; either end may be left out
    #[arg(long, value_name = "A..B")]
    pub(crate) rows: Option<String>,
    /// Only rows for which this jq expression gives something other than null and false
    #[arg(long = "where", value_name = "JQ")]
    pub(crate) predicate: Option<String>,
    /// Only the first N of the rows that are left
    #[arg(long, value_name = "N")]
    pub(crate) head: Option<u64>,
    /// Only N of the rows that are left, drawn by chance
    #[arg(long, value_name = "N")]
    pub(crate) sample: Option<u64>,
    /// The chance: the same seed draws the same rows
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Send equal requests once; the answer counts for each of them
    #[arg(long)]
    pub(crate) dedupe: bool,
    /// Leave this out of every row too, as in /request/labels; repeat it for more
    #[arg(long, value_name = "POINTER")]
    pub(crate) drop: Vec<String>,
    /// Only warn of what the service is known to refuse
    #[arg(long)]
    pub(crate) lenient: bool,
    /// How many threads work; all cores when left out
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum BadRows {
    /// Stop before anything is sent
    Fail,
    /// Leave them out and count them
    Skip,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval transform logs.jsonl -o input.jsonl
  batch-eval transform monday.jsonl.gz tuesday.jsonl.zst -o input.jsonl --dedupe
  batch-eval transform logs.jsonl -o spam.jsonl --where '.request.tools'
  batch-eval transform logs.jsonl -o - --sample 1000 --seed 7 | wc -c")]
pub(crate) struct TransformArgs {
    /// The dataset: JSONL files, also .gz and .zst, or - for standard input
    #[arg(required = true, value_name = "DATASET")]
    pub(crate) datasets: Vec<String>,
    /// Where to write, or - for standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: String,
    /// What to do with rows that cannot be sent
    #[arg(long, value_enum, default_value_t = BadRows::Fail)]
    pub(crate) bad_rows: BadRows,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval score results.jsonl      a result file, also one of the notebook
  batch-eval score logs.jsonl         the logged answers of a dataset
  batch-eval score friday --scorer function-call:any-part
  batch-eval score friday --scorer python:rule.py --expected labels.jsonl:/label
  batch-eval score friday --list      its scorings; --diff A B compares two")]
pub(crate) struct ScoreArgs {
    /// A result file, a dataset, or a run's name or folder; the newest run when left out
    pub(crate) what: Option<String>,
    /// A scorer; repeat it for several [default: the run's, or function-call]
    #[arg(long = "scorer", value_name = "SCORER")]
    pub(crate) scorers: Vec<String>,
    #[command(flatten)]
    pub(crate) expected: ExpectedArgs,
    #[command(flatten)]
    pub(crate) scorings: ScoringArgs,
    /// How many threads work; all cores when left out
    #[arg(long, value_name = "N", hide = true)]
    pub(crate) threads: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
    #[command(flatten)]
    pub(crate) asking: AskArgs,
}
