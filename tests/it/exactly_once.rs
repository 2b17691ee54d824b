//! One job for each model, whatever happens to the answer to its creation: the release binary
//! against a server process that outlives it.

use serde_json::Value;
use tests::house::{House, creates, run_words};
use tests::process::Server;

/// Creates whose connection drops at once and which take effect half of the settle time later.
const LATE: &str = r#"{"faults": [{"when": {"method": "POST", "path": ":batchGenerateContent"},
    "times": 1, "action": {"late": {"after_ms": 1000}}}]}"#;
const SETTLE: &str = "2s";
const MODELS: [&str; 2] = ["sim-flash", "sim-pro"];

fn server(house: &House, script: &str) -> Server {
    house.write("script.json", script);
    let words = ["--time-scale", "100", "--control", "--script", "script.json"];
    Server::emulator(house.path(), &words)
}

fn names(creates: &[Value]) -> Vec<&str> {
    creates.iter().filter_map(|create| create["display_name"].as_str()).collect()
}

#[test]
fn a_create_applied_after_its_connection_dropped_is_adopted() {
    let house = House::with_rows(20);
    let server = server(&house, LATE);
    let mut words = run_words(&server, "late", &MODELS);
    words.extend(["--settle", SETTLE]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let creates = creates(&server);
    assert_eq!(creates.len(), 2, "one job a model: {:?}", names(&creates));
    let adopted =
        house.journal("late").iter().filter(|line| line.contains(r#""adopted":true"#)).count();
    assert_eq!(adopted, 1, "{:?}", house.journal("late"));
}

#[test]
fn without_the_settle_wait_the_same_create_is_paid_for_twice() {
    // What the test above rests on: without the wait it would fail.
    let house = House::with_rows(20);
    let server = server(&house, LATE);
    let mut words = run_words(&server, "hasty", &MODELS);
    words.extend(["--settle", "0s"]);
    let said = house.call(&words);
    assert_eq!(creates(&server).len(), 3, "{said:?}");
}

#[test]
fn killed_while_a_late_create_is_under_way_the_next_process_adopts_it() {
    let house = House::with_rows(20);
    let server = server(&house, LATE);
    let mut words = run_words(&server, "killed", &["sim-pro"]);
    words.extend(["--settle", SETTLE]);
    let mut child = house.start(&words);
    // The doubt is written down as soon as the connection has dropped.
    while !house.journal("killed").iter().any(|line| line.contains(r#""ev":"doubted""#)) {
        assert!(child.try_wait().unwrap().is_none(), "it waits for the job to show up");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let said = house.call(&["resume", "killed", "--accept-partial", "--poll-interval", "50ms"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 1);
}

#[test]
fn a_create_answered_by_a_gateway_error_is_looked_for_before_it_is_sent_again() {
    let house = House::with_rows(20);
    let script = r#"{"faults": [
        {"when": {"path": ":batchGenerateContent"}, "times": 1,
         "action": {"answer": {"status": 502, "headers": {"content-type": "text/html"},
                               "body": "<html>bad gateway</html>"}}},
        {"when": {"path": ":batchGenerateContent"}, "times": 1, "action": "apply_then_drop"},
        {"when": {"path": "/batches"}, "times": 2, "action": {"answer": {"status": 503}}}]}"#;
    let server = server(&house, script);
    let mut words = run_words(&server, "gateway", &MODELS);
    words.extend(["--settle", "500ms"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 2, "{said:?}");
}

#[test]
fn the_independent_server_sees_one_job_a_model_too() {
    let house = House::with_rows(20);
    let fake =
        Server::fake(env!("CARGO_BIN_EXE_fake-server"), &["create=drop+1000ms", "list-lag=200ms"]);
    let mut words = run_words(&fake, "fake", &MODELS);
    words.extend(["--settle", SETTLE]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let ledger = tests::get::json(fake.base_url(), "/fake/ledger");
    assert_eq!(ledger["violations"], serde_json::json!([]), "{ledger}");
    assert_eq!(ledger["jobs"].as_array().map(Vec::len), Some(2), "{ledger}");
}
