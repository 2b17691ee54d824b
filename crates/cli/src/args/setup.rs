//! The words of the commands that set things up and say how they stand.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::{RunArgs, ServiceArgs};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval init logs.jsonl
  batch-eval init logs.jsonl -m gemini-3.8-flash -m gemini-3.5-flash-lite
  batch-eval init logs.jsonl -o evals/spam.toml
  batch-eval init logs.jsonl -o - | less
  head -500 logs.jsonl | batch-eval init - -o -")]
pub(crate) struct InitArgs {
    /// The dataset to look at: a JSONL file, also .gz and .zst, or - for standard input
    pub(crate) dataset: Option<String>,
    /// A model to write down; repeat it to compare models
    #[arg(short, long = "model", value_name = "MODEL")]
    pub(crate) models: Vec<String>,
    /// The file to write, or - for standard output
    #[arg(short, long, value_name = "FILE", default_value = "batch-eval.toml")]
    pub(crate) output: PathBuf,
    /// Write over a file that is there
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval check logs.jsonl -m gemini-3.8-flash
  batch-eval check                       what batch-eval.toml says
  batch-eval check logs.jsonl --offline  without asking the service
  batch-eval check --json | jq '.findings[] | select(.mark == \"bad\")'

It takes the words of `run`, so that `check` may stand in its place. Nothing is sent but questions that \
cost nothing, and no run is made. The exit code is the one that the run would end with.")]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// Ask the service nothing: the key and the models are not tried
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval doctor
  batch-eval doctor --json | jq -r '.findings[] | \"\\(.mark) \\(.subject)\"'")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub(crate) service: ServiceArgs,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval completions bash \\
    > ~/.local/share/bash-completion/completions/batch-eval
  batch-eval completions zsh > ~/.zfunc/_batch-eval
  batch-eval completions fish > ~/.config/fish/completions/batch-eval.fish
  source <(batch-eval completions bash)      only for this shell")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval man | man -l -
  batch-eval man ~/.local/share/man/man1     a page for each command")]
pub(crate) struct ManArgs {
    /// A folder for all pages; the first page goes to standard output without one
    #[arg(value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// How logs are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line an event, for people
    Text,
    /// One object an event
    Json,
}
