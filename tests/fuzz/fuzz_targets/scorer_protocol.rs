//! `cargo +nightly fuzz run scorer_protocol`: what a scorer prints.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::scorer_protocol(bytes));
