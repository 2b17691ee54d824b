//! The words about judges: how the emulator's errs, and what `judge` shows.

use clap::{Args, Subcommand, ValueEnum};
use gemini_emulator::Judging;

use super::KeyArgs;

/// How the emulated judge errs.
#[derive(Debug, Clone, Copy, Args)]
#[expect(clippy::struct_field_names, reason = "they are the names of the flags")]
pub(crate) struct JudgingRates {
    /// How often an emulated judge says the opposite of what it thinks, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share, default_value_t = Judging::default().error)]
    pub(crate) judge_error: f64,
    /// How often it prefers the first of two answers, whatever they are
    #[arg(long, value_name = "SHARE", value_parser = share, default_value_t = Judging::default().position_bias)]
    pub(crate) judge_position_bias: f64,
    /// How often its answer is not the JSON that was asked for
    #[arg(long, value_name = "SHARE", value_parser = share, default_value_t = Judging::default().unparsable)]
    pub(crate) judge_unparsable: f64,
}

impl From<JudgingRates> for Judging {
    fn from(rates: JudgingRates) -> Self {
        Self {
            error: rates.judge_error,
            position_bias: rates.judge_position_bias,
            unparsable: rates.judge_unparsable,
        }
    }
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0 to 1".to_owned())
}

#[derive(Debug, Args)]
pub(crate) struct JudgeArgs {
    #[command(subcommand)]
    pub(crate) what: JudgeWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JudgeWhat {
    /// Print the prompt of a kind of judge, to be changed and given back by template="FILE"
    Template {
        /// The kind
        #[arg(value_enum)]
        kind: JudgeKind,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum JudgeKind {
    /// One answer, by a rubric
    Rubric,
    /// Two answers, which one is better
    Pairwise,
    /// An answer against a reference
    Factuality,
}

/// What asking judges about a past run takes.
#[derive(Debug, Args)]
pub(crate) struct AskArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Refuse to spend more than this on judges, in US dollars, all that the run has cost included
    #[arg(long, value_name = "USD")]
    pub(crate) budget: Option<batch_cost::Money>,
    /// Agree to what would otherwise be asked
    #[arg(short, long)]
    pub(crate) yes: bool,
    /// Ask judges again what failed at the service or never came
    #[arg(long)]
    pub(crate) ask_again: bool,
}
