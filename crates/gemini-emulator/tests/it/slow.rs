//! Faults of the script that take their time, and answers changed on their way.

use std::time::Duration;

use gemini_emulator::{Action, Canned, Fault, JobPlan, Phase, Refusal};
use serde_json::{Value, json};

use crate::support::{faults, manual, plan, rows};

#[tokio::test]
async fn an_answer_drips_and_another_stalls() {
    let (bytes, every_ms) = (100, 1_000);
    let script = faults([
        Fault::on("GET", "/models", Action::Drip { bytes, every_ms }).times(1),
        Fault::on("GET", "/models", Action::Stall { bytes: 50 }).times(1),
    ]);
    let (_emulator, client, clock) = manual(|b| b.script(script)).await;
    let path = "/v1/models";
    let slow = client.get(path);
    tokio::pin!(slow);
    let mut seconds = 0;
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut slow => break answer.ok(),
            other = client.get("/v1/files") => { other.ok(); }
        }
        clock.advance(Duration::from_secs(1));
        seconds += 1;
    };
    assert!(answer.complete && answer.body.len() > 300);
    serde_json::from_slice::<Value>(&answer.body).unwrap();
    assert!(seconds >= answer.body.len() / 100 - 1, "{seconds} s for {}", answer.body.len());
    let stalled = client.get(path);
    tokio::pin!(stalled);
    clock.advance(Duration::from_secs(1_000_000));
    tokio::select! {
        biased;
        _ = &mut stalled => panic!("it ended"),
        other = client.get("/v1/files") => { other.ok(); }
    }
}

#[tokio::test]
async fn a_body_is_taken_slowly() {
    let slow = Action::SlowUpload { bytes: 4, every_ms: 1_000 };
    let fault = Fault::on("POST", "/upload/", slow).header("x-goog-upload-command", "finalize");
    let (_emulator, client, clock) = manual(|b| b.script(faults([fault]))).await;
    let session = client.start(12, &json!({})).await;
    let upload = client.command(&session, "upload, finalize", 0, b"0123456789ab");
    tokio::pin!(upload);
    let mut seconds = 0;
    let answer = loop {
        tokio::select! {
            biased;
            answer = &mut upload => break answer.unwrap().ok(),
            other = client.get("/v1/files") => { other.ok(); }
        }
        clock.advance(Duration::from_secs(1));
        seconds += 1;
    };
    assert!(seconds >= 3, "{seconds}");
    assert_eq!(answer.json()["file"]["sizeBytes"], "12");
}

#[tokio::test]
async fn refusals_by_name() {
    let all = [
        (Refusal::TooManyRequests, 429, "RESOURCE_EXHAUSTED"),
        (Refusal::RetryLater, 429, "RESOURCE_EXHAUSTED"),
        (Refusal::EnqueuedTokens, 429, "RESOURCE_EXHAUSTED"),
        (Refusal::StorageFull, 429, "RESOURCE_EXHAUSTED"),
        (Refusal::BadKey, 400, "INVALID_ARGUMENT"),
        (Refusal::NoBilling, 400, "FAILED_PRECONDITION"),
        (Refusal::FileGone, 403, "PERMISSION_DENIED"),
        (Refusal::NoModel, 404, "NOT_FOUND"),
        (Refusal::Internal, 500, "INTERNAL"),
        (Refusal::Overloaded, 503, "UNAVAILABLE"),
        (Refusal::Deadline, 504, "DEADLINE_EXCEEDED"),
        (Refusal::OffsetMismatch, 400, "INVALID_ARGUMENT"),
    ];
    let fault = |refusal| Fault::on("GET", "/batches", Action::Refuse(refusal)).times(1);
    let html = Fault::on("GET", "/files", Action::Refuse(Refusal::HtmlPage));
    let script = faults(all.iter().map(|(refusal, ..)| fault(*refusal)).chain([html]));
    let (emulator, client, _) = manual(|b| b.script(script)).await;
    for (refusal, status, name) in all {
        let answer = client.get("/v1/batches").await;
        answer.fails(status, name);
        let wait = (refusal == Refusal::RetryLater).then_some("3");
        assert_eq!(answer.header("retry-after"), wait, "{refusal:?}");
        assert_eq!(answer.text().contains("retryDelay"), wait.is_some());
    }
    let html = client.get("/v1/files").await;
    assert!(html.status == 502 && html.text().starts_with("<html>"));
    let last = emulator.history().requests.pop().unwrap();
    assert_eq!(last.fault.as_deref(), Some("refuse/html_page"));
}

#[tokio::test]
async fn an_answer_other_than_what_was_done() {
    let canned = |status| Canned { status, ..Canned::default() };
    let location = [("Location".to_owned(), "http://127.0.0.1:9/elsewhere".to_owned())];
    let script = faults([
        Fault::on("POST", ":batchGenerateContent", Action::ApplyThenAnswer(canned(503))).times(1),
        Fault::on(
            "GET",
            "/files",
            Action::Answer(Canned { headers: location.into(), ..canned(302) }),
        )
        .times(1),
        Fault::on(
            "GET",
            "/models",
            Action::Headers(
                [("content-encoding", "gzip"), ("content-type", ""), ("X-New", "1")]
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .into(),
            ),
        )
        .times(1),
        Fault::on(
            "GET",
            "/models",
            Action::Headers([("Content-Length".to_owned(), String::new())].into()),
        )
        .times(1),
    ]);
    let (_emulator, client, _) = manual(|b| b.script(script)).await;
    let file = client.upload(&rows(1)).await;
    client.create("m", &file, "there").await.unwrap().fails(503, "UNAVAILABLE");
    assert_eq!(client.listed().await, ["there"]);
    let moved = client.get("/v1/files").await;
    assert_eq!(
        (moved.status, moved.header("location")),
        (302, Some("http://127.0.0.1:9/elsewhere"))
    );
    let models = client.get("/v1/models").await.ok();
    assert_eq!(
        (models.header("content-encoding"), models.header("content-type")),
        (Some("gzip"), None)
    );
    assert_eq!(models.header("x-new"), Some("1"));
    let unmeasured = client.get("/v1/models").await.ok();
    assert_eq!((unmeasured.header("content-length"), unmeasured.complete), (None, true));
    assert_eq!(unmeasured.body, models.body);
}

#[tokio::test]
async fn states_that_wait_for_polls() {
    let phase =
        |state: &str, polls| Phase { state: state.into(), polls: Some(polls), ..Phase::default() };
    let phases = vec![phase("BATCH_STATE_PENDING", 2), phase("BATCH_STATE_RUNNING", 3)];
    let job = JobPlan { phases, end: Some("JOB_STATE_SUCCEEDED".into()), ..JobPlan::default() };
    let (_emulator, client, _) = manual(|b| b.script(plan(job))).await;
    let file = client.upload(&rows(1)).await;
    let name = client.job("m", &file, "d").await;
    let mut seen = Vec::new();
    for _ in 0..6 {
        client.listed().await;
        seen.push(client.state(&name).await.split('_').next_back().unwrap().to_owned());
    }
    assert_eq!(seen, ["PENDING", "PENDING", "RUNNING", "RUNNING", "RUNNING", "SUCCEEDED"]);
    let done: Value = client.get(&format!("/v1/{name}")).await.ok().json();
    assert_eq!(
        (&done["done"], &done["metadata"]["state"]),
        (&json!(true), &json!("JOB_STATE_SUCCEEDED"))
    );
    assert!(done["response"]["responsesFile"].is_string());
}
