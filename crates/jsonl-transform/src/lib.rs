#![doc = include_str!("../README.md")]

mod blocks;
mod check;
mod copies;
mod crew;
mod cut;
mod dedupe;
mod edit;
mod error;
mod index;
mod input;
mod key;
mod lines;
mod member;
mod own_keys;
mod pass;
mod pieces;
mod plan;
mod pointer;
mod render;
mod rows;
mod scan;
mod select;
mod shards;
mod sink;
mod sniff;
mod spelling;
mod summary;
mod tally;
mod text;
mod transform;
mod variants;
mod walk;
mod work;

pub use check::{MediaRisk, Refusal};
pub use copies::{Copies, CopiesError};
pub use edit::{
    Drops, EditError, EditFault, EditPlan, EditProblem, Edits, PathError, Splice, Taken,
};
pub use error::{BadReason, BadRow, TransformError};
pub use index::{INDEX_HEADER_LEN, INDEX_RECORD_LEN, IndexError, IndexReader, IndexRecord};
pub use input::{Dataset, DatasetReader, Input, InputError, SteadyFile};
pub use key::{KeyError, RowKey};
pub use lines::{DEFAULT_MAX_LINE, Line, LineContent, LineReader};
pub use member::{JsonKind, Member, member, members, validate};
pub use pieces::Pieces;
pub use pointer::pointer_at;
pub use rows::{FinishedRow, Rows};
pub use scan::{MAX_DEPTH, SyntaxError, SyntaxKind};
pub use select::{Picked, RowRange, RowRangeError, Sample, Selection};
pub use shards::{Shard, ShardFiles, ShardLimits, Shards};
pub use sink::{RowSink, Streams, WriteError};
pub use sniff::InputKind;
pub use summary::{BadRows, LeftOut, MAX_LISTED, Summary, Warning, WarningKind};
pub use transform::{BadRowPolicy, InputShape, RefusalPolicy, Transformer};
