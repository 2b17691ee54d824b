#![doc = include_str!("../README.md")]

mod column;
mod counts;
mod json;
mod layout;
mod numbers;
mod report;
mod sanitize;
mod sentences;
mod terminal;
mod warning;

pub use column::{Column, ColumnSource, Cost, Role, ScorerResult};
pub use counts::{Count, LabelCount, Outcomes, Tokens};
pub use json::to_json;
pub use numbers::Estimate;
pub use report::{Backend, Dataset, Report, RunLabel, SCHEMA};
pub use sanitize::{display_width, sanitize};
pub use terminal::{Paint, Terminal};
pub use warning::{Warning, WarningKind};
