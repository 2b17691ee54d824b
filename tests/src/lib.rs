//! Helpers of the end-to-end tests: processes, a fake server, made-up rows, redaction.

pub mod between;
pub mod death;
pub mod fake;
pub mod fuzz;
pub mod get;
pub mod house;
pub mod leaks;
pub mod pages;
pub mod process;
pub mod raw;
pub mod recorder;
pub mod redact;
pub mod rows;
pub mod schema;
pub mod traced;
pub mod write_order;
