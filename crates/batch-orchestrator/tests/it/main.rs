//! Whole runs against the strict backend in memory, on a clock that moves only when someone waits.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod again;
mod called_off;
mod clocks;
mod crashes;
mod ends;
mod exactly_once;
mod forgotten;
mod invariants;
mod limits;
mod money;
mod order;
mod outages;
mod pairs;
mod person;
mod simulate;
mod status;
mod strays;
mod traits;
mod trouble;
mod unproven;
mod world;
