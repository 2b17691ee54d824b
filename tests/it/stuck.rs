//! Jobs that never end: they are cancelled, what came is kept, the rest goes into smaller ones.

use serde_json::json;
use tests::house::{House, column, creates, run_words};
use tests::process::Server;

/// The first job runs for as long as jobs may, and gives six of its eight rows when it is stopped.
const SCRIPT: &str = r#"
[[jobs]]
when = { index = 0 }
[jobs.plan]
phases = [{ state = "BATCH_STATE_RUNNING", lasts_s = 170000 }]
output = true
missing = { lines = [2, 7] }
"#;

fn house() -> House {
    House::scripted(8, SCRIPT)
}

fn server(house: &House) -> Server {
    let words =
        ["--time-scale", "1000", "--control", "--script", "script.toml", "--answers", "echo"];
    Server::emulator(house.path(), &words)
}

#[test]
fn a_stuck_job_is_split_and_its_rows_come_after_all() {
    let house = house();
    let server = server(&house);
    let mut words = run_words(&server, "stuck", &["sim-a"]);
    words.extend(["--stuck-after", "5m", "--then", "split"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stderr.contains("stuck"), "{said:?}");
    let jobs = creates(&server);
    assert_eq!(jobs[0]["cancelled"], true, "{jobs:?}");
    let missing = house.told("stuck", "attempted");
    assert_eq!(missing.len(), 1, "{missing:?}");
    let column = column(&house.report("stuck"), "sim-a", None);
    assert_eq!(column["outcomes"]["answered"], 8, "{column}");
    let n_again = jobs.len() - 1;
    assert_eq!(n_again, 2, "two smaller jobs: {jobs:?}");
    let sent = |id| house.input("stuck", id).len();
    let again = (sent("s0002.v0"), sent("s0003.v0"));
    // A cancelled job gives back what it has, or nothing at all.
    assert!([(1, 1), (4, 4)].contains(&again), "{again:?}");
    let said = house.call(&["resume", "stuck"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
}

#[test]
fn a_stuck_job_is_cancelled_and_nothing_else() {
    let house = house();
    let server = server(&house);
    let mut words = run_words(&server, "stuck", &["sim-a"]);
    words.extend(["--stuck-after", "5m", "--then", "cancel"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let jobs = creates(&server);
    assert_eq!((jobs.len(), &jobs[0]["cancelled"]), (1, &json!(true)), "{jobs:?}");
    let column = column(&house.report("stuck"), "sim-a", None);
    assert!(column["outcomes"]["missing"].as_u64().unwrap() >= 2, "{column}");
    // Its rows can be sent again by hand.
    let said = house.call(&["retry", "stuck", "--poll-interval", "30ms"]);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2), "{said:?}");
    let column = tests::house::column(&house.report("stuck"), "sim-a", None);
    assert_eq!(column["outcomes"]["answered"], 8, "{column}");
}

#[test]
fn then_without_an_age_is_refused() {
    let house = house();
    let said = house.call(&["run", "data.jsonl", "-m", "sim-a", "--emulator", "--then", "split"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.stderr.contains("stuck"), "{said:?}");
    assert!(!house.run("stuck").exists());
}
