#![doc = include_str!("../README.md")]

mod cut;
mod error;
mod fields;
mod index;
mod key;
mod lines;
mod member;
mod plan;
mod pointer;
mod render;
mod scan;
mod sink;
mod sniff;
mod summary;
mod text;
mod transform;

pub use error::{BadReason, BadRow, TransformError};
pub use index::{INDEX_HEADER_LEN, INDEX_RECORD_LEN, IndexError, IndexReader, IndexRecord};
pub use key::{KeyError, RowKey};
pub use lines::{DEFAULT_MAX_LINE, Line, LineContent, LineReader};
pub use member::{JsonKind, Member, member, members, validate};
pub use pointer::pointer_at;
pub use scan::{MAX_DEPTH, SyntaxError, SyntaxKind};
pub use sink::{FinishedRow, RowSink, Streams, WriteError};
pub use sniff::InputKind;
pub use summary::{BadRows, MAX_LISTED, Summary, Warning, WarningKind};
pub use transform::{BadRowPolicy, InputShape, Transformer};
