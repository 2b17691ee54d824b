//! What was made of the dataset: inputs, what was left out, what it may cost.

use batch_orchestrator::{InputId, Load};
use serde::{Deserialize, Serialize};

use crate::{Print, text};

/// What was made of the dataset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Rows that are sent, to each model and in each variant.
    pub rows: u64,
    /// The files that are uploaded.
    pub inputs: Vec<MadeInput>,
    /// The print of what was taken out of the rows; runs of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged: Option<Print>,
    /// What happened on the way.
    pub transformed: Transformed,
    /// What the run was thought to cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
}

/// What a run was thought to cost before it began: nothing is computed from it again.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// Tokens of all requests, to all models.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_tokens: Option<u64>,
    /// Tokens of all answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_tokens: Option<u64>,
    /// At least, in millionths of a dollar.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<u64>,
    /// Most likely.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub likely: Option<u64>,
    /// At most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<u64>,
    /// Which prices, as a file and its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prices: Option<String>,
}

/// One file that is uploaded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeInput {
    /// Which.
    #[serde(with = "text")]
    pub id: InputId,
    /// Its rows.
    pub rows: u64,
    /// Its length.
    pub bytes: u64,
    /// The print of its bytes; runs of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub print: Option<Print>,
    /// How heavy its job is for each model, in the models' order; empty where nobody estimated it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub loads: Vec<JobLoad>,
}

impl MadeInput {
    /// An input whose weight nobody estimated and whose print nobody took.
    pub fn new(id: InputId, rows: u64, bytes: u64) -> Self {
        Self { id, rows, bytes, print: None, loads: Vec::new() }
    }
}

/// How heavy one job was thought to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct JobLoad {
    /// Tokens that count against the model's queue at the service.
    pub tokens: u64,
    /// What it may cost at most, in millionths of a dollar; `None` where no price is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<u64>,
}

impl From<JobLoad> for Load {
    fn from(load: JobLoad) -> Self {
        Self { tokens: load.tokens, cost: load.cost }
    }
}

/// What happened to the rows that were read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Transformed {
    /// Rows left out on purpose.
    pub skipped: u64,
    /// Rows that could not be used.
    pub bad: u64,
    /// Rows equal to an earlier one, which are answered with it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub copies: u64,
    /// What the user should know, in sentences.
    pub warnings: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}
