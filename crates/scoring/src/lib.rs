#![doc = include_str!("../README.md")]

mod combine;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod function_call;
mod keys;
mod lines;
mod nearest;
mod outcome;
mod params;
mod pass;
mod reading;
mod registry;
mod row;
mod scorer;
mod scores;
mod seen;
mod spec;
mod summary;
mod tally;
mod usage;
mod verdict;
mod view;

pub use combine::{All, Any, Not};
pub use function_call::FunctionCall;
pub use keys::{Keys, NotARowKey, RowKey};
pub use outcome::{Outcome, OutcomeCounts};
pub use params::{ParamError, Params};
pub use pass::{Form, Pass, PassError};
pub use registry::{Registry, RegistryError};
pub use row::{DatasetRow, DatasetRows, Needs, Row};
pub use scorer::{BatchScorer, Scorer, ScorerError};
pub use scores::{ScorerTally, Scores};
pub use spec::SpecError;
pub use summary::{BadLine, Damage, FailedRow, PassSummary};
pub use tally::Tally;
pub use usage::{TokenSums, Usage};
pub use verdict::Verdict;
pub use view::{Kind, View};
