//! Datasets that are cut into several jobs: their results join as if there had been one.

use tests::house::{House, creates, run_words};
use tests::process::Server;

const MODELS: [&str; 2] = ["sim-flash", "sim-pro"];

fn server(house: &House) -> Server {
    Server::emulator(house.path(), &["--time-scale", "300", "--control"])
}

fn sharded<'a>(server: &'a Server, name: &'a str, cut: &[&'a str]) -> Vec<&'a str> {
    let mut words = run_words(server, name, &MODELS);
    words.extend(["--settle", "300ms"]);
    words.extend(cut);
    words
}

#[test]
fn shards_join_to_the_report_of_one_job() {
    let house = House::with_rows(10);
    let server = server(&house);
    assert_eq!(house.call(&sharded(&server, "whole", &[])).code, Some(0));
    let said = house.call(&sharded(&server, "cut", &["--rows-per-shard", "3"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(house.report("cut"), house.report("whole"));
    assert_eq!(creates(&server).len(), 2 + 4 * 2, "one job for each shard and model");
    let rows = |id| house.input("cut", id).len();
    assert_eq!(["s0001.v0", "s0002.v0", "s0003.v0", "s0004.v0"].map(rows), [3, 3, 3, 1]);
    let uploads = house.told("cut", "input_stored");
    assert_eq!(uploads.len(), 4, "the models share what is uploaded: {uploads:?}");
    // The scores have every row once, in the dataset's order.
    let again = house.call_without_key(&["score", "cut", "--json"]);
    assert_eq!(again.last()["report"]["models"], house.report("cut")["models"]);
}

#[test]
fn shards_are_cut_by_bytes_too() {
    let house = House::with_rows(10);
    let server = server(&house);
    let said = house.call(&sharded(&server, "bytes", &["--bytes-per-shard", "5000"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    let manifest = std::fs::read(house.run("bytes").join("run.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let inputs = manifest["made"]["inputs"].as_array().unwrap();
    assert!(inputs.len() > 1, "{manifest}");
    let sum = |field: &str| inputs.iter().map(|input| input[field].as_u64().unwrap()).sum::<u64>();
    assert_eq!(sum("rows"), 10);
    for input in inputs {
        let (bytes, rows) = (input["bytes"].as_u64().unwrap(), input["rows"].as_u64().unwrap());
        assert!(bytes <= 5000 && rows > 0, "{input}");
    }
    assert_eq!(creates(&server).len(), inputs.len() * MODELS.len());
    assert_eq!(house.report("bytes")["models"][1]["submitted"], 10);
    let said = house.call(&sharded(&server, "tight", &["--bytes-per-shard", "600"]));
    assert_eq!(said.code, Some(3), "a row that fits no job is the dataset's trouble: {said:?}");
    assert!(said.stderr.contains("--bytes-per-shard"), "{said:?}");
}

#[test]
fn killed_among_its_shards_a_run_makes_no_job_twice() {
    let house = House::with_rows(10);
    let server = server(&house);
    assert_eq!(house.call(&sharded(&server, "whole", &[])).code, Some(0));
    let before = creates(&server).len();
    let mut child = house.start(&sharded(&server, "dies", &["--rows-per-shard", "3"]));
    while creates(&server).len() < before + 3 {
        assert!(child.try_wait().unwrap().is_none(), "it was to be killed at work");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let said = house.call(&["resume", "dies", "--accept-partial", "--poll-interval", "30ms"]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), before + 4 * 2);
    assert_eq!(house.report("dies"), house.report("whole"));
}

#[test]
fn no_more_tokens_of_a_model_are_at_the_service_than_its_limit() {
    let house = House::scripted(12, "");
    let server = server(&house);
    let mut words = run_words(&server, "heavy", &["sim-a", "sim-b"]);
    // Some eight tokens a row, so one job of four rows and never two of sim-a.
    words.extend(["--rows-per-shard", "4", "--enqueued-tokens", "sim-a=50"]);
    let said = house.call(&words);
    assert_eq!((said.code, creates(&server).len()), (Some(0), 2 * 3), "{said:?}");
    let mut most = std::collections::BTreeMap::<bool, (i64, i64)>::new();
    for line in house.journal("heavy") {
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let step = match event["ev"].as_str() {
            Some("create_intended") => 1,
            Some("ended") => -1,
            _ => continue,
        };
        let limited = event["job"].as_str().unwrap().ends_with("m0");
        let (live, peak) = most.entry(limited).or_default();
        *live += step;
        *peak = (*peak).max(*live);
    }
    assert_eq!(most[&true].1, 1, "jobs of sim-a took turns");
    assert!(most[&false].1 > 1, "those of sim-b did not have to");
}

#[test]
fn the_tier_of_the_project_says_how_many_tokens_may_wait() {
    let house = House::scripted(4, "");
    let server = server(&house);
    let tokens = |name: &str, more: &[&str]| {
        let mut words = run_words(&server, name, &["gemini-3.5-flash"]);
        words.extend(["--until", "prepared", "--budget", "5"]);
        words.extend(more);
        let said = house.call(&words);
        assert_eq!(said.code, Some(0), "{said:?}");
        let manifest = std::fs::read(house.run(name).join("run.json")).unwrap();
        let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
        let limits = &manifest["asked"]["settings"]["limits"];
        limits["live_tokens"]["gemini-3.5-flash"].as_u64().unwrap()
    };
    let (one, three) = (tokens("one", &[]), tokens("three", &["--tier", "3"]));
    assert!(0 < one && one < three, "{one} {three}");
    assert_eq!(tokens("own", &["--tier", "3", "--enqueued-tokens", "gemini-3.5-flash=77"]), 77);
    for odd in [["--tier", "4"], ["--enqueued-tokens", "7"], ["--enqueued-tokens", "m=0"]] {
        let words = [&["run", "data.jsonl", "-m", "sim-a", "--emulator"], &odd[..]].concat();
        assert_eq!(house.call(&words).code, Some(2), "{odd:?}");
    }
}

#[test]
fn no_more_jobs_are_at_the_service_than_its_limit() {
    let house = House::with_rows(10);
    house.write("script.toml", "[limits]\nconcurrent_jobs = 2\n");
    let words = ["--time-scale", "300", "--control", "--script", "script.toml"];
    let server = Server::emulator(house.path(), &words);
    let said = house.call(&sharded(&server, "few", &["--rows-per-shard", "3", "--jobs", "2"]));
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(creates(&server).len(), 4 * 2);
    assert!(!said.stderr.contains("not yet"), "none was refused for want of room: {said:?}");
}
