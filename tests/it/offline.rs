//! Where a run stands, from its folder alone.

use serde_json::Value;
use tests::house::{House, run_words};
use tests::process::Server;
use tests::rows;

const MODEL: &str = "gemini-3.8-flash";

fn house() -> House {
    let house = House::with_rows(0);
    house.write("data.jsonl", &rows::plain_file(0..10));
    house
}

#[test]
fn status_tells_of_every_job_without_a_key_or_a_service() {
    let house = house();
    // The jobs of the second shard run on; the others are over at once.
    house.write(
        "script.toml",
        "[[jobs]]\nwhen = { display_name = \".s0002.\" }\n[jobs.plan]\n\
         phases = [{ state = \"BATCH_STATE_RUNNING\", lasts_s = 100000 }]\n",
    );
    let words =
        ["--time-scale", "300", "--control", "--script", "script.toml", "--answers", "echo"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "half", &[MODEL, "gemini-3.5-flash-lite"]);
    words.extend(["--rows-per-shard", "5", "--budget", "1", "--deadline", "3m"]);
    let said = house.call(&words);
    assert_eq!(said.code, Some(75), "{said:?}");
    drop(server);

    let said = house.call_without_key(&["status", "half", "--json"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    let status = said.last();
    assert_eq!((&status["type"], &status["over"]), (&"status".into(), &false.into()), "{status}");
    let jobs = status["jobs"].as_array().unwrap();
    assert_eq!(jobs.len(), 4, "{status}");
    for job in jobs {
        assert!(
            [MODEL, "gemini-3.5-flash-lite"].contains(&job["model"].as_str().unwrap()),
            "{job}"
        );
        assert_eq!(job["rows"]["total"], 5, "{job}");
        assert!(job["age_s"].is_u64() && job["created"].is_string(), "{job}");
        assert!(job["cost_micros"]["forecast"].as_u64().unwrap() > 0, "{job}");
        let runs_on = job["job"].as_str().unwrap().starts_with("s0002");
        assert_eq!(job["phase"] == "waiting", runs_on, "{job}");
        if runs_on {
            assert_eq!(job["rows"]["pending"], 5, "{job}");
            assert_eq!((&job["state"], job["age_s"] != 0), (&"running".into(), true), "{job}");
        }
    }
    assert_eq!(status["budget_micros"], 1_000_000);
    assert!(status["committed_micros"].as_u64().unwrap() > 0, "{status}");
    let count = |phase: &str| status["counts"][phase].as_u64();
    assert_eq!((count("over"), count("waiting")), (Some(2), Some(2)), "{status}");

    let said = house.call_without_key(&["status", "half"]);
    let text = said.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for word in ["4 jobs: 2 at the service, 2 over", "0 of 5 rows", "of $1", "s0002.v0.m1"] {
        assert!(text.contains(word), "no {word:?} in {said:?}");
    }
    assert!(text.contains("next batch-eval resume half"), "{said:?}");
}

#[test]
fn watching_a_run_that_is_over_shows_it_and_ends() {
    let house = house();
    let server = Server::emulator(house.path(), &["--time-scale", "300"]);
    let mut words = run_words(&server, "done", &["sim-a"]);
    words.extend(["--rows-per-shard", "5"]);
    assert_eq!(house.call(&words).code, Some(0));
    let said = house.call(&["watch", "done"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    // One of the rows failed in a way that may pass.
    assert!(said.stdout.contains("every job is over\nnext: batch-eval retry done"), "{said:?}");
    let said = house.call(&["watch", "done", "--json"]);
    let events = said.events();
    let types: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
    assert_eq!(types, ["job", "job", "report"], "{said:?}");
    let report: &Value = &events[2]["report"];
    assert_eq!(report["models"][1]["submitted"], 10, "{report}");
}
