//! Judges that do not get to say anything that counts: called off while they are asked, or contradicting themselves.

use serde_json::{Value, json};
use tests::death::kill_when;
use tests::fake::{FakeServer, Knobs};
use tests::house::{House, creates, run_words};
use tests::process::Server;

const JUDGE: &str = r#"judge:rubric(model="sim-judge")"#;

/// The jobs of the judge at the service.
fn asked(server: &Server) -> Vec<Value> {
    let mut jobs = creates(server);
    jobs.retain(|job| job["model"] == "models/sim-judge" && job["applied"] == true);
    jobs
}

#[test]
fn a_cancelled_run_stops_its_judges_and_asks_no_more() {
    let script = "[[jobs]]\nwhen = { model = \"*judge\" }\n\
        plan = { phases = [{ state = \"BATCH_STATE_RUNNING\", lasts_s = 1e7 }] }\n";
    let house = House::scripted(6, script);
    let words =
        ["--time-scale", "300", "--control", "--answers", "echo", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let mut words = run_words(&server, "off", &["sim-flash"]);
    words.extend(["--scorer", JUDGE]);
    let mut child = house.start(&words);
    let came = kill_when(&mut child, || !asked(&server).is_empty());
    assert!(came, "{:?}", std::fs::read_to_string(house.path().join("err")));

    let said = house.call(&["jobs", "--json", "--base-url", server.base_url()]);
    assert!(said.stdout.contains("off judge"), "its owner is known: {said:?}");
    let said = house.call(&["cancel", "off"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(said.stdout.starts_with("asked 1 job of off to stop"), "{said:?}");
    assert!(asked(&server).iter().all(|job| job["cancelled"] == true), "{:?}", asked(&server));

    let said = house.call(&["resume", "off", "--poll-interval", "30ms", "--accept-partial"]);
    assert_eq!((said.code, asked(&server).len()), (Some(0), 1), "{said:?}");
    assert!(said.stdout.contains("no answer of the judge came (6)"), "{said:?}");
}

#[test]
fn a_judge_that_contradicts_itself_is_said_to_have_done_so() {
    let house = House::with_rows(2);
    let knobs = Knobs { contradicts: Some("sim-judge".into()), ..Knobs::default() };
    let server = FakeServer::start(knobs).unwrap();
    let base = server.base_url();
    let words = ["run", "data.jsonl", "--name", "two-tongues", "--base-url", &base, "-m", "m"];
    let words = [&words[..], &["--scorer", JUDGE, "--yes", "--accept-partial"]].concat();
    let said = house.call(&[&words[..], &["--poll-interval", "30ms"]].concat());
    assert_eq!(said.code, Some(0), "{said:?}");
    let why = "answers of the judge came that contradict each other";
    assert!(said.stdout.split_whitespace().collect::<Vec<_>>().join(" ").contains(why), "{said:?}");
    let shown = house.call(&["show", "two-tongues", "0", "--json"]).last();
    let answers = shown["answers"].as_array().unwrap();
    let reasons =
        answers.iter().flat_map(|one| one["judges"].as_array().cloned().unwrap_or_default());
    let reasons: Vec<Value> = reasons.map(|judge| judge["said"].clone()).collect();
    assert_eq!(reasons, [json!(why)], "{shown}");
}
