//! `cargo +nightly fuzz run transform_file`: a dataset cut into reads.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::transform_file(bytes));
