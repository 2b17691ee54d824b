//! `cargo +nightly fuzz run transform_line`: one line of a dataset.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::transform_line(bytes));
