//! The words of the command line; no logic.

mod board;
mod emulator;
mod examples;
mod judges;
mod judging;
mod look;
mod money;
mod plugin;
mod report;
mod rows;
mod run;
mod scoring;
mod service;
mod setup;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use board::{FilesArgs, GcArgs, JobsArgs};
pub(crate) use emulator::{AnswersFrom, EmulatorArgs, UpstreamProtocol};
pub(crate) use judges::{AskArgs, JudgeArgs, JudgeKind, JudgeWhat};
pub(crate) use judging::JudgingArgs;
pub(crate) use look::{CompareArgs, DriftArgs, RunsArgs, ShowArgs};
pub(crate) use money::{LimitArgs, MoneyArgs};
pub(crate) use plugin::{PluginArgs, PluginCheckArgs, PluginCommand};
pub(crate) use report::{Format, ReportArgs};
pub(crate) use rows::{BadRows, RowArgs, ScoreArgs, TransformArgs};
pub(crate) use run::{
    Ambiguous, CancelArgs, PaceArgs, ResumeArgs, RetryArgs, RunArgs, Until, WatchArgs,
};
pub(crate) use scoring::{ExpectedArgs, ScoringArgs};
pub(crate) use service::{KeyArgs, ServiceArgs};
pub(crate) use setup::{CheckArgs, CompletionsArgs, DoctorArgs, InitArgs, LogFormat, ManArgs};

/// Compare Gemini models on logged data through the Batch API.
#[derive(Debug, Parser)]
#[command(
    name = "batch-eval",
    version = crate::version::LONG,
    max_term_width = 100,
    after_help = "Examples:
  batch-eval run                                 the bundled sample, emulated
  batch-eval run logs.jsonl -m MODEL -m ANOTHER  your data on the real service
  batch-eval resume                              go on with the newest run
  batch-eval report                              show its report again

The real service takes a key: GEMINI_API_KEY.

Exit codes: 0 done, 1 gate not met, 2 usage, 3 dataset, 4 key, 5 quota, 6 results incomplete, 7 network, \
8 run folder, 9 scorer, 10 a job needs a decision, 11 gate undecided, 70 bug, 74 disk, 75 paused, 130 interrupted. \
docs/exit-codes.md says what each means and what to do."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
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
    /// How logs are written
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,
    /// Write logs to the end of this file, instead of stderr; -v info when no level is named
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<PathBuf>,
    /// Where runs are kept [default: runs]
    #[arg(long, global = true, value_name = "DIR", env = "BATCH_EVAL_RUNS_DIR")]
    pub(crate) runs_dir: Option<PathBuf>,
    /// Settings, which flags come before [default: batch-eval.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "BATCH_EVAL_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Trust a run folder that you did not make: start the programs it names as scorers, send the key to the
    /// address it names
    #[arg(long, global = true, visible_alias = "trust-folder")]
    pub(crate) trust_plugins: bool,
    /// Work on runs also where the file system has no locks: nothing keeps a second process from the same run then
    #[arg(long, global = true)]
    pub(crate) no_lock: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a dataset against models: prepare, upload, submit, wait, fetch, score, report
    Run(Box<RunArgs>),
    /// Go on with a run from wherever it was stopped
    #[command(after_help = examples::RESUME)]
    Resume(ResumeArgs),
    /// Send rows of a run again that failed or never came
    Retry(RetryArgs),
    /// Show where a run stands, from its journal alone
    #[command(after_help = examples::STATUS)]
    Status(RunRef),
    /// Follow a run until its jobs are over; changes nothing at the service
    #[command(after_help = examples::WATCH)]
    Watch(WatchArgs),
    /// Stop the jobs of a run at the service
    #[command(after_help = examples::CANCEL)]
    Cancel(CancelArgs),
    /// List the runs here, the newest first
    Runs(RunsArgs),
    /// Show one row of a run: what was asked, what was logged, what each model answered
    Show(ShowArgs),
    /// Show how far answers are from the logged ones: flips, calls, lengths, ends
    Drift(DriftArgs),
    /// Compare two runs over the same rows
    Compare(CompareArgs),
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
    /// Try a scorer of your own out
    Plugin(PluginArgs),
    /// What judges are asked with
    #[command(after_help = examples::JUDGE)]
    Judge(JudgeArgs),
    /// Show the report of a run again
    Report(ReportArgs),
    /// Serve the built-in emulator of the Gemini Files and Batch APIs to any client
    Emulator(EmulatorArgs),
    /// Write a settings file with comments, from a look at a dataset
    Init(InitArgs),
    /// Find out what stands in the way of a run, before anything is spent
    Check(Box<CheckArgs>),
    /// Say what is set up here, what is missing, and what works without it
    Doctor(DoctorArgs),
    /// Write what a shell needs to complete these words
    Completions(CompletionsArgs),
    /// Show the man page, or write one for each command
    Man(ManArgs),
}

impl Command {
    /// Whether it is there to mend what keeps others from running, a broken settings file among it.
    pub(crate) fn mends(&self) -> bool {
        matches!(self, Self::Init(_) | Self::Check(_) | Self::Doctor(_))
    }

    /// The word that names it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Run(_) => "run",
            Self::Resume(_) => "resume",
            Self::Retry(_) => "retry",
            Self::Status(_) => "status",
            Self::Watch(_) => "watch",
            Self::Cancel(_) => "cancel",
            Self::Runs(_) => "runs",
            Self::Show(_) => "show",
            Self::Drift(_) => "drift",
            Self::Compare(_) => "compare",
            Self::Jobs(_) => "jobs",
            Self::Files(_) => "files",
            Self::Gc(_) => "gc",
            Self::Transform(_) => "transform",
            Self::Score(_) => "score",
            Self::Plugin(_) => "plugin",
            Self::Judge(_) => "judge",
            Self::Report(_) => "report",
            Self::Emulator(_) => "emulator",
            Self::Init(_) => "init",
            Self::Check(_) => "check",
            Self::Doctor(_) => "doctor",
            Self::Completions(_) => "completions",
            Self::Man(_) => "man",
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
    use clap::{CommandFactory as _, Parser as _};

    #[test]
    fn words_fit_together() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn a_count_of_bytes_with_a_unit_is_told_how_it_is_written() {
        for flag in ["--max-result-bytes", "--bytes-per-shard"] {
            let parsed =
                |value: &str| super::Cli::try_parse_from(["batch-eval", "run", flag, value]);
            assert!(parsed("10000000").is_ok(), "{flag}");
            for wrong in ["10kB", "0", "1e6"] {
                let error = parsed(wrong).unwrap_err().to_string();
                assert!(error.contains("10000000 for 10 MB"), "{error}");
            }
        }
    }

    /// Where they do not, they are broken in two, and are no longer what can be copied.
    #[test]
    fn every_example_fits_eighty_columns() {
        fn look(command: &clap::Command, seen: &mut usize) {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples = help.lines().filter(|line| line.starts_with(' '));
            for example in examples {
                assert!(example.chars().count() <= 80, "{}: {example}", command.get_name());
                *seen += 1;
            }
            command.get_subcommands().for_each(|below| look(below, seen));
        }
        let mut seen = 0;
        look(&super::Cli::command(), &mut seen);
        assert!(seen > 60, "{seen}");
    }
}
