//! The words of `run` and of what follows it.

use std::time::Duration;

use clap::{Args, ValueEnum};

use super::money::bytes;
use super::{
    BadRows, ExpectedArgs, JudgingArgs, KeyArgs, LimitArgs, MoneyArgs, RowArgs, RunRef, ServiceArgs,
};
use crate::again::Class;
use crate::config::{Config, PaceConfig, StuckThen};
use crate::duration::parse_duration;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval run
  batch-eval run logs.jsonl -m sim-flash -m sim-pro --emulator
  batch-eval run logs.jsonl -m MODEL --scorer function-call:any-part --name fri
  batch-eval run logs.jsonl.gz -m MODEL --until submitted
  batch-eval run logs.jsonl -m MODEL --sample 500 --dry-run")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct RunArgs {
    /// The dataset: JSONL files, also .gz and .zst, or - for standard input; the bundled sample
    /// when left out
    #[arg(value_name = "DATASET")]
    pub(crate) datasets: Vec<String>,
    /// A model to run; repeat it to compare models
    #[arg(short, long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// A scorer, such as function-call:any-part, function-call:name=NAME, not(function-call);
    /// repeat it for several [default: function-call]
    #[arg(long = "scorer", value_name = "SCORER")]
    pub(crate) scorers: Vec<String>,
    #[command(flatten)]
    pub(crate) expected: ExpectedArgs,
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
    /// Do all that costs nothing: prepare, forecast, say what would be sent; then stop
    #[arg(long, conflicts_with = "until")]
    pub(crate) dry_run: bool,
    /// What to do with rows that cannot be sent [default: fail]
    #[arg(long, value_enum, value_name = "WHAT")]
    pub(crate) bad_rows: Option<BadRows>,
    /// Take a report with missing or failed rows as success
    #[arg(long)]
    pub(crate) accept_partial: bool,
    #[command(flatten)]
    pub(crate) rows: RowArgs,
    #[command(flatten)]
    pub(crate) money: MoneyArgs,
    #[command(flatten)]
    pub(crate) limits: LimitArgs,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
}

impl RunArgs {
    /// What the flags say, as the settings that a file may hold too.
    pub(crate) fn as_config(&self) -> Config {
        Config {
            models: self.models.clone(),
            scorers: self.scorers.clone(),
            expected: self.expected.expected.clone(),
            baseline: self.judging.baseline.clone(),
            gates: self.judging.gates.clone(),
            slices: self.judging.slices.clone(),
            cluster: self.judging.cluster.clone(),
            bad_rows: self.bad_rows,
            accept_partial: self.accept_partial.then_some(true),
            money: self.money.as_config(),
            limits: self.limits.as_config(),
            pace: self.pace.as_config(),
            ..Config::default()
        }
    }
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
    /// The most bytes that are taken of one job's results [default: 64 MiB and 4 MiB for each row]
    #[arg(long, value_name = "N", value_parser = bytes)]
    pub(crate) max_result_bytes: Option<u64>,
    /// Send rows that failed or never came again, at most this often [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) retry_rows: Option<u32>,
    /// The age from which a job counts as stuck [default: never]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) stuck_after: Option<Duration>,
    /// What to do with a stuck job [default: wait]
    #[arg(long = "then", value_enum, value_name = "WHAT")]
    pub(crate) stuck_then: Option<StuckThen>,
}

impl PaceArgs {
    pub(crate) fn as_config(&self) -> PaceConfig {
        PaceConfig {
            retry_rows: self.retry_rows,
            stuck_after: self.stuck_after,
            stuck_then: self.stuck_then,
            poll_interval: self.poll_interval,
            settle: self.settle,
            deadline: self.deadline,
            patience: self.patience,
            on_ambiguous: self.on_ambiguous,
            max_result_bytes: self.max_result_bytes,
        }
    }

    /// The flags that these settings would be.
    pub(crate) fn of(pace: &PaceConfig, until: Option<Until>) -> Self {
        Self {
            until,
            retry_rows: pace.retry_rows,
            stuck_after: pace.stuck_after,
            stuck_then: pace.stuck_then,
            poll_interval: pace.poll_interval,
            settle: pace.settle,
            deadline: pace.deadline,
            patience: pace.patience,
            on_ambiguous: pace.on_ambiguous,
            max_result_bytes: pace.max_result_bytes,
        }
    }
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
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ResumeArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Fetch all results again, as when a result file is damaged
    #[arg(long)]
    pub(crate) refetch: bool,
    /// Take this job's results for those of a job of the run that is in doubt
    #[arg(long, value_name = "batches/ID")]
    pub(crate) adopt: Option<String>,
    /// The job of the run that --adopt and --abandon mean, as `status` names it, if several could be
    #[arg(long, value_name = "JOB")]
    pub(crate) job: Option<String>,
    /// Give up a job of the run that is in doubt: it is not created again
    #[arg(long, conflicts_with = "adopt")]
    pub(crate) abandon: bool,
    /// Cut a damaged journal back to the line before the damage; jobs that it may have told of are
    /// looked for before any is created
    #[arg(long)]
    pub(crate) repair: bool,
    /// Agree to what would otherwise be asked
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Refuse to spend more than this, in US dollars, in this session instead of the run's own
    /// budget
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<batch_cost::Money>,
    /// Take a report with missing or failed rows as success
    #[arg(long)]
    pub(crate) accept_partial: bool,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval retry friday --dry-run       which rows, and why
  batch-eval retry friday                 what failed or never came
  batch-eval retry friday --also blocked -m MODEL
  batch-eval retry friday --also stopped  rows of cancelled jobs, too")]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Only rows of this model, or MODEL/VARIANT; repeat it for several
    #[arg(short, long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// Send rows of this kind too: what is sent anyway is missing, transient and quota
    #[arg(long, value_enum, value_name = "KIND")]
    pub(crate) also: Vec<Class>,
    /// Say which rows would be sent; then stop
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Agree to what would otherwise be asked
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Refuse to spend more than this, in US dollars, over all of the run
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<batch_cost::Money>,
    /// Take a report with missing or failed rows as success
    #[arg(long)]
    pub(crate) accept_partial: bool,
    #[command(flatten)]
    pub(crate) pace: PaceArgs,
    #[command(flatten)]
    pub(crate) judging: JudgingArgs,
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
