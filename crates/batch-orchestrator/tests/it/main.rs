//! Whole runs against the strict backend in memory, on a clock that moves only when someone waits.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod crashes;
mod ends;
mod exactly_once;
mod order;
mod traits;
mod trouble;
mod world;
