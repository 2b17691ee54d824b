//! The ways through a run: in one go, step by step, to every kind of end, stopped and gone on with.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tests::house::{House, KEY, creates, run_words};
use tests::process::Server;

const MODELS: [&str; 2] = ["sim-flash", "sim-pro"];

fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_step_can_be_the_last_and_the_next_goes_on_to_the_same_report() {
    let house = House::with_rows(30);
    let server = Server::emulator(house.path(), &["--time-scale", "100", "--control"]);
    assert_eq!(house.call(&run_words(&server, "whole", &MODELS)).code, Some(0));

    let mut words = run_words(&server, "steps", &MODELS);
    words.extend(["--until", "prepared"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("next: batch-eval resume steps"), "{said:?}");
    assert_eq!(creates(&server).len(), 2, "prepared sends nothing");
    for (step, phase) in
        [("uploaded", "planned"), ("submitted", "waiting"), ("fetched", "over"), ("scored", "over")]
    {
        let words =
            ["resume", "steps", "--until", step, "--poll-interval", "50ms", "--accept-partial"];
        let said = house.call(&words);
        assert_eq!(said.code, Some(0), "{step}: {said:?}");
        let status = house.call_without_key(&["status", "steps", "--json"]);
        let status: Value = serde_json::from_str(&status.stdout).unwrap();
        assert_eq!(status["jobs"][0]["phase"], phase, "{step}: {status}");
    }
    let said = house.call(&["resume", "steps", "--accept-partial"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(house.report("steps"), house.report("whole"));
    assert_eq!(creates(&server).len(), 4);
}

#[test]
fn every_end_of_a_job_ends_the_wait() {
    let house = House::with_rows(12);
    house.write(
        "script.json",
        r#"{"jobs": [
            {"when": {"model": "ends-failed"}, "plan": {"end": "BATCH_STATE_FAILED"}},
            {"when": {"model": "ends-cancelled"}, "plan": {"end": "BATCH_STATE_CANCELLED"}},
            {"when": {"model": "ends-expired"}, "plan": {"end": "BATCH_STATE_EXPIRED"}},
            {"when": {"model": "ends-partially"}, "plan": {"end": "BATCH_STATE_PARTIALLY_SUCCEEDED",
                "missing": {"lines": [2, 3]}}},
            {"when": {"model": "ends-moon"}, "plan": {"end": "BATCH_STATE_MOON"}}]}"#,
    );
    let server =
        Server::emulator(house.path(), &["--time-scale", "100", "--script", "script.json"]);
    let models = [
        "ends-failed",
        "ends-cancelled",
        "ends-expired",
        "ends-partially",
        "ends-moon",
        "ends-well",
    ];
    let mut words = run_words(&server, "ends", &models);
    words.retain(|word| *word != "--accept-partial");
    let said = house.call(&words);
    assert_eq!(said.code, Some(6), "missing rows are not passed over: {said:?}");
    assert!(said.stdout.contains("no results for ends-expired"), "{said:?}");
    let report = house.report("ends");
    let missing: Vec<(String, u64)> = report["models"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|column| column["role"] == "model")
        .map(|column| {
            let missing = column["outcomes"]["missing"].as_u64().unwrap();
            (column["label"].as_str().unwrap().to_owned(), missing)
        })
        .collect();
    let expected = [12, 12, 12, 2, 12, 0];
    let expected: Vec<(String, u64)> =
        models.iter().map(|model| (*model).to_owned()).zip(expected).collect();
    assert_eq!(missing, expected);
}

#[test]
fn an_interrupt_leaves_the_jobs_running_and_says_how_to_go_on() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "15", "--control"]);
    let mut child = house.start(&run_words(&server, "interrupted", &MODELS));
    while creates(&server).len() < 2 {
        assert!(child.try_wait().unwrap().is_none(), "it waits for its jobs");
    }
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let err = fs::read_to_string(house.path().join("err")).unwrap();
    assert!(err.contains("batch-eval resume interrupted"), "{err}");
    assert!(creates(&server).iter().all(|create| create["cancelled"] == false));
    let said = house.call(&["resume", "--accept-partial", "--poll-interval", "50ms"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 2, "nothing was created again");
}

#[test]
fn a_cancelled_run_stops_its_jobs_and_ends() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "20", "--control"]);
    let mut words = run_words(&server, "cancelled", &MODELS);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    let said = house.call(&["cancel", "cancelled"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(creates(&server).iter().all(|create| create["cancelled"] == true));
    let said = house.call(&["resume", "cancelled", "--poll-interval", "50ms"]);
    assert_eq!(said.code, Some(6), "no row has an answer: {said:?}");
    assert_eq!(creates(&server).len(), 2, "a cancelled run creates nothing");
}

#[test]
fn a_run_that_is_cancelled_before_its_jobs_exist_creates_none() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "20", "--control"]);
    let mut words = run_words(&server, "unsent", &MODELS);
    words.extend(["--until", "uploaded", "--retry-rows", "1"]);
    assert_eq!(house.call(&words).code, Some(0));
    let said = house.call(&["cancel", "unsent"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.contains("2 jobs never sent"), "{said:?}");
    let said = house.call(&["resume", "unsent", "--poll-interval", "50ms"]);
    assert_eq!(said.code, Some(6), "no row has an answer: {said:?}");
    house.call(&["retry", "unsent", "--yes"]);
    assert_eq!(creates(&server).len(), 0, "a cancelled run creates nothing");
    let said = house.call(&["cancel", "unsent"]);
    assert!(said.stdout.contains("over already"), "{said:?}");
}

#[test]
fn a_second_process_on_the_same_run_is_refused() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "1"]);
    let mut child = house.start(&run_words(&server, "busy", &MODELS));
    while house.journal("busy").len() < 3 {
        assert!(child.try_wait().unwrap().is_none());
    }
    let said = house.call(&["resume", "busy"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(said.code, Some(8), "{said:?}");
    assert!(said.stderr.contains(&child.id().to_string()), "it names the process: {said:?}");
}

#[test]
fn the_same_name_means_the_same_run_or_none() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "200", "--control"]);
    let words = run_words(&server, "same", &MODELS);
    assert_eq!(house.call(&words).code, Some(0));
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "the same again: {said:?}");
    assert_eq!(creates(&server).len(), 2, "and nothing is created again");
    let said = house.call(&run_words(&server, "same", &["sim-flash"]));
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("models"), "it says what differs: {said:?}");
    house.write("data.jsonl", "{\"request\":{\"contents\":[{\"parts\":[{\"text\":\"new\"}]}]}}\n");
    let said = house.call(&words);
    assert_eq!(said.code, Some(2), "other data is another run: {said:?}");
}

#[test]
fn a_run_folder_moves_to_another_place() {
    let house = House::with_rows(10);
    let server = Server::emulator(house.path(), &["--time-scale", "100"]);
    let mut words = run_words(&server, "moves", &MODELS);
    words.extend(["--until", "submitted"]);
    assert_eq!(house.call(&words).code, Some(0));
    let elsewhere = house.path().join("elsewhere");
    fs::rename(house.path().join("runs/moves"), &elsewhere).unwrap();
    fs::remove_file(house.path().join("data.jsonl")).unwrap();
    let said = house.call(&["resume", "elsewhere", "--accept-partial", "--poll-interval", "50ms"]);
    assert_eq!(said.code, Some(0), "{said:?}");
}

#[test]
fn events_come_one_a_line_and_the_last_one_is_the_report() {
    let house = House::with_rows(10);
    let said = house.call_without_key(&["run", "data.jsonl", "--json", "--accept-partial"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let events = lines(&said.stdout);
    let types: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    for wanted in ["input_stored", "create_intended", "created", "ended", "fetched"] {
        assert!(types.contains(&wanted), "{wanted} in {types:?}");
    }
    assert_eq!((types.first(), types.last()), (Some(&"run"), Some(&"report")));
    let documented = fs::read_to_string(tests::process::root().join("docs/events.md")).unwrap();
    for kind in &types {
        assert!(documented.contains(&format!("`{kind}`")), "{kind} is in docs/events.md");
    }
    assert_eq!(events.last().unwrap()["report"]["backend"]["emulated"], true);
}

#[test]
fn the_key_is_in_nothing_that_is_written_or_said() {
    let house = House::with_rows(10);
    let script = r#"{"faults": [
        {"when": {"path": ":batchGenerateContent"}, "times": 1, "action": {"late": {"after_ms": 100}}},
        {"when": {"path": "/upload", "headers": {"x-goog-upload-command": "upload*"}}, "times": 1,
         "action": {"answer": {"status": 503}}},
        {"when": {"path": ":download"}, "times": 1, "action": "drop"}]}"#;
    house.write("script.json", script);
    let server =
        Server::emulator(house.path(), &["--time-scale", "100", "--script", "script.json"]);
    let mut words = run_words(&server, "canary", &MODELS);
    words.extend(["--settle", "500ms", "-vvv"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.len() > 1_000, "the log is on");
    let mut texts = vec![("stdout".to_owned(), said.stdout), ("stderr".to_owned(), said.stderr)];
    collect(&house.path().join("runs"), &mut texts);
    for (name, text) in &texts {
        assert!(!text.contains(KEY), "the key is in {name}");
        assert!(!text.contains("CANARY"), "a part of the key is in {name}");
        let private = name.ends_with("journal.jsonl");
        assert!(private || !text.contains("upload_id="), "an upload session is in {name}");
    }
}

fn collect(folder: &std::path::Path, texts: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, texts);
        } else {
            let bytes = fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            texts.push((path.display().to_string(), text));
        }
    }
}
