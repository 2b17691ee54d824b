//! The words of `report`.

use clap::{Args, ValueEnum};

use super::judging::JudgingArgs;
use super::{ExpectedArgs, RunRef};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval report                                the newest run
  batch-eval report friday --slice /country        each country by itself too
  batch-eval report friday --gate 'MODEL >= logged - 0.02'  exit 0, 1 or 11
  batch-eval report friday --expected labels.jsonl held against right answers
  batch-eval report friday --format md -o it.md    for a pull request
  batch-eval report friday --format html -o it.html  the page, with its rows
  batch-eval report friday --format csv -o it.csv  every row, for a spreadsheet")]
pub(crate) struct ReportArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    /// What it is written as
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Terminal)]
    pub(crate) format: Format,
    /// Where it is written to, or - for standard output [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<String>,
    #[command(flatten)]
    pub(crate) expected: ExpectedArgs,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table and sentences
    Terminal,
    /// All of it, as docs/schemas/report-1.json says
    Json,
    /// Short, for a pull request
    Md,
    /// A page that carries its rows along: one file, to look through and to pass on
    Html,
    /// A line for each row and column, for spreadsheets
    Csv,
    /// The same as JSON lines
    Jsonl,
    /// Gates and rows that got worse, as test results
    Junit,
}
