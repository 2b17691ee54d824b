//! `cargo +nightly fuzz run config_toml`: a configuration.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::config_toml(bytes));
