//! Two columns of labels of which nobody knows the right ones: how often they are the same, and no more.

use serde::{Deserialize, Serialize};

use crate::Estimate;

/// A column of labels against the baseline's, by a scorer that knows no right ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// The scorer's name.
    pub scorer: String,
    /// The title of the column.
    pub a: String,
    /// The title of the baseline.
    pub b: String,
    /// Rows with a label of both.
    pub rows: u64,
    /// Rows of them with the same label.
    pub same: u64,
    /// `same / rows` with its Wilson interval, each row taken for itself; none without rows.
    pub share: Option<Estimate>,
    /// Cohen's kappa: how much more often than by chance; none where the labels leave nothing to agree on.
    pub kappa: Option<f64>,
    /// It in a plain sentence, which may hold text from outside.
    pub sentence: String,
}
