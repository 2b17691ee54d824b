//! The words of the commands that look at runs: one row, the drift from the log, two runs side by side.

use clap::Args;

use super::RunRef;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval runs
  batch-eval runs | head -3
  batch-eval runs --json | jq -r '.runs[] | select(.state == \"fetched\") | .run'

A folder that cannot be read is listed with its trouble, and nothing else fails of it.")]
pub(crate) struct RunsArgs {}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval show friday 42                 row 42, counted from 0
  batch-eval show friday r00000042-1f9c03ab the row of that key
  batch-eval show friday line:43            the row on line 43 of the dataset
  batch-eval show 42                        row 42 of the newest run
  batch-eval show friday 42 --full | less   nothing cut
  batch-eval show friday 42 --json | jq .answers

Whatever a model or a dataset wrote is shown with its control characters written out.")]
pub(crate) struct ShowArgs {
    /// A run's name or folder, and a row; of the newest run when only the row is there. A row is a
    /// number counted from 0, a key such as r00000042-1f9c03ab, or line:N of the dataset
    #[arg(required = true, num_args = 1..=2, value_names = ["RUN", "ROW"])]
    pub(crate) what: Vec<String>,
    /// Show everything, however long
    #[arg(long)]
    pub(crate) full: bool,
}

impl ShowArgs {
    /// The run, if one is named, and the row.
    pub(crate) fn run_and_row(&self) -> (Option<&str>, &str) {
        match self.what.as_slice() {
            [run, row, ..] => (Some(run), row),
            [row] => (None, row),
            [] => (None, ""),
        }
    }
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval drift friday
  batch-eval drift friday --slice /country
  batch-eval drift friday --examples 20
  batch-eval drift friday --json | jq '.models[].calls'

Each model's answers against those logged with the requests: what flipped, which calls changed their \
function or their arguments, how long answers are, how they ended. Offline. Verdicts are those of the \
run's report; `batch-eval report` makes it where there is none.")]
pub(crate) struct DriftArgs {
    #[command(flatten)]
    pub(crate) run: RunRef,
    /// Break it down by a field of the dataset's rows, as in /metadata/language
    #[arg(long, value_name = "POINTER")]
    pub(crate) slice: Option<String>,
    /// Name so many rows of each kind of change
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) examples: usize,
}

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  batch-eval compare monday friday
  batch-eval compare monday friday --scorer function-call:any-part
  batch-eval compare monday friday --json | jq '.comparisons[]'

Rows are matched by their requests, so that two runs of the same data meet whatever their order. Each \
model of the second run is compared with the same model of the first, over the rows that both scored.")]
pub(crate) struct CompareArgs {
    /// The run that is compared with: a name or a folder
    #[arg(value_name = "RUN_A")]
    pub(crate) before: String,
    /// The run that is compared: a name or a folder
    #[arg(value_name = "RUN_B")]
    pub(crate) after: String,
    /// A scorer for both; repeat it for several [default: those that both runs have]
    #[arg(long = "scorer", value_name = "SCORER")]
    pub(crate) scorers: Vec<String>,
    /// Compare with the column of that title in the first run, whatever those of the second are
    #[arg(long, value_name = "COLUMN")]
    pub(crate) with: Option<String>,
    /// Rows that share the value of this field belong together, as those of one conversation
    /// [default: the field that both runs go by]
    #[arg(long, value_name = "POINTER")]
    pub(crate) cluster: Option<String>,
}
