//! Plugins in processes: small real ones, well-behaved and not.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod documented;
mod exec;
mod python;
mod support;
