//! The words of `batch-eval plugin`.

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct PluginArgs {
    #[command(subcommand)]
    pub(crate) command: PluginCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PluginCommand {
    /// Try a scorer of your own out: starts it several times and asks it for verdicts on odd rows
    Check(PluginCheckArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval plugin check python:rules.py:is_correct
  batch-eval plugin check 'exec:node scorer.js'
  batch-eval plugin check 'node scorer.js --strict' --json
  batch-eval plugin check --json -- node scorer.js --strict

Flags of a command that is not in one word stand behind --: those before it are batch-eval's own.

Ends in 0 if it does all that docs/scoring-plugins.md asks of it, and in 9 if not.")]
pub(crate) struct PluginCheckArgs {
    /// A scorer, as for --scorer, or a command, in one word or in several
    #[arg(required = true, value_name = "SCORER")]
    pub(crate) plugin: Vec<String>,
}
