//! The emulator as its clients see it, byte for byte over TCP; shares no code with any client.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "the helpers of tests stand outside of test functions"
)]

mod answers;
mod batches;
mod bounds;
mod control;
mod durable;
mod faults;
mod files;
mod http;
mod killed;
mod results;
mod slow;
#[cfg(feature = "upstream")]
mod stub;
mod support;
#[cfg(feature = "upstream")]
mod translated;
mod uploads;
#[cfg(feature = "upstream")]
mod upstream;
