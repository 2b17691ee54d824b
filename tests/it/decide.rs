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
    resumed(house, "doubt", more)
}

fn resumed(house: &House, run: &str, more: &[&str]) -> tests::process::Said {
    let mut words = vec!["resume", run];
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
    assert!(said.stderr.contains("0 rows; not sent: 4 stopped"), "{said:?}");
    assert!(said.stdout.contains("--also stopped"), "{said:?}");
    // Only who says so sends them.
    let words = ["retry", "doubt", "--also", "stopped", "--poll-interval", "30ms"];
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    assert_eq!(column(&house.report("doubt"), "sim-a", None)["outcomes"]["answered"], 4);
    assert_eq!(house.told("doubt", "attempted")[0]["why"], "asked");
}

#[test]
fn rows_of_a_cancelled_run_are_sent_again_only_for_who_asks() {
    let plan = "[[jobs]]\nwhen = { index = 0 }\n[jobs.plan]\noutput = false\n\
                phases = [{ state = \"BATCH_STATE_RUNNING\", lasts_s = 170000 }]\n";
    let house = House::scripted(4, plan);
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "gone", &["sim-a"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    assert_eq!(house.call(&["cancel", "gone"]).code, Some(0));
    let on = ["resume", "gone", "--accept-partial", "--poll-interval", "30ms"];
    assert_eq!(house.call(&on).code, Some(0));
    let said = house.call(&["retry", "gone", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 1), "{said:?}");
    assert!(said.stderr.contains("not sent: 4 stopped"), "{said:?}");
    let shown = house.call(&["retry", "gone", "--also", "stopped", "--dry-run"]);
    assert!(shown.stderr.contains("4 rows (4 stopped)"), "{shown:?}");
    let said = house.call(&["retry", "gone", "--also", "stopped", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    assert_eq!(column(&house.report("gone"), "sim-a", None)["outcomes"]["answered"], 4);
}

#[test]
fn who_cancels_with_another_key_does_not_take_an_unseen_job_for_none() {
    let house = House::scripted(4, &script("hang"));
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "unseen", &["sim-a"]);
    words.extend(["--settle", "200ms"]);
    let mut child = house.start(&words);
    while house.told("unseen", "create_intended").is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "it was to be killed while it creates");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let mut cancel = tests::process::batch_eval(house.path(), ["cancel", "unseen"]);
    let cancel = cancel.env("GEMINI_API_KEY", "AIzaANOTHER").output().unwrap();
    let said = tests::process::Said::from(cancel);
    assert_eq!(said.code, Some(10), "{said:?}");
    assert!(said.stderr.contains("another key"), "{said:?}");
    assert!(house.told("unseen", "settled").is_empty(), "nobody looked where it may be");
    let said = house.call(&["cancel", "unseen"]);
    assert_eq!(said.code, Some(10), "it may still be there: {said:?}");
    // With its own key it is found not to be, and is not created: it was called off.
    let said = resumed(&house, "unseen", &["--accept-partial"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 0), "{said:?}");
    assert_eq!(house.told("unseen", "settled").len(), 1);
}

#[test]
fn a_damaged_journal_is_mended_when_a_person_says_so_and_nothing_is_paid_twice() {
    let house = House::scripted(4, "");
    let server =
        Server::emulator(house.path(), &["--time-scale", "300", "--control", "--answers", "echo"]);
    let mut words = run_words(&server, "hurt", &["sim-a", "sim-b"]);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    let lines = house.journal("hurt");
    let at = lines.iter().position(|line| line.contains("\"create_intended\"")).unwrap();
    let mut hurt = lines.clone();
    hurt[at] = hurt[at].replace("create_intended", "create_infended");
    house.write("runs/hurt/journal.jsonl", &(hurt.join("\n") + "\n"));
    let said = resumed(&house, "hurt", &[]);
    assert_eq!((said.code, creates(&server).len()), (Some(8), 2), "{said:?}");
    assert!(said.stderr.contains("--repair"), "{said:?}");
    let said = resumed(&house, "hurt", &["--repair"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "found again: {said:?}");
    let created = house.told("hurt", "created");
    assert!(created.len() == 2 && created.iter().all(|job| job["adopted"] == true), "{created:?}");
    for model in ["sim-a", "sim-b"] {
        assert_eq!(column(&house.report("hurt"), model, None)["outcomes"]["answered"], 4);
    }
    let said = resumed(&house, "hurt", &["--repair"]);
    assert!(said.code == Some(0) && said.stderr.contains("the journal is sound"), "{said:?}");
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
