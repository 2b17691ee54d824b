//! The job board: what lies at the service, whose it is, and what may go.

use serde_json::Value;
use tests::house::{House, run_words};
use tests::process::{Said, Server};

fn object(said: &Said) -> Value {
    assert_eq!(said.code, Some(0), "{said:?}");
    serde_json::from_str(said.stdout.trim()).unwrap()
}

fn board(house: &House, server: &Server, words: &[&str]) -> Value {
    let mut all = words.to_vec();
    all.extend(["--base-url", server.base_url(), "--json"]);
    object(&house.call(&all))
}

#[test]
fn jobs_and_files_tell_which_run_owns_them() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "0.001"]);
    let mut words = run_words(&server, "friday", &["model-a", "model-b"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));

    let jobs = board(&house, &server, &["jobs"]);
    assert_eq!((jobs["all"].as_u64(), jobs["live"].as_u64()), (Some(2), Some(2)), "{jobs}");
    for job in jobs["jobs"].as_array().unwrap() {
        assert_eq!(job["run"], "friday", "{job}");
        assert_eq!(job["rows"]["total"], 3, "{job}");
    }
    let files = board(&house, &server, &["files"]);
    assert_eq!(files["files"][0]["run"], "friday", "{files}");
    assert!(files["bytes"].as_u64().unwrap() > 0, "{files}");

    // Seen from a folder without that run, the same things are orphans.
    let elsewhere = House::with_rows(1);
    let said = elsewhere.call(&["jobs", "--base-url", server.base_url()]);
    assert!(said.stdout.contains("(a run that is not here)"), "{said:?}");
    assert!(said.stdout.contains("2 jobs, 2 not over, 2 shown"), "{said:?}");
    let few = board(&elsewhere, &server, &["jobs", "--limit", "1"]);
    assert_eq!((few["all"].as_u64(), few["jobs"].as_array().map(Vec::len)), (Some(2), Some(1)));
}

#[test]
fn jobs_tell_what_they_may_cost_and_what_they_did() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "500"]);
    let mut words = run_words(&server, "dear", &["gemini-3.8-flash"]);
    words.extend(["--budget", "5"]);
    assert_eq!(house.call(&[&words[..], &["--until", "submitted"]].concat()).code, Some(0));
    let cost = || board(&house, &server, &["jobs"])["jobs"][0]["cost_micros"].clone();
    let before = cost();
    assert!(before["forecast"].as_u64().unwrap() > 0 && before["spent"].is_null(), "{before}");
    let shown = house.call(&["jobs", "--base-url", server.base_url()]).stdout;
    assert!(shown.contains("COST") && shown.contains("up to $"), "{shown}");
    assert_eq!(house.call(&words).code, Some(0));
    let after = cost();
    assert_eq!(after["spent"], house.told("dear", "spent")[0]["cost"], "{after}");
    assert!(after["spent"].as_u64().unwrap() > 0, "{after}");
    let elsewhere = House::with_rows(1);
    let theirs = board(&elsewhere, &server, &["jobs"])["jobs"][0]["cost_micros"].clone();
    assert!(theirs["forecast"].is_null() && theirs["spent"].is_null(), "{theirs}");
}

#[test]
fn the_board_without_a_key_hints_at_nothing_it_has_not() {
    for command in ["jobs", "files", "gc"] {
        let said = House::with_rows(0).call_without_key(&[command]);
        assert_eq!(said.code, Some(4), "{said:?}");
        assert!(said.stderr.contains("--api-key-file"), "{said:?}");
        assert!(!said.stderr.contains("--emulator"), "{said:?}");
    }
}

#[test]
fn gc_shows_first_and_takes_only_what_no_run_needs() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "500", "--control"]);
    let n_files = || board(&house, &server, &["files"])["all"].as_u64();
    let done = run_words(&server, "done", &["model-a"]);
    assert_eq!(house.call(&done).code, Some(0));
    let mut busy = run_words(&server, "busy", &["model-a"]);
    busy.extend(["--until", "uploaded"]);
    assert_eq!(house.call(&busy).code, Some(0));
    assert_eq!(n_files(), Some(2));

    let shown = board(&house, &server, &["gc"]);
    let goes = |gc: &Value| {
        let things = gc["things"].as_array().unwrap();
        things.iter().map(|thing| thing["go"].as_bool().unwrap()).filter(|go| *go).count()
    };
    assert_eq!((shown["dry_run"].as_bool(), goes(&shown)), (Some(true), 1), "{shown}");
    assert_eq!(n_files(), Some(2), "shown, not done");
    let removed = board(&house, &server, &["gc", "--yes"]);
    assert_eq!(removed["removed"], 1, "{removed}");
    assert_eq!(n_files(), Some(1), "the input of the busy run is kept");
    let mut on = run_words(&server, "busy", &["model-a"]);
    on.extend(["-q"]);
    assert_eq!(house.call(&on).code, Some(0), "and it goes on");

    // Orphans go only when asked for, and only when old enough.
    let elsewhere = House::with_rows(1);
    let gc = |words: &[&str]| board(&elsewhere, &server, words);
    assert_eq!(goes(&gc(&["gc"])), 0);
    assert_eq!(goes(&gc(&["gc", "--orphans", "--older-than", "300d"])), 0);
    assert_eq!(gc(&["gc", "--orphans", "--older-than", "0s", "--yes"])["removed"], 1);
    assert_eq!(n_files(), Some(0));
}

#[test]
fn gc_takes_no_orphans_while_a_run_here_cannot_be_read() {
    let house = House::with_rows(3);
    let server = Server::emulator(house.path(), &["--time-scale", "500"]);
    assert_eq!(house.call(&run_words(&server, "broken", &["model-a"])).code, Some(0));
    house.write("runs/broken/run.json.new", "{");
    let manifest = house.path().join("runs/broken/run.json");
    std::fs::rename(house.path().join("runs/broken/run.json.new"), manifest).unwrap();
    let words = ["gc", "--orphans", "--older-than", "0s", "--yes", "--base-url", server.base_url()];
    let said = house.call(&words);
    assert_eq!(said.code, Some(8), "{said:?}");
    assert_eq!(board(&house, &server, &["files"])["all"], 1, "nothing was removed");
}

#[test]
fn runs_lists_every_folder_even_one_that_cannot_be_read() {
    let house = House::with_rows(3);
    let said = house.call(&["runs"]);
    assert_eq!((said.code, said.stdout.trim()), (Some(0), "no runs in runs"), "{said:?}");
    let words = ["run", "data.jsonl", "--name", "one", "--until", "prepared", "-m", "sim-a"];
    assert_eq!(house.call_without_key(&words).code, Some(0));
    let two = ["run", "data.jsonl", "--name", "two", "-m", "sim-a", "--accept-partial"];
    assert_eq!(house.call_without_key(&two).code, Some(0));
    let said = house.call(&["runs"]);
    let lines: Vec<&str> = said.stdout.lines().collect();
    assert!(lines[1].starts_with("two ") && lines[1].ends_with("all jobs are over"), "{said:?}");
    assert!(lines[2].ends_with("0 of 1 jobs sent, 0 over"), "{said:?}");
    let manifest = house.path().join("runs/one/run.json");
    std::fs::remove_file(&manifest).unwrap();
    std::fs::write(&manifest, "\u{1b}[31m{").unwrap();
    let listed = object(&house.call(&["runs", "--json"]));
    assert_eq!(listed["runs"].as_array().map(Vec::len), Some(2), "{listed}");
    assert!(!house.call(&["runs"]).stdout.contains('\u{1b}'));
}
