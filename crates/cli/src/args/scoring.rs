//! The words about scorers' expected values and about the scorings of a run.

use clap::Args;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ExpectedArgs {
    /// What answers are held against: `FILE` or `FILE:/POINTER` with JSON lines of `key` or `row` and
    /// `expected`, or a plain value for each row; a place in the dataset row, as /metadata/answer;
    /// or logged
    #[arg(long, value_name = "FROM")]
    pub(crate) expected: Option<String>,
}

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ScoringArgs {
    /// List the scorings that the run has
    #[arg(long, conflicts_with_all = ["scorers", "diff"])]
    pub(crate) list: bool,
    /// Show the rows of which two scorings of the run say different things
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with = "scorers")]
    pub(crate) diff: Vec<String>,
}
