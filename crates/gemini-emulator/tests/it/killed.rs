//! The emulator as a process that is killed without warning, and started again.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::support::{Client, rows};

/// The example `serve` as a process of its own, killed when dropped.
struct Served(Child);

impl Drop for Served {
    fn drop(&mut self) {
        // SIGKILL: it has no chance to tidy up.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The example stands beside the tests; `cargo test --test it` alone does not build it.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let target = test.parent().and_then(Path::parent).unwrap();
    let program = target.join("examples").join(format!("serve{}", std::env::consts::EXE_SUFFIX));
    if !program.exists() {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--example", "serve"]);
        if target.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.current_dir(env!("CARGO_MANIFEST_DIR")).status().unwrap().success());
    }
    program
}

fn serve(state: &Path, script: &Path) -> (Served, Client) {
    let mut command = Command::new(program());
    command.args(["127.0.0.1:0".as_ref(), state.as_os_str(), "1".as_ref(), script.as_os_str()]);
    started(command)
}

fn started(mut command: Command) -> (Served, Client) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().strip_prefix("http://").unwrap().parse().unwrap();
    (Served(child), Client::at(address))
}

#[tokio::test]
async fn everything_is_there_after_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let (state, script) = (dir.path().join("state"), dir.path().join("script.toml"));
    let text = "limits = { granularity = 4 }\n[[faults]]\ntimes = 1\n\
                when = { path = ':batchGenerateContent' }\n\
                action = { late = { after_ms = 600000 } }\n";
    std::fs::write(&script, text).unwrap();
    let (served, client) = serve(&state, &script);
    let file = client.upload(&rows(5)).await;
    assert!(client.create("m", &file, "late").await.is_none());
    let job = client.job("m", &file, "early").await;
    let history = "/__emulator/history";
    let mut creates = json!([]);
    for _ in 0..10_000 {
        creates = client.get(history).await.ok().json()["creates"].clone();
        if creates.as_array().unwrap().len() == 2 {
            break;
        }
    }
    let session = client.start(12, &json!({})).await;
    client.command(&session, "upload", 0, b"01234567").await.unwrap().ok();
    let seen = client.get(&format!("/v1/{file}")).await.ok().json();
    drop(served);

    std::fs::write(&script, "").unwrap();
    let (served, client) = serve(&state, &script);
    let after = client.get(&format!("/v1/{file}")).await.ok().json();
    assert_eq!(
        (&after["sha256Hash"], &after["createTime"]),
        (&seen["sha256Hash"], &seen["createTime"])
    );
    let query = client.command(&session, "query", 0, b"").await.unwrap().ok();
    assert_eq!(query.header("x-goog-upload-size-received"), Some("8"));
    client.command(&session, "upload, finalize", 8, b"89ab").await.unwrap().ok();
    assert_eq!(client.listed().await, ["early"]);
    let advance = |seconds: u64| {
        let body = json!({ "seconds": seconds });
        let client = &client;
        async move { client.post("/__emulator/clock/advance", &body).await.ok() }
    };
    advance(60).await;
    assert_eq!(client.state(&job).await, "BATCH_STATE_SUCCEEDED");
    let results = format!("/v1/{}:download?alt=media", job.replace("batches/", "files/batch-"));
    let before = client.get(&results).await.ok().body;
    advance(600).await;
    assert_eq!(client.listed().await, ["late", "early"]);
    let now = client.get("/__emulator/clock").await.ok().json()["now"].clone();
    drop(served);

    let (_served, client) = serve(&state, &script);
    assert_eq!(client.get(&results).await.ok().body, before);
    assert_eq!(client.listed().await, ["late", "early"], "the clock does not go back");
    let later = client.get("/__emulator/clock").await.ok().json()["now"].clone();
    assert!(later.as_str() >= now.as_str(), "{later} {now}");
    let names = |history: &serde_json::Value| {
        let creates = history.as_array().unwrap().clone();
        creates.into_iter().map(|create| create["name"].clone()).collect::<Vec<_>>()
    };
    let kept = client.get(history).await.ok().json()["creates"].clone();
    assert_eq!(names(&kept), names(&creates));
}

#[cfg(unix)]
#[tokio::test]
async fn what_a_killed_one_left_goes_with_the_next_start() {
    let base = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = Command::new(program());
        command.env("TMPDIR", base.path());
        started(command)
    };
    let folders = || {
        let entries = std::fs::read_dir(base.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
    };
    let (served, client) = start();
    client.upload(&rows(5)).await;
    let left = folders();
    assert_eq!(left.len(), 1);
    drop(served);
    assert_eq!(folders(), left, "SIGKILL leaves it");
    let (_served, client) = start();
    client.get("/v1/models").await.ok();
    let now = folders();
    assert_eq!(now.len(), 1);
    assert_ne!(now, left);
}
