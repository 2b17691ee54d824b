//! One test binary for everything that looks at the workspace from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod board;
mod careful;
mod chaos;
mod client_and_fake;
mod emulator_flags;
mod exactly_once;
mod fake_server;
mod fuzz;
mod kills;
mod readme;
mod tidy;
mod traces;
mod walks;
mod wire;
mod words;
