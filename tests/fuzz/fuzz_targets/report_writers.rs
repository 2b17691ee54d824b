//! `cargo +nightly fuzz run report_writers`: all texts of a report from outside.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::report_writers(bytes));
