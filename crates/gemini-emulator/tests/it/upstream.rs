//! Jobs answered by a server behind the emulator: real time, restarts, cancels, errors, both kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use gemini_emulator::{
    Answers, Builder, Emulator, ManualClock, StartError, UpstreamConfig, UpstreamKey, UpstreamKind,
};
use serde_json::{Value, json};

use crate::stub::{Asked, Stub};
use crate::support::{Client, manual};

const MANY: usize = 10_000;

pub(crate) fn chat(text: &str) -> String {
    json!({"id": "chatcmpl-1", "model": "real-model", "choices": [{"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": text}}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
    .to_string()
}

pub(crate) fn polite(asked: &Asked, _: usize) -> (u16, Vec<(&'static str, &'static str)>, String) {
    match asked.path.as_str() {
        "/v1/models" => (200, Vec::new(), json!({"object": "list", "data": []}).to_string()),
        _ => (200, Vec::new(), chat(&format!("heard {}", asked.text()))),
    }
}

pub(crate) fn config(stub: &Stub) -> UpstreamConfig {
    UpstreamConfig::new(stub.url()).tries(3, Duration::from_millis(1))
}

pub(crate) fn texts(names: &[&str]) -> String {
    let row =
        |name: &&str| json!({"key": name, "request": {"contents": [{"parts": [{"text": name}]}]}});
    names.iter().map(|name| row(name).to_string() + "\n").collect()
}

fn numbered(n: usize) -> String {
    let names: Vec<String> = (0..n).map(|n| format!("row {n}")).collect();
    texts(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

fn count(job: &Value, name: &str) -> u64 {
    job["metadata"]["batchStats"][name].as_str().map_or(0, |n| n.parse().unwrap())
}

/// Looks again and again until the job is as wanted.
pub(crate) async fn until(client: &Client, job: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    for _ in 0..MANY {
        let seen = client.get(&format!("/v1/{job}")).await.ok().json();
        if wanted(&seen) {
            return seen;
        }
    }
    panic!("it never came");
}

pub(crate) fn state(job: &Value) -> &str {
    job["metadata"]["state"].as_str().unwrap()
}

pub(crate) async fn results(client: &Client, done: &Value) -> BTreeMap<String, Value> {
    let output = done["response"]["responsesFile"].as_str().unwrap();
    let text = client.get(&format!("/v1/{output}:download")).await.ok().text();
    let rows = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| (row["key"].as_str().unwrap().to_owned(), row)).collect()
}

pub(crate) fn text(row: &Value) -> &str {
    row["response"]["candidates"][0]["content"]["parts"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_job_runs_until_its_last_row_is_answered() {
    let stub = Stub::start(polite).await;
    let key = UpstreamKey::new("sk-canary").unwrap();
    let upstream = config(&stub).key(key).model("other").concurrency(3);
    let (_emulator, client, clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let file = client.upload(numbered(12).as_bytes()).await;
    let job = client.job("sim-pro", &file, "d").await;
    clock.advance(Duration::from_hours(1));
    assert_eq!(client.state(&job).await, "BATCH_STATE_RUNNING", "whatever the clock says");
    stub.let_go(5);
    let seen = until(&client, &job, |job| count(job, "successfulRequestCount") == 5).await;
    assert_eq!((state(&seen), count(&seen, "pendingRequestCount")), ("BATCH_STATE_RUNNING", 7));
    stub.let_go(7);
    let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    assert_eq!(
        (count(&done, "successfulRequestCount"), count(&done, "failedRequestCount")),
        (12, 0)
    );
    let rows = results(&client, &done).await;
    assert_eq!(rows.len(), 12);
    for (key, row) in &rows {
        assert_eq!(text(row), format!("heard {key}"));
        assert_eq!(row["response"]["modelVersion"], "real-model");
        assert_eq!(row["response"]["usageMetadata"]["totalTokenCount"], 5);
    }
    assert!((2..=3).contains(&stub.most_at_a_time()), "{}", stub.most_at_a_time());
    let asked = stub.seen();
    let (list, chats): (Vec<&Asked>, Vec<&Asked>) =
        asked.iter().partition(|a| a.path == "/v1/models");
    assert_eq!((list.len(), chats.len()), (1, 12), "detected once, asked once");
    assert!(asked.iter().all(|asked| asked.key.as_deref() == Some("Bearer sk-canary")));
    assert!(chats.iter().all(|asked| asked.body["model"] == "other"));
}

async fn start(builder: Builder) -> (Emulator, Client) {
    let emulator = builder.start().await.unwrap();
    let client = Client::of(&emulator);
    (emulator, client)
}

#[tokio::test]
async fn after_a_restart_only_unanswered_rows_are_asked() {
    let stub = Stub::start(polite).await;
    let (dir, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let upstream = config(&stub).kind(UpstreamKind::OpenAi).concurrency(2);
    let builder = Emulator::builder()
        .clock(clock.clone())
        .state_dir(Some(dir.path().into()))
        .answers(Answers::Upstream(upstream));
    let (emulator, client) = start(builder.clone()).await;
    let file = client.upload(numbered(9).as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    stub.let_go(4);
    until(&client, &job, |job| count(job, "successfulRequestCount") == 4).await;
    drop(emulator);
    let (_emulator, client) = start(builder).await;
    let seen = until(&client, &job, |job| count(job, "successfulRequestCount") == 4).await;
    assert_eq!(state(&seen), "BATCH_STATE_RUNNING");
    // More than are left, for those that were under way when the first emulator went.
    stub.let_go(9);
    let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    assert_eq!(count(&done, "successfulRequestCount"), 9);
    assert_eq!(results(&client, &done).await.len(), 9);
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for asked in stub.seen() {
        *times.entry(asked.text().to_owned()).or_default() += 1;
    }
    let twice = times.values().filter(|n| **n == 2).count();
    assert_eq!(times.len(), 9);
    assert!(twice <= 2 && times.values().all(|n| *n <= 2), "only those under way: {times:?}");
}

#[tokio::test]
async fn cancel_ends_the_asking() {
    let stub = Stub::start(polite).await;
    let upstream = config(&stub).kind(UpstreamKind::OpenAi).concurrency(2);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let file = client.upload(numbered(50).as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    stub.let_go(3);
    until(&client, &job, |job| count(job, "successfulRequestCount") == 3).await;
    client.call("POST", &format!("/v1/{job}:cancel"), &[], b"").await.ok();
    let seen = until(&client, &job, |job| count(job, "successfulRequestCount") == 3).await;
    assert_eq!(state(&seen), "BATCH_STATE_CANCELLED");
    assert!(seen.get("response").is_none());
    let done = until(&client, &job, |job| count(job, "failedRequestCount") == 47).await;
    assert_eq!(count(&done, "pendingRequestCount"), 0);
    let asked = stub.seen().len();
    stub.let_go(50);
    // Another job's rows go through meanwhile; this one's do not.
    let file = client.upload(texts(&["after"]).as_bytes()).await;
    let other = client.job("m", &file, "d").await;
    until(&client, &other, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    assert_eq!(stub.seen().len(), asked + 1);
}

#[tokio::test]
async fn what_goes_wrong_is_the_rows_own_error() {
    let stub = Stub::start(|asked, before| {
        let error = |message: &str| json!({"error": {"message": message}}).to_string();
        match (asked.text(), before) {
            ("busy", 0) | ("always busy", _) => {
                (429, vec![("Retry-After", "0")], error("slow down"))
            }
            ("down", _) => (503, Vec::new(), "<html>".into()),
            ("bad", _) => (400, Vec::new(), error("no such thing, sk-canary")),
            ("odd", _) => (200, Vec::new(), "plain".into()),
            ("filtered", _) => (
                400,
                Vec::new(),
                json!({"error": {"code": "content_filter", "message": "no"}}).to_string(),
            ),
            ("away", _) => (
                307,
                vec![("Location", "http://u:pw@127.0.0.1:1/chat?token=secret#x")],
                "{}".into(),
            ),
            _ => polite(asked, before),
        }
    })
    .await;
    stub.let_go(1_000);
    let key = UpstreamKey::new("sk-canary").unwrap();
    let upstream = config(&stub).kind(UpstreamKind::OpenAi).key(key);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let names = ["busy", "always busy", "down", "bad", "odd", "filtered", "away", "fine"];
    let search = json!({"key": "search", "request": {
        "contents": [{"parts": [{"text": "x"}]}], "tools": [{"googleSearch": {}}]}});
    let input = texts(&names) + &search.to_string() + "\n";
    let file = client.upload(input.as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    let rows = results(&client, &done).await;
    assert_eq!(rows.keys().map(String::as_str).collect::<BTreeSet<_>>().len(), 9);
    let code = |key: &str| rows[key]["error"]["code"].as_i64();
    let codes = ["always busy", "down", "bad", "odd", "away", "search"].map(code);
    assert_eq!(codes, [Some(8), Some(14), Some(3), Some(13), Some(9), Some(3)]);
    let message = |key: &str| rows[key]["error"]["message"].as_str().unwrap().to_owned();
    assert_eq!(message("bad"), "the upstream answered 400: no such thing, (key)");
    assert!(message("search").contains("googleSearch"), "{}", message("search"));
    let away = message("away");
    assert!(away.contains("answered 307, a redirect to http://127.0.0.1:1/chat; "), "{away}");
    assert_eq!(text(&rows["busy"]), "heard busy");
    let blocked = &rows["filtered"]["response"];
    assert_eq!(blocked["promptFeedback"]["blockReason"], "PROHIBITED_CONTENT");
    assert_eq!(blocked["modelVersion"], "m");
    assert_eq!(
        (count(&done, "successfulRequestCount"), count(&done, "failedRequestCount")),
        (3, 6)
    );
    let tries = |name: &str| stub.seen().iter().filter(|asked| asked.text() == name).count();
    assert_eq!(["busy", "down", "bad", "fine"].map(tries), [2, 3, 1, 1]);
}

#[tokio::test]
async fn a_gemini_server_gets_the_request_as_it_is() {
    let stub = Stub::start(|asked, _| match asked.path.as_str() {
        "/v1beta/models" => (200, Vec::new(), json!({"models": []}).to_string()),
        "/v1beta/models/m:generateContent" => {
            let said =
                json!({"candidates": [{"content": {"parts": [{"text": "ja"}]}}], "x": asked.body});
            (200, Vec::new(), said.to_string())
        }
        _ => (404, Vec::new(), "no".into()),
    })
    .await;
    stub.let_go(2);
    let upstream = config(&stub).key(UpstreamKey::new("k").unwrap());
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let request =
        json!({"contents": [{"parts": [{"text": "x"}]}], "tools": [{"google_search": {}}]});
    let mut named = request.clone();
    named["model"] = "models/elsewhere".into();
    let file =
        client.upload(format!("{}\n", json!({"key": "a", "request": named})).as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    let rows = results(&client, &done).await;
    assert_eq!(rows["a"]["response"]["x"], request);
    assert_eq!(rows["a"]["response"]["modelVersion"], "m");
    assert_eq!(stub.seen().last().unwrap().key.as_deref(), Some("k"));
    let call = client.post("/v1/models/m:generateContent", &request).await.ok().json();
    assert_eq!(call["x"], request, "single calls go there too");
}

#[tokio::test]
async fn a_server_that_is_not_there_or_neither_kind_is_an_error_of_each_row() {
    let stub = Stub::start(|_, _| (200, Vec::new(), "{}".into())).await;
    for (url, expected) in [(stub.url(), "neither"), ("http://127.0.0.1:1".into(), "reached")] {
        let upstream = UpstreamConfig::new(url).tries(1, Duration::ZERO);
        let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
        let file = client.upload(texts(&["a", "b"]).as_bytes()).await;
        let job = client.job("m", &file, "d").await;
        let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
        for row in results(&client, &done).await.values() {
            assert_eq!(row["error"]["code"], 14);
            assert!(row["error"]["message"].as_str().unwrap().contains(expected), "{row}");
        }
    }
    let refused = UpstreamConfig::new("here").kind(UpstreamKind::OpenAi);
    let refused = Emulator::builder().answers(Answers::Upstream(refused)).start().await;
    assert!(matches!(refused, Err(StartError::Upstream(_))), "{refused:?}");
}
