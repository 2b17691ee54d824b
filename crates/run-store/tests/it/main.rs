//! The run folder from outside: conformance, crashes, hostile folders, kept formats.

#![expect(clippy::unwrap_used, reason = "helpers of tests say what is wrong by panicking")]

mod atomic;
mod folder;
mod forge;
mod formats;
mod home;
mod hostile;
mod journal;
mod runs;
mod sharded;
mod torn;
