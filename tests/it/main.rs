//! One test binary for everything that looks at the workspace from outside.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod again;
mod board;
mod careful;
mod chaos;
mod client_and_fake;
mod conclusions;
mod config;
mod corpus;
mod decide;
mod docs;
mod docs_action;
mod emulator_flags;
mod exactly_once;
mod fake_server;
mod fuzz;
mod habits;
mod hardships;
mod inputs;
mod judges;
mod judges_again;
mod judges_stopped;
mod kills;
mod looking;
mod money;
mod offline;
mod plugins;
mod readme;
mod same_name;
mod scorings;
mod setup;
mod shards;
mod stuck;
mod terminal;
mod tidy;
mod traces;
mod variants;
mod walks;
mod wire;
mod words;
