//! The client's fuzz targets in everyday's tests. An input is some exchanges by a socket, so there are fewer.

use tests::fuzz::{error_body, operation_json, retry_headers, upload_session};

use super::fuzz::check_one_in;

/// Those that talk with one client for all inputs.
const SHARE: u64 = 3;

/// Those that need a client of their own for each input, whose budget of repetitions is whole: setting one up
/// takes longer than all that it says.
const SHARE_OF_CLIENTS: u64 = 50;

#[test]
fn operation_json_holds() {
    check_one_in(SHARE, "operation_json", operation_json);
}

#[test]
fn error_body_holds() {
    check_one_in(SHARE, "error_body", error_body);
}

#[test]
fn retry_headers_holds() {
    check_one_in(SHARE_OF_CLIENTS, "retry_headers", retry_headers);
}

#[test]
fn upload_session_holds() {
    check_one_in(SHARE_OF_CLIENTS, "upload_session", upload_session);
}
