//! Files, models and keys: get, list, delete, expiry, and who is let in.

use std::time::Duration;

use gemini_emulator::{Emulator, StartError};
use serde_json::{Value, json};

use crate::support::manual;

#[tokio::test]
async fn list_pages_newest_first_and_delete() {
    let (_emulator, client, clock) = manual(|b| b).await;
    assert_eq!(client.get("/v1beta/files").await.ok().json(), json!({}), "no empty list");
    let mut names = Vec::new();
    for _ in 0..5 {
        names.insert(0, client.upload(b"x").await);
        clock.advance(Duration::from_secs(1));
    }
    let mut seen: Vec<Value> = Vec::new();
    let mut token = String::new();
    loop {
        let page = client.get(&format!("/v1/files?pageSize=2&pageToken={token}")).await.ok().json();
        seen.extend(page["files"].as_array().unwrap().iter().map(|file| file["name"].clone()));
        match page["nextPageToken"].as_str() {
            Some(next) => next.clone_into(&mut token),
            None => break,
        }
        // A file that comes in between does not shift the pages that follow.
        client.upload(b"y").await;
        clock.advance(Duration::from_secs(1));
    }
    assert_eq!(Value::from(seen), json!(names));
    client.get("/v1/files?pageToken=zz").await.fails(400, "INVALID_ARGUMENT");
    let path = format!("/v1beta/{}", names[0]);
    let deleted = client.call("DELETE", &path, &[], b"{}").await.ok();
    assert_eq!(deleted.json(), json!({}));
    client.get(&path).await.fails(403, "PERMISSION_DENIED");
    client.call("DELETE", &path, &[], b"").await.fails(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn files_expire_after_two_days() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let name = client.upload(b"x").await;
    clock.advance(Duration::from_secs(48 * 3600 - 1));
    client.get(&format!("/v1beta/{name}")).await.ok();
    clock.advance(Duration::from_secs(1));
    let gone = client.get(&format!("/v1beta/{name}")).await;
    let stranger = client.get("/v1beta/files/nobody").await.fails(403, "PERMISSION_DENIED");
    let id = name.strip_prefix("files/").unwrap();
    assert_eq!(gone.fails(403, "PERMISSION_DENIED"), stranger.replace("nobody", id));
    assert_eq!(client.get("/v1beta/files").await.ok().json(), json!({}));
    client.create("m", &name, "late").await.unwrap().fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn result_names_are_too_long_and_uploads_are_not_given_back() {
    let (_emulator, client, _) = manual(|b| b).await;
    let path = format!("/v1beta/files/batch-{}", "a".repeat(36));
    for (method, call) in [("GET", "Get"), ("DELETE", "Delete")] {
        let answer = client.call(method, &path, &[], b"").await;
        let expected = format!(
            "* {call}FileRequest.name: File ID (name excluding 'files/') cannot be more than 40 \
             characters.\n"
        );
        assert_eq!(answer.fails(400, "INVALID_ARGUMENT"), expected);
    }
    let name = client.upload(b"x").await;
    client.get(&format!("/v1beta/{name}:download?alt=media")).await.fails(400, "INVALID_ARGUMENT");
    client.get(&format!("{path}:download?alt=media")).await.fails(404, "NOT_FOUND");
}

#[tokio::test]
async fn keys_by_header_or_query() {
    let (_emulator, client, _) = manual(|b| b.bad_key("wrong")).await;
    let none = [("no-key", "")];
    let refused = client.call("GET", "/v1beta/batches", &none, b"").await;
    assert!(refused.fails(403, "PERMISSION_DENIED").contains("unregistered callers"));
    client.call("GET", "/v1beta/batches?key=any", &none, b"").await.ok();
    let bad = client
        .call("GET", "/v1/batches", &[("no-key", ""), ("x-goog-api-key", "wrong")], b"")
        .await;
    bad.fails(400, "INVALID_ARGUMENT");
    let detail = bad.json()["error"]["details"][0].clone();
    assert_eq!(detail["reason"], "API_KEY_INVALID");
    assert_eq!(detail["@type"], "type.googleapis.com/google.rpc.ErrorInfo");
}

#[tokio::test]
async fn models_tokens_and_single_answers() {
    let (_emulator, client, _) = manual(|b| b.models(["a-flash", "a-pro"])).await;
    let list = client.get("/v1beta/models?pageSize=1").await.ok().json();
    assert_eq!(list["models"][0]["name"], "models/a-flash");
    let rest = client.get("/v1beta/models?pageToken=1").await.ok().json();
    assert_eq!(rest["models"][0]["name"], "models/a-pro");
    assert_eq!(rest.get("nextPageToken"), None);
    assert_eq!(client.get("/v1/models/other").await.ok().json()["name"], "models/other");
    let contents = json!({"contents": [{"parts": [{"text": "12345678"}]}]});
    let count = client.post("/v1beta/models/m:countTokens", &contents).await.ok().json();
    assert_eq!(count["totalTokens"], 2);
    let mut kinds = 0;
    for n in 0..20 {
        let contents = json!({"contents": [{"parts": [{"text": format!("what is {n}")}]}]});
        let answer = client.post("/v1beta/models/m:generateContent", &contents).await;
        if answer.status == 200 {
            assert_eq!(answer.json()["modelVersion"], "m");
            kinds += 1;
        }
    }
    assert!(kinds > 10);
    let odd = client.post("/v1beta/models/m:generateContent", &json!({"config": {}})).await;
    assert!(odd.fails(400, "INVALID_ARGUMENT").contains("Unknown name \"config\""));
    let embed = client.post("/v1beta/models/m:embedContent", &json!({})).await;
    embed.fails(501, "UNIMPLEMENTED");
    let nowhere = client.get("/v3/files").await;
    assert_eq!((nowhere.status, nowhere.text().contains("404")), (404, true));
}

#[tokio::test]
async fn only_listed_models_and_only_loopback() {
    let (_emulator, client, _) = manual(|b| b.models(["a"]).only_listed_models(true)).await;
    let name = client.upload(b"{}").await;
    let refused = client.create("b", &name, "j").await.unwrap();
    assert!(refused.fails(404, "NOT_FOUND").contains("models/b is not found"));
    let open = Emulator::builder().listen("0.0.0.0:0".parse().unwrap());
    assert!(matches!(open.clone().start().await, Err(StartError::NotLoopback(_))));
    open.allow_remote(true).start().await.unwrap();
    let frozen = Emulator::builder().time_scale(0.0).start().await;
    assert!(matches!(frozen, Err(StartError::TimeScale(_))));
}

#[tokio::test]
async fn history_counts_and_is_served_only_when_asked_for() {
    let (emulator, client, _) = manual(|b| b.control(true)).await;
    let file = client.upload(&crate::support::rows(2)).await;
    client.job("sim-pro", &file, "token-1").await;
    let over_http = client.call("GET", "/__emulator/history", &[("no-key", "")], b"").await.ok();
    let history = emulator.history();
    assert_eq!(history.creates.len(), 1);
    let create = &history.creates[0];
    assert_eq!(create.display_name.as_deref(), Some("token-1"));
    assert_eq!((create.model.as_str(), create.input.as_ref()), ("models/sim-pro", Some(&file)));
    assert_eq!(over_http.json()["creates"], serde_json::to_value(&history.creates).unwrap());
    let commands: Vec<_> = history.requests.iter().filter_map(|r| r.command.as_deref()).collect();
    assert_eq!(commands, ["start", "upload, finalize"]);
    assert!(!over_http.text().contains("upload_id"), "sessions are secrets");
    let (_quiet, client, _) = manual(|b| b).await;
    assert_eq!(client.get("/__emulator/history").await.status, 404);
}
