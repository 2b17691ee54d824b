//! Jobs of which nobody knows whether they exist: a person names them, or gives them up.

use tests::house::{House, column, creates, run_words};
use tests::process::Server;
use tests::rows;

fn script(action: &str) -> String {
    let when = "{ method = \"POST\", path = \":batchGenerateContent\" }";
    format!("[[faults]]\nwhen = {when}\ntimes = 1\naction = \"{action}\"\n")
}

/// A run with a job in doubt, whose creation met `action`.
fn in_doubt(action: &str) -> (House, Server) {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file(0..4));
    house.write("script.toml", &script(action));
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "doubt", &["sim-a"]);
    words.extend(["--on-ambiguous", "stop", "--settle", "200ms"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(10), "{said:?}");
    assert!(said.stderr.contains("needs a decision"), "{said:?}");
    (house, server)
}

const ON: [&str; 4] = ["--poll-interval", "30ms", "--settle", "200ms"];

fn resume(house: &House, more: &[&str]) -> tests::process::Said {
    let mut words = vec!["resume", "doubt"];
    words.extend(more);
    words.extend(ON);
    house.call(&words)
}

#[test]
fn a_job_that_is_given_up_is_never_created_and_its_rows_are_missing() {
    let (house, server) = in_doubt("drop");
    assert_eq!(creates(&server).len(), 0);
    let said = resume(&house, &[]);
    assert_eq!((said.code, creates(&server).len()), (Some(10), 0), "it stays undecided: {said:?}");
    let said = resume(&house, &["--abandon", "--accept-partial"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 0), "{said:?}");
    let gone = column(&house.report("doubt"), "sim-a", None);
    assert_eq!(gone["outcomes"]["missing"], 4, "{gone}");
    assert!(said.stdout.contains("given up by hand"), "{said:?}");
    let said = resume(&house, &["--accept-partial", "--on-ambiguous", "retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 0), "given up for good: {said:?}");
    let said = resume(&house, &["--abandon"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("no job of the run is in doubt"), "{said:?}");
    // It may exist all the same, so its rows are not sent beside it.
    let said = house.call(&["retry", "doubt", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 0), "{said:?}");
    assert!(said.stderr.contains("0 rows; 4 rows"), "{said:?}");
}

#[test]
fn a_job_in_doubt_is_created_after_all_when_told_so() {
    let (house, server) = in_doubt("drop");
    let said = resume(&house, &["--on-ambiguous", "retry"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
}

#[test]
fn a_job_that_a_person_names_gives_its_results() {
    let (house, server) = in_doubt("drop");
    // Another run's job for the same rows stands for it.
    let other = run_words(&server, "other", &["sim-a"]);
    assert_eq!(house.call(&other).code, Some(0));
    let jobs = creates(&server);
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    let name = jobs[0]["name"].as_str().unwrap().to_owned();
    let said = resume(&house, &["--adopt", &name, "--json"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    assert_eq!(house.report("doubt")["models"], house.report("other")["models"]);
    assert_eq!(house.told("doubt", "adopted").len(), 1);
    let said = resume(&house, &["--adopt", &name, "--job", "s0001.v0.m0"]);
    assert_eq!(said.code, Some(2), "it has its results: {said:?}");
    let said = resume(&house, &["--adopt", &name, "--job", "s0009.v0.m0"]);
    assert!(said.code == Some(2) && said.stderr.contains("no job s0009"), "{said:?}");
}

#[test]
fn a_job_that_was_created_is_found_even_by_who_would_not_create_it_again() {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file(0..4));
    house.write("script.toml", &script("apply_then_drop"));
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "found", &["sim-a"]);
    words.extend(["--on-ambiguous", "stop", "--settle", "300ms"]);
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    assert_eq!(house.told("found", "created")[0]["adopted"], true);
}
