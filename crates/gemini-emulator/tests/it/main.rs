//! The emulator as its clients see it, byte for byte over TCP; shares no code with any client.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of tests stand outside of test functions"
)]

mod batches;
mod durable;
mod faults;
mod files;
mod results;
mod support;
mod uploads;
