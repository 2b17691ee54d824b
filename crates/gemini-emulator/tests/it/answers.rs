//! Where answers come from: rules, echo, a replayed dataset; and when they are there.

use std::time::Duration;

use gemini_emulator::{Answers, Emulator, StartError};
use serde_json::{Value, json};

use crate::support::{Client, DONE, manual, rows};

async fn run(client: &Client, clock: &gemini_emulator::ManualClock, input: &[u8]) -> Vec<Value> {
    let file = client.upload(input).await;
    let job = client.job("m", &file, "d").await;
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{job}")).await.ok().json();
    let output = done["response"]["responsesFile"].as_str().unwrap().to_owned();
    let text = client.get(&format!("/v1/{output}:download")).await.ok().text();
    let mut rows: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    rows.sort_by_key(|row| row["key"].to_string());
    rows
}

fn row(key: &str, text: &str) -> String {
    format!(r#"{{"key":"{key}","request":{{"contents":[{{"parts":[{{"text":"{text}"}}]}}]}}}}"#)
        + "\n"
}

#[tokio::test]
async fn echo_says_it_again() {
    let (_emulator, client, clock) = manual(|b| b.answers(Answers::Echo)).await;
    let rows = run(&client, &clock, (row("a", "one") + &row("b", "two")).as_bytes()).await;
    let text =
        |row: &Value| row["response"]["candidates"][0]["content"]["parts"][0]["text"].clone();
    assert_eq!(rows.iter().map(text).collect::<Vec<_>>(), ["one", "two"]);
    let body = json!({"contents": [{"parts": [{"text": "three"}]}]});
    let call = client.post("/v1/models/m:generateContent", &body).await.ok().json();
    assert_eq!(text(&json!({ "response": call })), "three");
}

#[tokio::test]
async fn replay_answers_equal_requests_with_logged_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("logs.jsonl");
    let logged = concat!(
        r#"{"request":{"contents":[{"parts":[{"text":"one"}]}],"model":"models/x"},"#,
        r#""response":{"z":1.50,"candidates":[],"modelVersion":"real-1"}}"#
    );
    std::fs::write(&path, logged).unwrap();
    let (_emulator, client, clock) = manual(|b| b.answers(Answers::Replay(path.clone()))).await;
    let input = row("a", "one") + &row("b", "two");
    let file = client.upload(input.as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{job}")).await.ok().json();
    let stats = &done["metadata"]["batchStats"];
    assert_eq!(
        (&stats["successfulRequestCount"], &stats["failedRequestCount"]),
        (&json!("1"), &json!("1"))
    );
    let output = done["response"]["responsesFile"].as_str().unwrap();
    let text = client.get(&format!("/v1/{output}:download")).await.ok().text();
    assert!(
        text.contains(
            r#"{"key":"a","response":{"z":1.50,"candidates":[],"modelVersion":"real-1"}}"#
        ),
        "{text}"
    );
    assert!(
        text.contains(r#""message":"not in the replay dataset""#) && text.contains(r#""code":5"#),
        "{text}"
    );
}

#[tokio::test]
async fn a_dataset_that_cannot_be_replayed_is_said_at_the_start() {
    let dir = tempfile::tempdir().unwrap();
    let missing = Answers::Replay(dir.path().join("none.jsonl"));
    let refused = Emulator::builder().answers(missing).start().await;
    assert!(matches!(refused, Err(StartError::Replay { .. })), "{refused:?}");
}

#[tokio::test]
async fn rows_are_kept_though_their_file_goes() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let file = client.upload(&rows(300)).await;
    let job = client.job("m", &file, "d").await;
    client.call("DELETE", &format!("/v1/{file}"), &[], b"").await.ok();
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{job}")).await.ok().json();
    assert_eq!(done["metadata"]["state"], "BATCH_STATE_SUCCEEDED");
    let stats = &done["metadata"]["batchStats"];
    let n = |name: &str| stats[name].as_str().unwrap_or("0").parse::<u64>().unwrap();
    assert_eq!(n("successfulRequestCount") + n("failedRequestCount"), 300);
    assert_eq!(done["metadata"]["endTime"], "2026-01-01T00:00:30.000000000Z", "by the clock");
}

#[tokio::test]
async fn unanswered_rows_are_answered_after_a_restart() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), gemini_emulator::ManualClock::new());
    let builder = Emulator::builder().clock(clock.clone()).state_dir(Some(dir.path().into()));
    let emulator = builder.clone().start().await.unwrap();
    let client = Client::of(&emulator);
    let file = client.upload(&rows(500)).await;
    let job = client.job("m", &file, "d").await;
    // Killed at once, most likely in the middle of its answers.
    drop(emulator);
    let emulator = builder.start().await.unwrap();
    let client = Client::of(&emulator);
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{job}")).await.ok().json();
    let output = done["response"]["responsesFile"].as_str().unwrap();
    let text = client.get(&format!("/v1/{output}:download")).await.ok().text();
    assert_eq!(text.lines().count(), 500);
    client.until(|| left(dir.path()) == 1).await;
}

/// Files of jobs other than records.
fn left(dir: &std::path::Path) -> usize {
    let names = std::fs::read_dir(dir.join("jobs")).unwrap();
    names.filter(|e| e.as_ref().unwrap().path().extension().unwrap() != "json").count()
}

#[tokio::test]
async fn inlined_rows_keep_their_order_and_bytes() {
    let (_emulator, client, clock) = manual(|b| b.answers(Answers::Echo)).await;
    let requests: Vec<Value> = (0..50)
        .map(|n| {
            json!({"request": {"contents": [{"parts": [{"text": format!("line\n{n}")}]}]},
                        "metadata": {"key": format!("k{n}")}})
        })
        .collect();
    let body = json!({"batch": {"inputConfig": {"requests": {"requests": requests}}}});
    let pretty = format!("{body:#}").replace('\n', "\r\n");
    let path = "/v1/models/m:batchGenerateContent";
    let made = client.call("POST", path, &[], pretty.as_bytes()).await.ok().json();
    clock.advance(DONE + Duration::from_secs(1));
    let done = client.get(&format!("/v1/{}", made["name"].as_str().unwrap())).await.ok().json();
    let rows = done["response"]["inlinedResponses"]["inlinedResponses"].as_array().unwrap();
    assert_eq!(rows.len(), 50);
    for (n, row) in rows.iter().enumerate() {
        assert_eq!(row["metadata"]["key"], format!("k{n}"));
        let text = &row["response"]["candidates"][0]["content"]["parts"][0]["text"];
        assert_eq!(text, &format!("line\n{n}"));
    }
}
