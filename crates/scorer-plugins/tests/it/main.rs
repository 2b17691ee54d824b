//! Plugins in processes: small real ones, well-behaved and not.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod bridge;
mod documented;
mod escaped;
mod exec;
mod python;
mod support;
