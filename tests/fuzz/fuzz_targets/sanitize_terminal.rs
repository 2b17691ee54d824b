//! `cargo +nightly fuzz run sanitize_terminal`: a text on a terminal.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::sanitize_terminal(bytes));
