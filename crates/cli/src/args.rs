//! The words of the command line; no logic.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::duration::parse_duration;

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
    /// Where runs are kept
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "BATCH_EVAL_RUNS_DIR",
        default_value = "runs"
    )]
    pub(crate) runs_dir: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a dataset against models: prepare, upload, submit, wait, fetch, score, report
    Run(RunArgs),
    /// Go on with a run from wherever it was stopped
    Resume(ResumeArgs),
    /// Show where a run stands, from its journal alone
    Status(RunRef),
    /// Follow a run until its jobs are over; changes nothing at the service
    Watch(WatchArgs),
    /// Stop the jobs of a run at the service
    Cancel(CancelArgs),
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
            Self::Status(_) => "status",
            Self::Watch(_) => "watch",
            Self::Cancel(_) => "cancel",
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
pub(crate) struct ServiceArgs {
    /// Another address of the API, such as an emulator's
    #[arg(long, value_name = "URL", env = "GOOGLE_GEMINI_BASE_URL")]
    pub(crate) base_url: Option<String>,
    /// The API version in paths [default: v1beta]
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
}

#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_field_names, reason = "the fields are named as the flags are")]
pub(crate) struct KeyArgs {
    /// Read the API key from a file that only you can read
    #[arg(long, value_name = "FILE", conflicts_with = "api_key_stdin")]
    pub(crate) api_key_file: Option<PathBuf>,
    /// Read the API key from standard input
    #[arg(long)]
    pub(crate) api_key_stdin: bool,
    /// Refused: a key on the command line is there for all to see
    #[arg(long, hide = true, value_name = "KEY", num_args = 0..=1, default_missing_value = "")]
    pub(crate) api_key: Option<String>,
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
pub(crate) enum BadRows {
    /// Stop before anything is sent
    Fail,
    /// Leave them out and count them
    Skip,
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

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval emulator --listen 127.0.0.1:8080
  batch-eval emulator --listen 127.0.0.1:0 --time-scale 1000 --state ./emulated
  batch-eval emulator --upstream http://127.0.0.1:11434 --upstream-model llama3.2

The first line printed is the base URL. Any key is taken. With Google's SDKs:
  export GOOGLE_GEMINI_BASE_URL=http://127.0.0.1:8080 GEMINI_API_KEY=any")]
pub(crate) struct EmulatorArgs {
    /// The address to serve on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub(crate) listen: std::net::SocketAddr,
    /// Serve on an address that other machines reach
    #[arg(long)]
    pub(crate) allow_remote: bool,
    /// Emulated seconds per second
    #[arg(long, value_name = "N", default_value_t = 1.0)]
    pub(crate) time_scale: f64,
    /// Keep files and jobs in this folder, and go on from it
    #[arg(long, value_name = "DIR")]
    pub(crate) state: Option<PathBuf>,
    /// Chance for answers, ids and the order of results
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Faults and courses of jobs to play, as a JSON or TOML file (docs/emulator.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Where answers come from
    #[arg(long, value_enum, value_name = "SOURCE", default_value_t = AnswersFrom::Rules,
          conflicts_with_all = ["replay", "upstream"])]
    pub(crate) answers: AnswersFrom,
    /// Answer with the responses logged in this dataset, equal requests alike
    #[arg(long, value_name = "DATASET", conflicts_with = "upstream")]
    pub(crate) replay: Option<PathBuf>,
    /// Answer with a real model: an OpenAI- or Gemini-compatible server, such as Ollama's
    #[arg(long, value_name = "URL")]
    pub(crate) upstream: Option<String>,
    /// The upstream's protocol [default: found out with the first row]
    #[arg(long, value_enum, value_name = "KIND", requires = "upstream")]
    pub(crate) upstream_kind: Option<UpstreamProtocol>,
    /// Ask the upstream for this model, whatever the job's is called
    #[arg(long, value_name = "MODEL", requires = "upstream")]
    pub(crate) upstream_model: Option<String>,
    /// The environment variable that holds the upstream's key
    #[arg(long, value_name = "NAME", requires = "upstream")]
    pub(crate) upstream_key_env: Option<String>,
    /// Rows of a job that the upstream is asked at a time
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) upstream_concurrency: usize,
    /// Draw faults by chance from this seed
    #[arg(long, value_name = "N")]
    pub(crate) chaos_seed: Option<u64>,
    /// Serve /__emulator: what was asked so far, another script, the clock
    #[arg(long)]
    pub(crate) control: bool,
}

/// Where the emulator's answers come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum AnswersFrom {
    /// Simple rules, from the request's own tools and text
    Rules,
    /// The request itself
    Echo,
}

/// The protocol of a real model's server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UpstreamProtocol {
    /// /v1/chat/completions
    Openai,
    /// models/MODEL:generateContent
    Gemini,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn words_fit_together() {
        super::Cli::command().debug_assert();
    }
}
