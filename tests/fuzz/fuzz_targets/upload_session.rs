//! `cargo +nightly fuzz run upload_session`: an upload to a service that goes by a script.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| tests::fuzz::upload_session(bytes));
