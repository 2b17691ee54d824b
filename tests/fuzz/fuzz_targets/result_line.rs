//! `cargo +nightly fuzz run result_line`: one line of a result file.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::result_line(bytes));
