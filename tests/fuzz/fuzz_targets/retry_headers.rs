//! `cargo +nightly fuzz run retry_headers`: what a service asks to wait.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::retry_headers(bytes));
