//! One test binary for everything that looks at the workspace from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod again;
mod board;
mod careful;
mod chaos;
mod client_and_fake;
mod config;
mod decide;
mod emulator_flags;
mod exactly_once;
mod fake_server;
mod fuzz;
mod inputs;
mod kills;
mod money;
mod offline;
mod readme;
mod shards;
mod stuck;
mod tidy;
mod traces;
mod variants;
mod walks;
mod wire;
mod words;
