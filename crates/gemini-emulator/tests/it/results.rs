//! Rows in and results out: refusals that name lines, keys, order, and what a script does to rows.

use std::collections::BTreeSet;

use gemini_emulator::{JobPlan, Rows};
use serde_json::{Value, json};

use crate::support::{DONE, manual, plan, rows};

async fn results(model: &str, input: &[u8], job: JobPlan) -> (Vec<Value>, Value, String) {
    let (_emulator, client, clock) = manual(|b| b.script(plan(job))).await;
    let file = client.upload(input).await;
    let name = client.job(model, &file, "d").await;
    clock.advance(DONE);
    let done = client.get(&format!("/v1/{name}")).await.ok().json();
    let output = done["response"]["responsesFile"].as_str().unwrap();
    let text = client.get(&format!("/v1/{output}:download?alt=media")).await.ok().text();
    let lines = text.lines().filter(|line| !line.is_empty());
    let rows = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
    (rows, done["metadata"]["batchStats"].clone(), text)
}

fn keys(rows: &[Value]) -> Vec<&str> {
    rows.iter().map(|row| row["key"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn all_keys_come_back_in_another_order() {
    let (rows, stats, _) = results("sim-pro", &rows(200), JobPlan::default()).await;
    let seen = keys(&rows);
    let all: BTreeSet<&str> = seen.iter().copied().collect();
    assert_eq!((seen.len(), all.len()), (200, 200));
    let given: Vec<String> = (0..200).map(|n| format!("k{n}")).collect();
    assert_ne!(seen, given.iter().map(String::as_str).collect::<Vec<_>>());
    let count = |name: &str| rows.iter().filter(|row| row.get(name).is_some()).count();
    assert_eq!(count("response") + count("error"), 200);
    assert_eq!(stats["successfulRequestCount"], count("response").to_string());
    let failed = stats.get("failedRequestCount").and_then(Value::as_str).unwrap_or("0");
    assert_eq!(failed, count("error").to_string());
    let sound =
        rows.iter().filter_map(|row| row.get("response")).find(|r| r.get("candidates").is_some());
    let sound = sound.unwrap();
    assert_eq!(sound["modelVersion"], "sim-pro");
    assert!(sound["responseId"].is_string());
    let usage = &sound["usageMetadata"];
    let n = |name: &str| usage[name].as_u64().unwrap_or(0);
    assert_eq!(
        n("totalTokenCount"),
        n("promptTokenCount") + n("candidatesTokenCount") + n("thoughtsTokenCount")
    );
}

#[tokio::test]
async fn equal_seeds_give_equal_bytes_and_models_differ() {
    let one = results("sim-pro", &rows(60), JobPlan::default()).await.2;
    assert_eq!(one, results("sim-pro", &rows(60), JobPlan::default()).await.2);
    assert_ne!(
        one,
        results("sim-flash", &rows(60), JobPlan::default()).await.2.replace("flash", "pro")
    );
}

#[tokio::test]
async fn rows_without_key_and_with_strangers_beside_the_request() {
    let request = json!({"contents": [{"parts": [{"text": "hello out there"}]}]});
    let input = format!(
        "{}\r\n\n{{\"id\":7,\"request\":{{}}}}\n{}",
        json!({"request": request}),
        json!({"request": request, "id": "x", "tags": ["a"], "nested": {"list": [1]}, "response": 1})
    );
    let (mut rows, stats, _) = results("m", input.as_bytes(), JobPlan::default()).await;
    assert_eq!(stats["requestCount"], "3", "blank lines are no rows");
    rows.sort_by_key(|row| row.get("id").map(ToString::to_string));
    let empty = rows.pop().unwrap();
    assert_eq!((&empty["id"], &empty["error"]["code"]), (&json!(7), &json!(3)));
    assert_eq!(rows[0].get("key"), None);
    assert_eq!((&rows[1]["id"], &rows[1]["tags"]), (&json!("x"), &json!([])));
    assert_eq!(rows[1]["nested"], json!({"list": [1]}));
    assert_ne!(rows[1].get("response"), Some(&json!(1)));
}

#[tokio::test]
async fn what_a_script_does_to_rows() {
    let pick = |lines: &[u64], keys: &[&str]| {
        let keys = keys.iter().map(|key| (*key).to_owned()).collect();
        Rows { lines: lines.to_vec(), keys, share: 0.0 }
    };
    let job = JobPlan {
        failing: pick(&[1], &["k1"]),
        missing: pick(&[3], &[]),
        doubled: pick(&[], &["k3"]),
        blocked: pick(&[5], &[]),
        model_version: Some("other-model".into()),
        blank_lines: true,
        ..JobPlan::default()
    };
    let (rows, stats, text) = results("m", &rows(6), job).await;
    let mut seen = keys(&rows);
    seen.sort_unstable();
    assert_eq!(seen, ["k0", "k1", "k3", "k3", "k4", "k5"]);
    let of = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    assert_eq!(of("k0")["error"]["code"], 13);
    assert_eq!(of("k1")["error"]["message"], "Internal error encountered.");
    assert!(of("k4")["response"]["promptFeedback"]["blockReason"].is_string());
    assert_eq!(of("k4")["response"]["modelVersion"], "other-model");
    assert_eq!(stats["requestCount"], "6");
    assert!(text.contains("\n\n"));
}

#[tokio::test]
async fn rows_of_odd_shapes() {
    let script = gemini_emulator::Script::parse(
        "toml",
        r#"[[jobs]]
        [jobs.plan]
        failing = { keys = ["k0"] }
        row_error = { code = 8, message = "full", as_status = true, details = [{ "@type" = "x" }] }
        truncated = { lines = [2] }
        empty = { lines = [3] }
        unparsable = { keys = ["k3"] }
        foreign = 1"#,
    );
    let job = script.unwrap().jobs.remove(0).plan;
    let (_emulator, client, clock) = manual(|b| b.script(plan(job))).await;
    let file = client.upload(&rows(4)).await;
    let name = client.job("m", &file, "d").await;
    clock.advance(DONE);
    let path = format!("/v1/{}:download?alt=media", name.replace("batches/", "files/batch-"));
    let text = client.get(&path).await.ok().text();
    let parsed = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let rows: Vec<Value> = parsed.collect();
    assert_eq!((text.lines().count(), rows.len()), (5, 4), "one line is half a row");
    let of = |key: &str| rows.iter().find(|row| row["key"] == key).unwrap();
    let error = json!({"code": 8, "message": "full", "details": [{"@type": "x"}]});
    assert_eq!((&of("k0")["status"], of("k0").get("error")), (&error, None));
    assert_eq!(of("k1")["response"]["candidates"][0]["finishReason"], "MAX_TOKENS");
    assert_eq!(of("k2")["response"]["candidates"][0].get("content"), None);
    assert!(of("foreign-0")["response"].is_object());
}

#[tokio::test]
async fn bad_rows_are_refused_at_create_by_line() {
    let good = r#"{"key":"a","request":{"contents":[{"parts":[{"text":"x"}]}]}}"#;
    let cases = [
        (
            r#"{"request":{"contents":[{"parts":[]}],"store":true}}"#,
            "near column 39: no such field: 'store'",
        ),
        (
            r#"{"request":{"contents":[{"parts":[]}],"systemInstruction":"x"}}"#,
            "unexpected character: '\"'; expected '{'",
        ),
        (r#"{"request":{"contents":[{"parts":[]}],"#, "near column 38: EOF while parsing"),
        ("[1]", "near column 1: unexpected character: '['; expected '{'"),
        (r#"{"contents":[]}"#, "request is not specified"),
        (
            r#"{"request":{"contents":[{"parts":[]}],"cachedContent":"c","tools":[]}}"#,
            "CachedContent",
        ),
        (
            r#"{"request":{"contents":[{"parts":[]}],"systemInstruction":{"parts":[{"text":""}]}}}"#,
            "non-empty text",
        ),
    ];
    let (emulator, client, _) = manual(|b| b).await;
    for (bad, expected) in cases {
        let file = client.upload(format!("{good}\n{bad}\n{good}\n").as_bytes()).await;
        let message = client.create("m", &file, "d").await.unwrap().fails(400, "INVALID_ARGUMENT");
        assert!(message.starts_with("Error on line 2: "), "{message}");
        assert!(message.contains(expected), "{message}");
    }
    let file = client.upload(b"\xff\n{\n").await;
    let message = client.create("m", &file, "d").await.unwrap().fails(400, "INVALID_ARGUMENT");
    assert!(message.contains("\nError on line 2: "), "each bad line is named: {message}");
    let odd = json!({"batch": {"inputConfig": {"requests": {"requests": [{"config": {}}]}}}});
    let answer = client.post("/v1/models/m:batchGenerateContent", &odd).await;
    assert!(
        answer.fails(400, "INVALID_ARGUMENT").contains("batch.input_config.requests.requests[0]")
    );
    let none = client.post("/v1/models/m:batchGenerateContent", &json!({"batch": {}})).await;
    none.fails(400, "INVALID_ARGUMENT");
    client.create("m", "files/nobody", "d").await.unwrap().fails(404, "NOT_FOUND");
    assert!(emulator.history().creates.is_empty());
}

#[tokio::test]
async fn no_two_answers_have_one_id() {
    let (_emulator, client, clock) = manual(|b| b).await;
    let file = client.upload(&rows(3)).await;
    let jobs = [client.job("m", &file, "a").await, client.job("m", &file, "b").await];
    clock.advance(DONE);
    let mut ids = BTreeSet::new();
    let mut answers = 0;
    for job in jobs {
        let path = format!("/v1/{}:download", job.replace("batches/", "files/batch-"));
        for line in client.get(&path).await.ok().text().lines() {
            let row: Value = serde_json::from_str(line).unwrap();
            if let Some(id) = row["response"]["responseId"].as_str() {
                answers += 1;
                ids.insert(id.to_owned());
            }
        }
    }
    assert!(answers > 3 && ids.len() == answers, "{answers} {ids:?}");
}
