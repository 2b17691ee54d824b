//! The words of `emulator`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::judges::JudgingRates;
use crate::duration::parse_duration;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval emulator --listen 127.0.0.1:8080
  batch-eval emulator --listen 127.0.0.1:0 --time-scale 1000 --state ./emulated
  batch-eval emulator --upstream http://127.0.0.1:11434 --upstream-model llama3

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
    /// Rows of all jobs that the upstream is asked for at a time
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) upstream_concurrency: usize,
    /// How long the upstream may take for one try at an answer
    #[arg(long, value_name = "TIME", value_parser = parse_duration, default_value = "10m",
          requires = "upstream")]
    pub(crate) upstream_timeout: Duration,
    /// How often a row is tried when the upstream is out of reach, busy or broken
    #[arg(long, value_name = "N", default_value_t = 4,
          value_parser = clap::value_parser!(u32).range(1..), requires = "upstream")]
    pub(crate) upstream_tries: u32,
    #[command(flatten)]
    pub(crate) judging: JudgingRates,
    /// List these models, and answer 404 to all others
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) models: Vec<String>,
    /// Answer 400 to this key; any other will do
    #[arg(long, value_name = "KEY")]
    pub(crate) bad_key: Vec<String>,
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
