//! `cargo +nightly fuzz run journal_replay`: a journal of a run.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::journal_replay(bytes));
