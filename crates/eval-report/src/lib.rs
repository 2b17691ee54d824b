#![doc = include_str!("../README.md")]

mod cells;
mod column;
mod counts;
mod decidable;
mod export;
mod fold;
mod gate;
mod groups;
mod json;
mod judged;
mod layout;
mod line;
mod markdown;
mod model;
mod numbers;
mod page;
mod phrases;
mod report;
mod run_row;
mod sanitize;
mod sentences;
mod tables;
mod terminal;
mod warning;
mod written;

pub use column::{Column, ColumnSource, Cost, Role, ScorerResult};
pub use counts::{Count, LabelCount, Outcomes, Tokens};
pub use export::{Junit, RowNames, RowsCsv, RowsJsonl};
pub use fold::Conclude;
pub use gate::Gate;
pub use groups::{Clusters, Slicing};
pub use json::to_json;
pub use judged::{JudgeResult, JudgedColumn, PeopleAgree, Position, WinCount, Wins};
pub use line::Line;
pub use markdown::to_markdown;
pub use model::{
    Agreement, Bounds, ClassFigures, Comparison, Confusion, Finding, Flips, GateOutcome,
    GateResult, Method, Omnibus, RowsForGap, Slice, SliceDifference, Test, TestName,
};
pub use numbers::Estimate;
pub use page::{MOST_BYTES, Page, PageRows};
pub use report::{Backend, Dataset, Report, RunLabel, SCHEMA};
pub use run_row::{RowAnswer, RunRow, Spoken};
pub use sanitize::{display_width, json_for_terminals, sanitize};
pub use terminal::{Paint, Terminal};
pub use warning::{Warning, WarningKind};
pub use written::written;
