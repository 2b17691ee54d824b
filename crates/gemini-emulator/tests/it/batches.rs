//! Batch jobs: the Operation at each stage, lists, cancel, delete, ends of every kind.

use std::time::Duration;

use gemini_emulator::{JobError, JobPlan, Phase, Script};
use serde_json::{Value, json};

use crate::support::{DONE, manual, plan, rows};

const TYPE: &str = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch";

#[tokio::test]
async fn a_file_job_from_pending_to_succeeded() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let file = client.upload(&rows(3)).await;
    let created = client.create("sim-flash", &file, "d").await.unwrap().ok().json();
    let name = created["name"].as_str().unwrap().to_owned();
    assert_eq!(name.len(), "batches/".len() + 36);
    let born = "2026-01-01T00:00:00.000000000Z";
    let metadata = json!({
        "@type": TYPE,
        "model": "models/sim-flash",
        "displayName": "d",
        "inputConfig": {"fileName": file},
        "createTime": born,
        "updateTime": born,
        "batchStats": {"requestCount": "3", "pendingRequestCount": "3"},
        "state": "BATCH_STATE_PENDING",
        "name": name,
    });
    assert_eq!(created, json!({"name": name, "metadata": metadata}), "no done while it runs");
    clock.advance(Duration::from_secs(10));
    let running = client.get(&format!("/v1/{name}")).await.ok().json();
    assert_eq!(running["metadata"]["state"], "BATCH_STATE_RUNNING");
    assert_eq!(running["metadata"]["updateTime"], "2026-01-01T00:00:10.000000000Z");
    assert_eq!(running.get("done"), None);
    clock.advance(Duration::from_secs(25));
    let done = client.get(&format!("/v1beta/{name}")).await.ok().json();
    let responses = format!("files/{}", name.replace("batches/", "batch-"));
    assert_eq!(done["done"], true);
    assert_eq!(done["metadata"]["output"], json!({"responsesFile": responses}));
    assert_eq!(
        done["response"],
        json!({"@type": format!("{TYPE}Output"), "responsesFile": responses})
    );
    assert_eq!(done["metadata"]["endTime"], "2026-01-01T00:00:30.000000000Z");
    assert_eq!(done["metadata"]["batchStats"].get("pendingRequestCount"), None, "an absent zero");
    for path in [
        format!("/v1beta/{responses}:download?alt=media"),
        format!("/download/v1beta/{responses}:download?alt=media"),
    ] {
        let download = client.get(&path).await.ok();
        assert!(download.complete && download.body.ends_with(b"\n"));
        assert_eq!(download.text().lines().count(), 3);
    }
    clock.advance(Duration::from_hours(48));
    client.get(&format!("/v1/{responses}:download")).await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn inlined_requests_in_either_spelling_keep_their_order() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let bodies = [
        json!({"batch": {"displayName": "a", "inputConfig": {"requests": {"requests": [
            {"request": {"contents": [{"role": "user", "parts": [{"text": "one"}]}],
                         "generationConfig": {"thinkingConfig": {"thinking_budget": 0}}},
             "metadata": {"key": "k1"}},
            {"request": {"contents": [{"role": "user", "parts": [{"text": "two"}]}]},
             "metadata": {"key": "k2"}},
            {"request": {"model": "models/m", "contents": [{"parts": [{"text": "three"}]}]}}]}},
            "webhookConfig": {"uris": ["https://example.invalid/hook"], "user_metadata": {"job": "1"}}}}),
        json!({"batch": {"display_name": "b", "input_config": {"requests": {"requests": [
            {"request": {"contents": [{"parts": [{"inline_data": {"mime_type": "image/png", "data": "aGk="}}]}],
                         "system_instruction": {"parts": [{"text": "be brief"}]}}}]}}}}),
    ];
    let mut names = Vec::new();
    for body in &bodies {
        let made = client.post("/v1/models/m:batchGenerateContent", body).await.ok().json();
        assert_eq!(made["metadata"].get("inputConfig"), None);
        names.push(made["name"].as_str().unwrap().to_owned());
    }
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{}", names[0])).await.ok().json();
    let list = done["metadata"]["output"]["inlinedResponses"]["inlinedResponses"].clone();
    let keys: Vec<&Value> = list.as_array().unwrap().iter().map(|row| &row["metadata"]).collect();
    assert_eq!(json!(keys), json!([{"key": "k1"}, {"key": "k2"}, null]));
    assert_eq!(done["response"]["inlinedResponses"]["inlinedResponses"], list, "doubled");
    let listed = client.get("/v1/batches").await.ok();
    assert!(!listed.text().contains("inlinedResponses"), "left out of lists");
    assert!(listed.text().contains("BATCH_STATE_SUCCEEDED"));
}

#[tokio::test]
async fn lists_are_newest_first_in_pages() {
    let (_emulator, client, clock) = manual(|b| b).await;
    assert_eq!(client.get("/v1/batches").await.ok().json(), json!({}));
    let file = client.upload(&rows(1)).await;
    for n in 0..5 {
        client.job("m", &file, &format!("j{n}")).await;
        clock.advance(Duration::from_millis(1));
    }
    let mut seen = Vec::new();
    let mut token = String::new();
    for _ in 0..3 {
        let page =
            client.get(&format!("/v1/batches?pageSize=2&pageToken={token}")).await.ok().json();
        for job in page["operations"].as_array().unwrap() {
            seen.push(job["metadata"]["displayName"].as_str().unwrap().to_owned());
        }
        page["nextPageToken"].as_str().unwrap_or_default().clone_into(&mut token);
    }
    assert_eq!((seen.join(" ").as_str(), token.as_str()), ("j4 j3 j2 j1 j0", ""));
}

#[tokio::test]
async fn cancel_and_delete() {
    let (emulator, client, clock) = manual(|b| b).await;
    let file = client.upload(&rows(1)).await;
    let job = client.job("m", &file, "first").await;
    clock.advance(Duration::from_secs(12));
    for body in [&b""[..], b"{}"] {
        let path = format!("/v1/{job}:cancel");
        assert_eq!(client.call("POST", &path, &[], body).await.ok().json(), json!({}));
    }
    let cancelled = client.get(&format!("/v1/{job}")).await.ok().json();
    assert_eq!(cancelled["metadata"]["state"], "BATCH_STATE_CANCELLED");
    assert_eq!((&cancelled["error"]["code"], &cancelled["done"]), (&json!(1), &json!(true)));
    assert_eq!(cancelled.get("response"), None);
    let other = client.job("m", &file, "second").await;
    clock.advance(DONE);
    client.call("POST", &format!("/v1/{other}:cancel"), &[], b"").await.ok();
    assert_eq!(client.state(&other).await, "BATCH_STATE_SUCCEEDED", "too late to cancel");
    client.call("DELETE", &format!("/v1/{other}"), &[], b"").await.ok();
    client.get(&format!("/v1/{other}")).await.fails(404, "NOT_FOUND");
    client.call("DELETE", &format!("/v1/{other}"), &[], b"").await.fails(404, "NOT_FOUND");
    client.call("POST", "/v1/batches/nobody:cancel", &[], b"").await.fails(404, "NOT_FOUND");
    assert_eq!(client.listed().await, ["first"]);
    let creates = emulator.history().creates;
    let facts: Vec<_> = creates.iter().map(|job| (job.cancelled, job.deleted)).collect();
    assert_eq!(facts, [(true, false), (false, true)]);
}

async fn ended(job: JobPlan, after: Duration) -> Value {
    let (_emulator, client, clock) = manual(|b| b.script(plan(job))).await;
    let file = client.upload(&rows(4)).await;
    let name = client.job("m", &file, "d").await;
    clock.advance(after);
    client.get(&format!("/v1/{name}")).await.ok().json()
}

#[tokio::test]
async fn every_end_there_is() {
    for (end, code, output) in [
        ("BATCH_STATE_SUCCEEDED", None, true),
        ("BATCH_STATE_PARTIALLY_SUCCEEDED", None, true),
        ("BATCH_STATE_FAILED", Some(13), false),
        ("BATCH_STATE_CANCELLED", Some(1), false),
        ("BATCH_STATE_EXPIRED", Some(4), false),
        ("BATCH_STATE_MOON", None, false),
    ] {
        let job = ended(JobPlan { end: Some(end.into()), ..JobPlan::default() }, DONE).await;
        assert_eq!(job["metadata"]["state"], end);
        assert_eq!(job["done"], true, "{end}");
        assert_eq!(job["error"]["code"].as_i64(), code, "{end}");
        assert_eq!(job["metadata"].get("output").is_some(), output, "{end}");
        assert_eq!(job.get("response").is_some(), output, "{end}");
    }
    let own = JobError { code: 8, message: "no room".into() };
    let job = JobPlan {
        end: Some("BATCH_STATE_FAILED".into()),
        error: Some(own),
        output: Some(true),
        ..JobPlan::default()
    };
    let failed = ended(job, DONE).await;
    assert_eq!(failed["error"], json!({"code": 8, "message": "no room"}));
    assert!(failed["metadata"]["output"]["responsesFile"].is_string());
}

#[tokio::test]
async fn a_job_that_takes_too_long_expires() {
    let stuck = Phase { state: "BATCH_STATE_PENDING".into(), lasts_s: 1e9, polls: None };
    let job = JobPlan { phases: vec![stuck], ..JobPlan::default() };
    let waiting = ended(job.clone(), Duration::from_secs(48 * 3600 - 1)).await;
    assert_eq!(waiting["metadata"]["state"], "BATCH_STATE_PENDING");
    let expired = ended(job, Duration::from_hours(48)).await;
    assert_eq!(expired["metadata"]["state"], "BATCH_STATE_EXPIRED");
    assert_eq!(expired.get("response"), None);
}

#[tokio::test]
async fn phases_and_rules_by_model_and_index() {
    let script: Script = serde_json::from_value(json!({"jobs": [
        {"when": {"model": "pro"}, "times": 1, "plan": {"end": "BATCH_STATE_FAILED", "phases": [
            {"state": "BATCH_STATE_RUNNING", "lasts_s": 1}, {"state": "BATCH_STATE_PENDING", "lasts_s": 1}]}},
        {"when": {"index": 2}, "plan": {"end": "BATCH_STATE_MOON", "late_output_s": 5, "output": true}}]}))
    .unwrap();
    let (_emulator, client, clock) = manual(|b| b.script(script)).await;
    let file = client.upload(&rows(1)).await;
    let jobs = [
        client.job("a-pro", &file, "0").await,
        client.job("a-pro", &file, "1").await,
        client.job("a-flash", &file, "2").await,
    ];
    assert_eq!(client.state(&jobs[0]).await, "BATCH_STATE_RUNNING");
    clock.advance(Duration::from_secs(1));
    assert_eq!(client.state(&jobs[0]).await, "BATCH_STATE_PENDING", "states may go back");
    clock.advance(Duration::from_secs(29));
    let mut states = Vec::new();
    for job in &jobs {
        states.push(client.state(job).await);
    }
    assert_eq!(states, ["BATCH_STATE_FAILED", "BATCH_STATE_SUCCEEDED", "BATCH_STATE_MOON"]);
    let path = format!("/v1/{}", jobs[2]);
    assert_eq!(client.get(&path).await.json()["metadata"].get("output"), None, "late output");
    clock.advance(Duration::from_secs(5));
    assert!(client.get(&path).await.json()["metadata"]["output"].is_object());
}

#[tokio::test]
async fn a_hundred_jobs_at_once_and_no_more() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let file = client.upload(&rows(1)).await;
    for n in 0..100 {
        client.job("m", &file, &n.to_string()).await;
    }
    let full = client.create("m", &file, "one more").await.unwrap();
    full.fails(429, "RESOURCE_EXHAUSTED");
    assert!(full.json()["error"]["details"][0]["links"].is_array());
    assert_eq!(full.header("retry-after"), None, "the service gives no hint");
    clock.advance(DONE);
    client.job("m", &file, "now").await;
    assert_eq!(client.listed().await.len(), 100, "a page holds no more");
}

/// The requests of both SDKs as recorded: inlined, and by a file whose name they spell in `snake_case`.
#[tokio::test]
async fn batches_of_embeddings() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let path = "/v1/models/gemini-embedding-001:asyncBatchEmbedContent";
    let request = |text: &str| {
        json!({"request": {"content": {"parts": [{"text": text}]},
            "taskType": "RETRIEVAL_DOCUMENT", "outputDimensionality": 64}})
    };
    let inlined = json!({"batch": {"displayName": "emb",
        "inputConfig": {"requests": {"requests": [request("1"), request("2")]}}}});
    let made = client.post(path, &inlined).await.ok().json();
    let kind = TYPE.replace("Generate", "Embed");
    assert_eq!(
        (&made["metadata"]["@type"], &made["metadata"]["displayName"]),
        (&json!(kind), &json!("emb"))
    );
    let line = json!({"key": "request_1", "request":
        {"output_dimensionality": 3, "content": {"parts": [{"text": "some words"}]}}});
    let file = client.upload(format!("{line}\n").as_bytes()).await;
    let by_file = json!({"batch": {"inputConfig": {"file_name": file}}});
    let second = client.post(path, &by_file).await.ok().json();
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{}", made["name"].as_str().unwrap())).await.ok().json();
    let rows = done["response"]["inlinedResponses"]["inlinedResponses"].as_array().unwrap();
    let vector = |n: usize| rows[n]["response"]["embedding"]["values"].as_array().unwrap();
    assert_eq!((vector(0).len(), vector(1).len()), (64, 64));
    assert_ne!(vector(0), vector(1));
    let name = second["name"].as_str().unwrap();
    let path = format!("/v1/{}:download", name.replace("batches/", "files/batch-"));
    let row: Value = serde_json::from_slice(&client.get(&path).await.ok().body).unwrap();
    assert_eq!((&row["key"], &row["response"]["tokenCount"]), (&json!("request_1"), &json!("3")));
    assert_eq!(row["response"]["embedding"]["values"].as_array().unwrap().len(), 3);
    let wrong = json!({"batch": {"inputConfig": {"requests": {"requests": [
        {"request": {"contents": []}}]}}}});
    let refused = client.post("/v1/models/m:asyncBatchEmbedContent", &wrong).await;
    assert!(refused.fails(400, "INVALID_ARGUMENT").contains("contents"));
}
