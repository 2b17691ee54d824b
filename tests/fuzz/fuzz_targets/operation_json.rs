//! `cargo +nightly fuzz run operation_json`: an answer about jobs and files.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::operation_json(bytes));
