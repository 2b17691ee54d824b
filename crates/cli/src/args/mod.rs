//! The words of the command line; no logic.

mod board;
mod emulator;
mod money;
mod rows;
mod run;
mod service;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use board::{FilesArgs, GcArgs, JobsArgs};
pub(crate) use emulator::{AnswersFrom, EmulatorArgs, UpstreamProtocol};
pub(crate) use money::{LimitArgs, MoneyArgs};
pub(crate) use rows::{BadRows, RowArgs, ScoreArgs, TransformArgs};
pub(crate) use run::{
    Ambiguous, CancelArgs, PaceArgs, ResumeArgs, RetryArgs, RunArgs, Until, WatchArgs,
};
pub(crate) use service::{KeyArgs, ServiceArgs};

/// Compare Gemini models on logged data through the Batch API.
#[derive(Debug, Parser)]
#[command(
    name = "batch-eval",
    version,
    max_term_width = 100,
    after_help = "Examples:
  batch-eval run                                   the bundled sample on the built-in emulator
  batch-eval run logs.jsonl -m MODEL_A -m MODEL_B  your data on the real service, with GEMINI_API_KEY
  batch-eval resume                                go on with the newest run
  batch-eval report                                show its report again

Exit codes: 0 done, 2 usage, 3 dataset, 4 key, 5 quota, 6 results incomplete, 7 network,
8 run folder, 9 scorer, 10 a job needs a decision, 70 bug, 74 disk, 75 paused, 130 interrupted.
docs/exit-codes.md says what each means and what to do."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Machine-readable output: one object, or one event a line from run, resume and watch
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print nothing but the result
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log more: -v info, -vv debug, -vvv trace, to stderr
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Log filter, as in `gemini_client=debug`
    #[arg(long, global = true, value_name = "FILTER", env = "BATCH_EVAL_LOG")]
    pub(crate) log: Option<String>,
    /// Where runs are kept [default: runs]
    #[arg(long, global = true, value_name = "DIR", env = "BATCH_EVAL_RUNS_DIR")]
    pub(crate) runs_dir: Option<PathBuf>,
    /// Settings, which flags come before [default: batch-eval.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "BATCH_EVAL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a dataset against models: prepare, upload, submit, wait, fetch, score, report
    Run(Box<RunArgs>),
    /// Go on with a run from wherever it was stopped
    Resume(ResumeArgs),
    /// Send rows of a run again that failed or never came
    Retry(RetryArgs),
    /// Show where a run stands, from its journal alone
    Status(RunRef),
    /// Follow a run until its jobs are over; changes nothing at the service
    Watch(WatchArgs),
    /// Stop the jobs of a run at the service
    Cancel(CancelArgs),
    /// List the runs here, the newest first
    Runs,
    /// List all jobs of the key: state, age, rows, and the run each belongs to
    Jobs(JobsArgs),
    /// List all files of the key: age, size, and the run each belongs to
    Files(FilesArgs),
    /// Remove from the service what no run needs any more; shows it first
    Gc(GcArgs),
    /// Write the input file of a dataset: what would be uploaded
    Transform(TransformArgs),
    /// Score a run again, or a result file, or the logged answers of a dataset
    Score(ScoreArgs),
    /// Show the report of a run again
    Report(RunRef),
    /// Serve the built-in emulator of the Gemini Files and Batch APIs to any client
    Emulator(EmulatorArgs),
}

impl Command {
    /// The word that names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Resume(_) => "resume",
            Self::Retry(_) => "retry",
            Self::Status(_) => "status",
            Self::Watch(_) => "watch",
            Self::Cancel(_) => "cancel",
            Self::Runs => "runs",
            Self::Jobs(_) => "jobs",
            Self::Files(_) => "files",
            Self::Gc(_) => "gc",
            Self::Transform(_) => "transform",
            Self::Score(_) => "score",
            Self::Report(_) => "report",
            Self::Emulator(_) => "emulator",
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunRef {
    /// A run's name or folder; the newest run when left out
    pub(crate) run: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn words_fit_together() {
        super::Cli::command().debug_assert();
    }
}
