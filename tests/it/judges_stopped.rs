//! A run that is called off while its judges are asked: their jobs are stopped too, and nobody is asked any more.

use serde_json::Value;
use tests::death::kill_when;
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
