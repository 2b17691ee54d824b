//! `cargo +nightly fuzz run error_body`: a status and the body of a refusal.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::error_body(bytes));
