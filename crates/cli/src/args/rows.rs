//! The words of the commands on files of rows.

use clap::{Args, ValueEnum};

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
  zcat logs.jsonl.gz | batch-eval transform - -o - > input.jsonl")]
pub(crate) struct TransformArgs {
    /// The dataset: a JSONL file, or - for standard input
    pub(crate) dataset: String,
    /// Where to write, or - for standard output
    #[arg(short, long, value_name = "OUT")]
    pub(crate) output: String,
    /// What to do with rows that cannot be sent
    #[arg(long, value_enum, default_value_t = BadRows::Fail)]
    pub(crate) bad_rows: BadRows,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval score results.jsonl                  a result file, also one the notebook made
  batch-eval score logs.jsonl                     the logged answers of a dataset
  batch-eval score friday --scorer function-call:any-part")]
pub(crate) struct ScoreArgs {
    /// A result file, a dataset, or a run's name or folder; the newest run when left out
    pub(crate) what: Option<String>,
    /// A scorer; repeat it for several [default: the run's, or function-call]
    #[arg(long = "scorer", value_name = "SCORER")]
    pub(crate) scorers: Vec<String>,
}
