//! The fuzz targets of what is kept, shown and said: journals, settings, reports, scorers.

use tests::fuzz::{
    config_toml, journal_replay, report_writers, sanitize_terminal, scorer_protocol,
};

use crate::fuzz::{check, check_one_in};

#[test]
fn journal_replay_holds() {
    check_one_in(10, "journal_replay", journal_replay);
}

#[test]
fn sanitize_terminal_holds() {
    check("sanitize_terminal", sanitize_terminal);
}

#[test]
fn report_writers_holds() {
    check_one_in(30, "report_writers", report_writers);
}

#[test]
fn scorer_protocol_holds() {
    check("scorer_protocol", scorer_protocol);
}

#[test]
fn config_toml_holds() {
    check("config_toml", config_toml);
}
