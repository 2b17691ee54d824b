//! Faults of the script: late, lost, delayed, cut and invented answers.

use std::time::Duration;

use gemini_emulator::{Action, Canned, Emulator, Fault, JobPlan, LengthSaid, Rows};
use serde_json::json;

use crate::support::{DONE, faults, manual, plan, rows};

const CREATE: &str = ":batchGenerateContent";

#[tokio::test]
async fn a_late_create_shows_only_when_its_time_has_come() {
    let late = Fault::on("POST", CREATE, Action::Late { after_ms: 5_000 }).times(1);
    let (emulator, client, clock) = manual(|b| b.script(faults([late]))).await;
    let file = client.upload(&rows(2)).await;
    assert!(client.create("m", &file, "late").await.is_none());
    // The create is applied by a task of the emulator's own: look until it is noted.
    client.until(|| emulator.history().creates.len() == 1).await;
    let create = emulator.history().creates.remove(0);
    assert!(!create.applied);
    clock.advance(Duration::from_millis(4_999));
    assert!(client.listed().await.is_empty());
    client.get(&format!("/v1/{}", create.name)).await.fails(404, "NOT_FOUND");
    clock.advance(Duration::from_millis(1));
    assert_eq!(client.listed().await, ["late"]);
    let job = client.get(&format!("/v1/{}", create.name)).await.ok().json();
    assert_eq!(job["metadata"]["createTime"], "2026-01-01T00:00:05.000000000Z");
    assert!(emulator.history().creates[0].applied);
    clock.advance(DONE);
    assert_eq!(client.state(&create.name).await, "BATCH_STATE_SUCCEEDED");
}

#[tokio::test]
async fn drop_before_and_after_applying() {
    let script = faults([
        Fault::on("POST", CREATE, Action::Drop).times(1),
        Fault::on("POST", CREATE, Action::ApplyThenDrop).times(1),
    ]);
    let (emulator, client, _) = manual(|b| b.script(script)).await;
    let file = client.upload(&rows(1)).await;
    assert!(client.create("m", &file, "lost").await.is_none());
    assert!(client.listed().await.is_empty());
    assert!(client.create("m", &file, "applied").await.is_none());
    assert_eq!(client.listed().await, ["applied"]);
    client.job("m", &file, "answered").await;
    let history = emulator.history();
    let creates = history.requests.iter().filter(|seen| seen.path.ends_with(CREATE));
    let seen: Vec<_> = creates.map(|seen| (seen.fault.as_deref(), seen.status)).collect();
    assert_eq!(seen, [(Some("drop"), None), (Some("apply_then_drop"), None), (None, Some(200))]);
}

#[tokio::test]
async fn a_job_may_be_missing_from_the_list_for_a_while() {
    let job = JobPlan { list_lag_ms: 2_000, ..JobPlan::default() };
    let (_emulator, client, clock) = manual(|b| b.script(plan(job))).await;
    let file = client.upload(&rows(1)).await;
    let name = client.job("m", &file, "shy").await;
    assert_eq!(client.state(&name).await, "BATCH_STATE_PENDING");
    assert!(client.listed().await.is_empty());
    clock.advance(Duration::from_secs(2));
    assert_eq!(client.listed().await, ["shy"]);
}

#[tokio::test]
async fn invented_answers() {
    let retry = json!({"error": {"code": 429, "message": "slow down", "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"}]}});
    let canned = |status| Canned { status, ..Canned::default() };
    let answer = |canned| Fault::on("GET", "/batches", Action::Answer(canned)).times(1);
    let script = faults([
        answer(Canned {
            headers: [("Retry-After".to_owned(), "3".to_owned())].into(),
            json: Some(retry.clone()),
            ..canned(429)
        }),
        answer(Canned { body: Some("<html>Bad Gateway</html>".into()), ..canned(502) }),
        answer(canned(503)),
    ]);
    let (_emulator, client, _) = manual(|b| b.script(script)).await;
    let first = client.get("/v1/batches").await;
    assert_eq!((first.status, first.header("retry-after"), first.json()), (429, Some("3"), retry));
    let second = client.get("/v1/batches").await;
    assert_eq!((second.status, second.text().as_str()), (502, "<html>Bad Gateway</html>"));
    client.get("/v1/batches").await.fails(503, "UNAVAILABLE");
    client.get("/v1/batches").await.ok();
}

#[tokio::test]
async fn downloads_are_cut_with_any_word_about_their_length() {
    let cut =
        |length| Fault::on("GET", ":download", Action::Truncate { bytes: 100, length }).times(1);
    let script = faults([cut(LengthSaid::Right), cut(LengthSaid::Absent), cut(LengthSaid::Short)]);
    let (_emulator, client, clock) = manual(|b| b.script(script)).await;
    let file = client.upload(&rows(5)).await;
    let name = client.job("m", &file, "d").await;
    clock.advance(DONE);
    let path = format!("/v1/files/{}:download?alt=media", name.replace("batches/", "batch-"));
    let right = client.get(&path).await;
    assert!(!right.complete, "the promised length does not come");
    let absent = client.get(&path).await;
    assert_eq!((absent.complete, absent.header("content-length")), (true, None));
    let short = client.get(&path).await;
    assert_eq!((short.complete, short.header("content-length")), (true, Some("100")));
    assert_eq!((right.body.len(), absent.body.len(), short.body.len()), (100, 100, 100));
    let whole = client.get(&path).await.ok();
    assert!(whole.complete && whole.body.starts_with(&short.body) && whole.body.len() > 100);
}

#[tokio::test]
async fn delays_follow_the_emulators_clock_and_a_hang_never_ends() {
    let script = faults([
        Fault::on("GET", "/batches", Action::Delay { ms: 3_000 }).times(1),
        Fault::on("GET", "/files", Action::Hang),
    ]);
    let (_emulator, client, clock) = manual(|b| b.script(script)).await;
    let slow = client.get("/v1/batches");
    tokio::pin!(slow);
    // Other calls go by while it waits, and it is still waiting after them.
    for _ in 0..3 {
        tokio::select! {
            biased;
            _ = &mut slow => panic!("answered without waiting"),
            other = client.get("/v1/models") => { other.ok(); }
        }
    }
    clock.advance(Duration::from_secs(3));
    slow.await.ok();
    let hung = client.get("/v1/files");
    tokio::pin!(hung);
    clock.advance(Duration::from_secs(1_000_000));
    tokio::select! {
        biased;
        _ = &mut hung => panic!("answered"),
        other = client.get("/v1/models") => { other.ok(); }
    }
}

#[tokio::test]
async fn a_cancel_may_come_late_or_be_ignored() {
    let late = Fault::on("POST", ":cancel", Action::Late { after_ms: 1_000 }).times(1);
    let mut script = faults([late]);
    script.jobs = plan(JobPlan { ignores_cancel: true, ..JobPlan::default() }).jobs;
    script.jobs[0].when.display_name = "stubborn".into();
    let (emulator, client, clock) = manual(|b| b.script(script)).await;
    let file = client.upload(&rows(1)).await;
    let (job, stubborn) =
        (client.job("m", &file, "mild").await, client.job("m", &file, "stubborn").await);
    let path = format!("/v1/{job}:cancel");
    assert!(client.try_call("POST", &path, &[], b"").await.is_none());
    assert_eq!(client.state(&job).await, "BATCH_STATE_PENDING");
    clock.advance(Duration::from_secs(1));
    client.until(|| emulator.history().creates[0].cancelled).await;
    assert_eq!(client.state(&job).await, "BATCH_STATE_CANCELLED");
    client.call("POST", &format!("/v1/{stubborn}:cancel"), &[], b"").await.ok();
    clock.advance(DONE);
    assert_eq!(client.state(&stubborn).await, "BATCH_STATE_SUCCEEDED");
}

#[tokio::test]
async fn scripts_made_in_rust_are_checked_as_those_in_text() {
    let odd = Canned { status: 42, ..Canned::default() };
    for (script, expected) in [
        (faults([Fault::on("GET", "", Action::Answer(odd))]), "42 is no status"),
        (
            plan(JobPlan { missing: Rows { share: 2.0, ..Rows::default() }, ..JobPlan::default() }),
            "missing.share",
        ),
    ] {
        let refused = Emulator::builder().script(script).start().await;
        let error = refused.expect_err("a script that cannot be").to_string();
        assert!(error.contains(expected), "{error}");
    }
}
