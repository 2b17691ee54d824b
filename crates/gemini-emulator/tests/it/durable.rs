//! What outlives the emulator: uploads in progress, files, jobs, results, creates yet to come.

use std::path::Path;
use std::time::Duration;

use gemini_emulator::{Action, Emulator, Fault, ManualClock, Script};
use serde_json::json;

use crate::support::{Client, DONE, faults, rows, small};

async fn start(dir: &Path, clock: &ManualClock, script: Script) -> (Emulator, Client) {
    let builder = Emulator::builder().clock(clock.clone()).limits(small()).script(script);
    let emulator = builder.state_dir(Some(dir.into())).start().await.unwrap();
    let client = Client::of(&emulator);
    (emulator, client)
}

#[tokio::test]
async fn an_upload_goes_on_where_it_was() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let cut = Fault::on("POST", "/upload/", Action::CutUpload { bytes: 3 })
        .header("x-goog-upload-offset", "4");
    let (emulator, client) = start(dir.path(), &clock, faults([cut])).await;
    let session = client.start(12, &json!({"file": {"displayName": "d"}})).await;
    client.command(&session, "upload", 0, b"0123").await.unwrap().ok();
    assert!(client.command(&session, "upload", 4, b"4567").await.is_none());
    drop(emulator);
    let (_emulator, client) = start(dir.path(), &clock, Script::default()).await;
    let query = client.command(&session, "query", 0, b"").await.unwrap().ok();
    assert_eq!(query.header("x-goog-upload-size-received"), Some("7"));
    let done = client.command(&session, "upload, finalize", 7, b"789ab").await.unwrap().ok();
    let file = done.json()["file"].clone();
    assert_eq!((&file["sizeBytes"], &file["displayName"]), (&json!("12"), &json!("d")));
    assert_eq!(
        file["sha256Hash"],
        "ZDQwN2FkOTAxODk1NzIzZjMyZDMxZTY1MTVmNTI4NGJlYjRjMDFlNzBlNTY3MjBkNjUwOTlkYTQ3NzFmMzE5Mw=="
    );
}

#[tokio::test]
async fn jobs_files_and_results_are_the_same_afterwards() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let (emulator, client) = start(dir.path(), &clock, Script::default()).await;
    let file = client.upload(&rows(20)).await;
    let early = client.job("sim-pro", &file, "early").await;
    clock.advance(DONE);
    let output = format!("/v1/files/{}:download", early.replace("batches/", "batch-"));
    let before = client.get(&output).await.ok().body;
    let running = client.job("sim-pro", &file, "running").await;
    let cancelled = client.job("sim-pro", &file, "cancelled").await;
    client.call("POST", &format!("/v1/{cancelled}:cancel"), &[], b"").await.ok();
    let deleted = client.job("sim-pro", &file, "deleted").await;
    client.call("DELETE", &format!("/v1/{deleted}"), &[], b"").await.ok();
    let (listed, seen) = (client.listed().await, client.get(&format!("/v1/{early}")).await.json());
    let creates = emulator.history().creates;
    emulator.shutdown().await;

    let (emulator, client) = start(dir.path(), &clock, Script::default()).await;
    assert_eq!(emulator.history().creates, creates);
    assert_eq!(client.listed().await, listed);
    assert_eq!(client.get(&format!("/v1/{early}")).await.json(), seen);
    assert_eq!(client.get(&output).await.ok().body, before);
    assert_eq!(client.state(&running).await, "BATCH_STATE_PENDING");
    assert_eq!(client.state(&cancelled).await, "BATCH_STATE_CANCELLED");
    client.get(&format!("/v1/{deleted}")).await.fails(404, "NOT_FOUND");
    clock.advance(DONE);
    assert_eq!(client.state(&running).await, "BATCH_STATE_SUCCEEDED");
    let again = client.job("sim-pro", &file, "again").await;
    assert!(![&early, &running, &cancelled, &deleted].contains(&&again));
    assert_eq!(emulator.history().creates.len(), 5);
}

#[tokio::test]
async fn a_late_create_comes_true_although_the_emulator_was_gone() {
    let (dir, clock) = (tempfile::tempdir().unwrap(), ManualClock::new());
    let late = Fault::on("POST", ":batchGenerateContent", Action::Late { after_ms: 5_000 });
    let (emulator, client) = start(dir.path(), &clock, faults([late])).await;
    let file = client.upload(&rows(2)).await;
    assert!(client.create("m", &file, "late").await.is_none());
    client.until(|| emulator.history().creates.len() == 1).await;
    drop(emulator);
    let (_emulator, client) = start(dir.path(), &clock, Script::default()).await;
    assert!(client.listed().await.is_empty());
    clock.advance(Duration::from_secs(5));
    assert_eq!(client.listed().await, ["late"]);
}

#[tokio::test]
async fn emulated_time_goes_on_and_ends_jobs_on_the_wall_clock_too() {
    let dir = tempfile::tempdir().unwrap();
    let builder = Emulator::builder().time_scale(2_000.0).state_dir(Some(dir.path().into()));
    let emulator = builder.clone().start().await.unwrap();
    let client = Client::of(&emulator);
    let file = client.upload(&rows(1)).await;
    let job = client.job("m", &file, "d").await;
    let seen = emulator.history().now;
    drop(emulator);
    let emulator = builder.start().await.unwrap();
    assert!(emulator.history().now >= seen);
    let client = Client::of(&emulator);
    for _ in 0..10_000 {
        if client.state(&job).await == "BATCH_STATE_SUCCEEDED" {
            return;
        }
    }
    panic!("the job never ended");
}
