//! What a report says beyond one column: comparisons, slices, gates and confusion.

mod agreement;
mod comparison;
mod confusion;
mod figures;
mod gate;
mod slice;

pub use agreement::Agreement;
pub use comparison::{Comparison, Finding, Flips, Omnibus};
pub use confusion::{ClassFigures, Confusion};
pub use figures::{Bounds, Method, RowsForGap, Test, TestName};
pub use gate::{GateOutcome, GateResult};
pub use slice::{Slice, SliceDifference};
