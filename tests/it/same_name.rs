//! A run that is there, named again: the same words go on with it, others are refused with the
//! difference, and what is said of it is true.

use serde_json::json;
use tests::house::{House, creates, run_words};
use tests::process::{Said, Server};

fn server(house: &House) -> Server {
    Server::emulator(house.path(), &["--time-scale", "300", "--control", "--answers", "echo"])
}

fn call(house: &House, server: &Server, more: &[&str]) -> Said {
    let mut words = run_words(server, "named", &["sim-a"]);
    words.extend(more);
    house.call(&words)
}

#[test]
fn what_a_run_was_not_made_with_is_refused_and_shown() {
    let house = House::scripted(8, "");
    let server = server(&house);
    let made = ["--rows-per-shard", "4", "--budget", "5", "--until", "prepared"];
    assert_eq!(call(&house, &server, &made).code, Some(0));
    assert_eq!(call(&house, &server, &made).code, Some(0), "the same again");
    let differs: [(&str, &[&str]); 8] = [
        ("limits: ", &["--rows-per-shard", "2"]),
        ("limits: ", &[]),
        ("limits: ", &["--rows-per-shard", "4", "--bytes-per-shard", "5000"]),
        ("limits: ", &["--rows-per-shard", "4", "--jobs", "7"]),
        ("rows: ", &["--rows-per-shard", "4", "--bad-rows", "skip"]),
        ("rows: ", &["--rows-per-shard", "4", "--lenient"]),
        ("retry rows: ", &["--rows-per-shard", "4", "--retry-rows", "3"]),
        ("budget: ", &["--rows-per-shard", "4", "--budget", "6"]),
    ];
    for (what, words) in differs {
        let said = call(&house, &server, words);
        assert_eq!(said.code, Some(2), "{words:?}: {said:?}");
        assert!(said.stderr.contains(what), "{words:?}: {said:?}");
        assert!(said.stderr.contains("batch-eval resume named"), "{words:?}: {said:?}");
    }
    assert_eq!((creates(&server).len(), house.journal("named").len()), (0, 5), "nothing happened");
    // Waits are for the call, and what is left out stays.
    let said = call(&house, &server, &["--rows-per-shard", "4", "--settle", "300ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
}

#[test]
fn a_dry_run_of_a_run_that_is_there_says_how_far_it_is() {
    let house = House::scripted(8, "");
    let server = server(&house);
    let said = call(&house, &server, &["--until", "submitted"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let said = call(&house, &server, &["--dry-run"]);
    assert!(said.code == Some(0) && said.stdout.contains("1 of 1 job at the service"), "{said:?}");
    assert_eq!(call(&house, &server, &[]).code, Some(0));
    let said = call(&house, &server, &["--dry-run", "--json"]);
    let last = said.last();
    assert_eq!((said.code, &last["type"]), (Some(0), &json!("paused")), "{said:?}");
    assert!(last["at"].as_str().unwrap().starts_with("every job is over"), "{last}");
    assert_eq!(last["next"], "batch-eval report named", "{last}");
    assert_eq!(creates(&server).len(), 1);
}
