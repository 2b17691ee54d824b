//! The words about what a report concludes: what is compared with what, by which rows, and what decides.

use clap::Args;

use super::Command;
use crate::judge::Judging;

/// What the report concludes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Conclusions")]
pub(crate) struct JudgingArgs {
    /// Compare every column with this one: logged, MODEL or MODEL/VARIANT [default: logged if
    /// there are logged answers, else the first model]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) baseline: Option<String>,
    /// Report each value of this field of the dataset's rows by itself too, as in /country or
    /// /request/labels/team; repeat it for more
    #[arg(long = "slice", value_name = "POINTER")]
    pub(crate) slices: Vec<String>,
    /// Rows that share the value of this field belong together, as those of one conversation:
    /// intervals and tests take that into account
    #[arg(long, value_name = "POINTER")]
    pub(crate) cluster: Option<String>,
    /// Decide by this: exit 0 if it is met, 1 if not, 11 if the rows do not tell; as in
    /// 'MODEL >= logged - 0.02' or 'MODEL/VARIANT@SCORER >= 0.9'; repeat it for more
    #[arg(long = "gate", value_name = "GATE")]
    pub(crate) gates: Vec<String>,
}

impl JudgingArgs {
    fn wishes(&self) -> Judging {
        Judging {
            baseline: self.baseline.clone(),
            slices: self.slices.clone(),
            cluster: self.cluster.clone(),
            gates: self.gates.clone(),
        }
    }
}

impl Command {
    /// What its flags say of conclusions.
    pub(crate) fn judging(&self) -> Judging {
        match self {
            Self::Run(args) => args.judging.wishes(),
            Self::Resume(args) => args.judging.wishes(),
            Self::Retry(args) => args.judging.wishes(),
            Self::Score(args) => args.judging.wishes(),
            Self::Report(args) => args.judging.wishes(),
            Self::Compare(args) => Judging { cluster: args.cluster.clone(), ..Judging::default() },
            _ => Judging::default(),
        }
    }
}
