//! The words of `run` and of what follows it.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{BadRows, KeyArgs, RunRef, ServiceArgs};
use crate::duration::parse_duration;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval run
  batch-eval run logs.jsonl -m sim-flash -m sim-pro --emulator
  batch-eval run logs.jsonl -m MODEL --scorer function-call:any-part --name friday
  gunzip -c logs.jsonl.gz | batch-eval run - -m MODEL --until submitted")]
pub(crate) struct RunArgs {
    /// The dataset: a JSONL file, or - for standard input; the bundled sample when left out
    pub(crate) dataset: Option<String>,
    /// A model to run; repeat it to compare models
    #[arg(short, long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// A scorer, such as function-call:any-part, function-call:name=NAME, not(function-call);
    /// repeat it for several [default: function-call]
    #[arg(long = "scorer", value_name = "SCORER")]
    pub(crate) scorers: Vec<String>,
    /// The run's name; the same name and settings again go on with that run
    #[arg(long)]
    pub(crate) name: Option<String>,
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
    /// Use the built-in emulator even if a key or an address is set
    #[arg(long)]
    pub(crate) emulator: bool,
    /// Agree to what would otherwise be asked
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// What to do with rows that cannot be sent
    #[arg(long, value_enum, default_value_t = BadRows::Fail)]
    pub(crate) bad_rows: BadRows,
    /// Take a report with missing or failed rows as success
    #[arg(long)]
    pub(crate) accept_partial: bool,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct PaceArgs {
    /// Stop after this step; `resume` goes on
    #[arg(long, value_enum, value_name = "STEP")]
    pub(crate) until: Option<Until>,
    /// Time between looks at the jobs [default: 10 s growing to 2 min]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) poll_interval: Option<Duration>,
    /// How long a job whose creation went unanswered is looked for [default: 10m]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) settle: Option<Duration>,
    /// How old a job may get before waiting for it stops [default: 50h]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) deadline: Option<Duration>,
    /// How long to keep trying when the service does not answer [default: 6h]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) patience: Option<Duration>,
    /// What to do when it stays unknown whether a job was created
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) on_ambiguous: Option<Ambiguous>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Until {
    /// The inputs are written
    Prepared,
    /// The inputs lie at the service
    Uploaded,
    /// The jobs are created
    Submitted,
    /// The results are here
    Fetched,
    /// The results are scored
    Scored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ambiguous {
    /// Create it again after the settle time
    Retry,
    /// Leave it to you
    Stop,
}

#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Fetch all results again, as when a result file is damaged
    #[arg(long)]
    pub(crate) refetch: bool,
    /// Take a report with missing or failed rows as success
    #[arg(long)]
    pub(crate) accept_partial: bool,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
}

#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Time between looks at the jobs [default: 10 s growing to 2 min]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) poll_interval: Option<Duration>,
}

#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
}
