//! The rows of a run for other programs: spreadsheets, scripts, and what reads test results.

mod csv;
mod jsonl;
mod junit;
mod said;

pub use csv::RowsCsv;
pub use jsonl::RowsJsonl;
pub use junit::Junit;
