//! Whole runs against the strict backend in memory, on a clock that moves only when someone waits.

mod crashes;
mod ends;
mod exactly_once;
mod traits;
mod world;
