#![doc = include_str!("../README.md")]

mod blocks;
mod combine;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod copies;
mod function_call;
mod keys;
mod ledger;
mod nearest;
mod outcome;
mod params;
mod pass;
mod prints;
mod reading;
mod registry;
mod row;
mod scan;
mod scorer;
mod scores;
mod spec;
mod summary;
mod tally;
mod turns;
mod usage;
mod verdict;
mod view;
mod work;

pub use combine::{All, Any, Not};
pub use copies::Copies;
pub use function_call::FunctionCall;
pub use keys::{Keys, NotARowKey, RowKey};
pub use nearest::nearest;
pub use outcome::{Outcome, OutcomeCounts};
pub use params::{ParamError, Params};
pub use pass::{Form, Pass, PassError};
pub use prints::KeyHashes;
pub use registry::{Registry, RegistryError};
pub use row::{DatasetReader, DatasetRow, DatasetRows, Needs, Row};
pub use scorer::{BatchScorer, Judge, Scorer, ScorerError};
pub use scores::{ScorerTally, Scores};
pub use spec::SpecError;
pub use summary::{BadLine, Damage, FailedRow, PassSummary};
pub use tally::Tally;
pub use usage::{TokenSums, Usage};
pub use verdict::Verdict;
pub use view::{Kind, View};
