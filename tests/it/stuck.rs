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
fn what_was_invalid_is_not_sent_again_by_a_split() {
    // The job hears of its cancellation late: rows 2 and 7 lack, row 4 was refused for good.
    let plan = "[[jobs]]\nwhen = { index = 0 }\n[jobs.plan]\n\
        phases = [{ state = \"BATCH_STATE_RUNNING\", lasts_s = 900 }]\n\
        end = \"BATCH_STATE_CANCELLED\"\nignores_cancel = true\noutput = true\n\
        missing = { lines = [2, 7] }\nfailing = { lines = [4] }\n\
        row_error = { code = 3, message = \"bad request\" }\n";
    let house = House::scripted(8, plan);
    let server = server(&house);
    let mut words = run_words(&server, "stuck", &["sim-a"]);
    words.extend(["--stuck-after", "5m", "--then", "split"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(0), "{said:?}");
    let row = |id: &str| house.input("stuck", id)[0]["key"].as_str().unwrap()[..9].to_owned();
    assert_eq!(house.input("stuck", "s0002.v0").len() + house.input("stuck", "s0003.v0").len(), 2);
    assert_eq!([row("s0002.v0"), row("s0003.v0")], ["r00000001", "r00000006"]);
    let outcomes = column(&house.report("stuck"), "sim-a", None)["outcomes"].clone();
    assert_eq!((&outcomes["answered"], &outcomes["error"]), (&json!(7), &json!(1)), "{outcomes}");
}

#[test]
fn a_split_goes_no_further_than_the_budget_and_a_higher_one_brings_the_rest() {
    let (house, model) = (house(), "gemini-3.8-flash");
    let server = server(&house);
    let table = format!(
        "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n\
         [[model]]\nname = \"{model}\"\n[[model.price]]\ninput = 1000\noutput = 1000\n"
    );
    house.write("prices.toml", &table);
    let mut words = run_words(&server, "tight", &[model]);
    words.extend(["--stuck-after", "5m", "--then", "split", "--prices", "prices.toml"]);
    let dry = house.call(&[&words[..], &["--budget", "9", "--dry-run", "--json"]].concat()).last();
    let most = dry["forecast"]["cost_micros"]["high"].as_u64().unwrap();
    // All of the run is borne, and hardly anything beside it.
    let budget = format!("0.{:06}", most + 1);
    std::fs::remove_dir_all(house.run("tight")).unwrap();
    let said = house.call(&[&words[..], &["--budget", &budget]].concat());
    assert_eq!((said.code, creates(&server).len()), (Some(5), 1), "{said:?}");
    assert_eq!(house.told("tight", "attempted").len(), 1, "the rows are ready to be sent");
    assert!(!house.told("tight", "not_afforded").is_empty());
    let on = ["resume", "tight", "--budget", "9", "--poll-interval", "50ms", "--accept-partial"];
    let said = house.call(&on);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 3), "{said:?}");
    let column = column(&house.report("tight"), model, None);
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
