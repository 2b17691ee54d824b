//! The control endpoints, chaos, and limits that a script changes.

use gemini_emulator::{Chaos, Emulator, JobRates, LengthSaid, Rates, Script};
use serde_json::{Value, json};

use crate::support::{Client, manual, rows};

const SCRIPT: &str = "/__emulator/script";

async fn put(client: &Client, kind: &str, text: &str) -> crate::support::Answer {
    client.call("PUT", SCRIPT, &[("Content-Type", kind), ("no-key", "")], text.as_bytes()).await
}

#[tokio::test]
async fn a_script_is_put_looked_at_and_taken_away() {
    let (emulator, client, _) = manual(|b| b.control(true)).await;
    assert_eq!(client.get(SCRIPT).await.ok().json()["faults"], json!([]));
    let toml = "[[faults]]\nwhen = { path = '/batches' }\ntimes = 1\naction = 'drop'\n";
    let seen = put(&client, "application/toml", toml).await.ok().json();
    assert_eq!(seen["faults"][0]["action"], "drop");
    assert_eq!(client.get(SCRIPT).await.ok().json(), seen);
    assert!(client.try_call("GET", "/v1/batches", &[], b"").await.is_none());
    client.get("/v1/batches").await.ok();
    // Put again, its counters begin anew; the content tells JSON from TOML.
    put(&client, "text/plain", &seen.to_string()).await.ok();
    assert!(client.try_call("GET", "/v1/batches", &[], b"").await.is_none());
    let wrong = put(&client, "application/json", r#"{"faults": [{"action": "jump"}]}"#).await;
    assert!(wrong.fails(400, "INVALID_ARGUMENT").contains("unknown variant `jump`"));
    assert_eq!(client.get(SCRIPT).await.ok().json(), seen, "what is wrong changes nothing");
    put(&client, "", "faults = [{ action = 'hang' }]").await.ok();
    client.call("DELETE", SCRIPT, &[], b"").await.ok();
    client.get("/v1/batches").await.ok();
    let paths: Vec<String> = emulator.history().requests.into_iter().map(|r| r.path).collect();
    assert_eq!(paths, ["/v1/batches"; 4], "the control endpoints leave no trace");
}

#[tokio::test]
async fn the_clock_is_moved_and_all_is_forgotten() {
    let (emulator, client, _) = manual(|b| b.control(true)).await;
    let file = client.upload(&rows(1)).await;
    let job = client.job("m", &file, "d").await;
    let advance = |body: &'static [u8]| {
        let client = &client;
        async move { client.call("POST", "/__emulator/clock/advance", &[], body).await }
    };
    let now = advance(br#"{"seconds": 31.5}"#).await.ok().json();
    assert_eq!(now, json!({"now": "2026-01-01T00:00:31.500000000Z"}));
    assert_eq!(client.get("/__emulator/clock").await.ok().json(), now);
    assert_eq!(client.state(&job).await, "BATCH_STATE_SUCCEEDED");
    for bad in [&b"{\"seconds\": -1}"[..], b"", b"{}", b"{\"seconds\": 1e18}"] {
        advance(bad).await.fails(400, "INVALID_ARGUMENT");
    }
    assert_eq!(client.get("/__emulator/clock").await.ok().json(), now, "and nothing has moved");
    let open = client.start(4, &json!({})).await;
    let history = client.get("/__emulator/history").await.ok().json();
    assert_eq!(history["creates"][0]["name"], job);
    client.call("POST", "/__emulator/reset", &[], b"").await.ok();
    client.command(&open, "query", 0, b"").await.unwrap().fails(404, "NOT_FOUND");
    assert_eq!(client.get("/v1/files").await.ok().json(), json!({}));
    client.get(&format!("/v1/{job}")).await.fails(404, "NOT_FOUND");
    assert!(emulator.history().creates.is_empty());
    assert_eq!(emulator.history().requests.len(), 3, "only those since the reset");
    let file = client.upload(&rows(1)).await;
    client.job("m", &file, "anew").await;
    client.call("DELETE", "/__emulator/history", &[], b"").await.ok();
    assert_eq!(emulator.history().requests.len(), 0);
}

#[tokio::test]
async fn a_clock_on_the_wall_is_moved_too() {
    let emulator = Emulator::builder().control(true).start().await.unwrap();
    let client = Client::of(&emulator);
    let file = client.upload(&rows(1)).await;
    let job = client.job("m", &file, "d").await;
    assert_eq!(client.state(&job).await, "BATCH_STATE_PENDING");
    client.call("POST", "/__emulator/clock/advance", &[], br#"{"seconds": 172799}"#).await.ok();
    assert_eq!(client.state(&job).await, "BATCH_STATE_SUCCEEDED");
    client.get(&format!("/v1/{file}")).await.ok();
    client.call("POST", "/__emulator/clock/advance", &[], br#"{"seconds": 2}"#).await.ok();
    client.get(&format!("/v1/{file}")).await.fails(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn limits_of_jobs_and_tokens_by_script() {
    let script = Script::parse(
        "toml",
        "limits = { concurrent_jobs = 3, enqueued_tokens = 1000, storage_bytes = 6000 }",
    );
    let (_emulator, client, clock) = manual(|b| b.script(script.unwrap())).await;
    let input = rows(9);
    let tokens = input.len().div_ceil(4);
    assert!((501..=1000).contains(&tokens), "one such job fits, two do not: {tokens}");
    let file = client.upload(&input).await;
    client.job("a", &file, "1").await;
    let full = client.create("a", &file, "2").await.unwrap();
    full.fails(429, "RESOURCE_EXHAUSTED");
    let quota = &full.json()["error"]["details"][1]["violations"][0];
    assert_eq!(
        (&quota["quotaDimensions"]["model"], &quota["quotaValue"]),
        (&json!("a"), &json!("1000"))
    );
    client.job("b", &file, "another model").await;
    client.job("c", &file, "a third").await;
    let many = client.create("d", &file, "one too many").await.unwrap();
    many.fails(429, "RESOURCE_EXHAUSTED");
    assert_eq!(many.json()["error"]["details"].as_array().unwrap().len(), 1, "it names no quota");
    clock.advance(crate::support::DONE);
    client.job("a", &file, "room again").await;
    let headers = [
        ("X-Goog-Upload-Protocol", "resumable"),
        ("X-Goog-Upload-Command", "start"),
        ("X-Goog-Upload-Header-Content-Length", "4000"),
    ];
    let full = client.call("POST", "/upload/v1/files", &headers, b"").await;
    assert!(full.fails(429, "RESOURCE_EXHAUSTED").contains("file_storage_bytes"));
    client.call("DELETE", &format!("/v1/{file}"), &[], b"").await.ok();
    client.call("POST", "/upload/v1/files", &headers, b"").await.ok();
}

/// The faults that forty requests meet, one after the other.
async fn walk(seed: u64) -> Vec<Option<String>> {
    let rates =
        Rates { drop: 0.2, overloaded: 0.2, html_page: 0.2, lose_session: 0.4, ..Rates::default() };
    let chaos = Chaos { rates, most_in_a_row: Some(2), ..Chaos::mild(seed) };
    let script = Script { chaos: Some(chaos), ..Script::default() };
    let (emulator, client, _) = manual(|b| b.script(script)).await;
    for _ in 0..40 {
        let answer = client.try_call("GET", "/v1/batches", &[], b"").await;
        assert!(answer.is_none_or(|answer| [200, 502, 503].contains(&answer.status)));
    }
    emulator.history().requests.into_iter().map(|request| request.fault).collect()
}

#[tokio::test]
async fn chaos_is_the_same_for_the_same_seed() {
    let (one, again, other) = (walk(1).await, walk(1).await, walk(2).await);
    assert_eq!(one, again);
    assert_ne!(one, other);
    let met: std::collections::BTreeSet<&str> = one.iter().flatten().map(String::as_str).collect();
    let expected = ["chaos/drop", "chaos/refuse/html_page", "chaos/refuse/overloaded"];
    assert_eq!(met.into_iter().collect::<Vec<_>>(), expected);
    assert!(one.windows(3).all(|three| three.iter().any(Option::is_none)), "mercy: {one:?}");
}

#[tokio::test]
async fn chaos_of_jobs_and_rules_before_it() {
    let jobs = JobRates { fails: 1.0, ..JobRates::default() };
    let chaos = Chaos { jobs, ..Chaos::default() };
    let mut script = Script { chaos: Some(chaos), ..Script::default() };
    script.jobs = serde_json::from_value(json!([{"when": {"display_name": "safe"}}])).unwrap();
    let (_emulator, client, clock) = manual(|b| b.script(script)).await;
    let file = client.upload(&rows(1)).await;
    let (safe, doomed) = (client.job("m", &file, "safe").await, client.job("m", &file, "x").await);
    clock.advance(crate::support::DONE);
    assert_eq!(client.state(&safe).await, "BATCH_STATE_SUCCEEDED");
    assert_eq!(client.state(&doomed).await, "BATCH_STATE_FAILED");
}

#[test]
fn the_words_of_a_script_are_those_of_the_documentation() {
    let text = include_str!("../../../../docs/emulator.md");
    let mut actions = 0;
    for block in text.split("```").skip(1).step_by(2) {
        let (kind, body) = block.split_once('\n').unwrap();
        if kind == "toml" || (kind == "json" && body.contains("\"faults\"")) {
            let script =
                Script::parse(kind, body).unwrap_or_else(|error| panic!("{error}\n{body}"));
            actions += script.faults.len();
        }
    }
    assert!(actions >= 17, "an example for each action: {actions}");
    let said: Value = serde_json::to_value(LengthSaid::Absent).unwrap();
    assert!(text.contains(said.as_str().unwrap()));
}
