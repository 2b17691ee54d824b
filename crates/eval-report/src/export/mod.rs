//! The rows of a run for other programs: spreadsheets, scripts, and what reads test results.

mod csv;
mod jsonl;
mod junit;
mod said;

pub use csv::RowsCsv;
pub use jsonl::RowsJsonl;
pub use junit::Junit;

/// What stands in the rows of an export is called like this.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowNames<'a> {
    /// The title of each answer of a row, in their order.
    pub columns: &'a [String],
    /// The scorers, in the order of an answer's verdicts.
    pub scorers: &'a [String],
    /// The scorers whose judges may have said something.
    pub judges: &'a [String],
    /// The fields of the dataset whose values stand beside the rows.
    pub fields: &'a [String],
}
