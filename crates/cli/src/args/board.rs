//! The words of the job board: what lies at the service, whoever put it there.

use std::time::Duration;

use clap::Args;

use super::ServiceArgs;
use crate::duration::parse_duration;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval jobs
  batch-eval jobs --live
  batch-eval jobs --json | jq -r '.jobs[] | select(.run == null) | .name'

A job of a run on the built-in emulator is not listed: that emulator lives inside the run.")]
pub(crate) struct JobsArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// Only jobs that are not over
    #[arg(long)]
    pub(crate) live: bool,
    /// Show at most this many, the newest first; all are counted
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval files
  batch-eval files --json | jq '[.files[].bytes] | add'")]
pub(crate) struct FilesArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// Show at most this many; all are counted
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) limit: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval gc                         what would go, and why the rest stays
  batch-eval gc --yes                   remove it
  batch-eval gc --orphans --older-than 7d --yes

Only what carries this program's mark is touched. What belongs to a run in --runs-dir goes once the \
run has its results; what belongs to no run there is an orphan, which may well be a colleague's.")]
pub(crate) struct GcArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// Do it; without this it is only shown
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Also remove inputs and stop jobs that carry this program's mark but belong to no run here
    #[arg(long)]
    pub(crate) orphans: bool,
    /// Leave orphans alone that are younger than this
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "48h")]
    pub(crate) older_than: Duration,
}
