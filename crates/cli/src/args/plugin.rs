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
  batch-eval plugin check node scorer.js

Ends in 0 if it does all that docs/scoring-plugins.md asks of it, and in 9 if not.")]
pub(crate) struct PluginCheckArgs {
    /// A scorer, as for --scorer, or a command
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "SCORER"
    )]
    pub(crate) plugin: Vec<String>,
}
