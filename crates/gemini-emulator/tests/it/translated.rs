//! What a server behind the emulator is told, and what comes back: byte for byte where it counts.

use std::time::Duration;

use gemini_emulator::{Answers, UpstreamConfig, UpstreamKind};
use serde_json::{Value, json};

use crate::stub::{Asked, Stub};
use crate::support::{Client, manual};
use crate::upstream::{chat, config, polite, results, state, texts, until};

/// What serde's own numbers and maps do not keep: long integers, digits, signs, order.
const ARGS: &str = r#"{"n":12345678901234567890123,"x":1.10,"a":-0}"#;

/// The one result line of a job with this one row, as it stands in the file.
async fn answered(client: &Client, row: &str) -> String {
    let file = client.upload(format!("{row}\n").as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    let done = until(client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    let output = done["response"]["responsesFile"].as_str().unwrap();
    client.get(&format!("/v1/{output}:download")).await.ok().text()
}

#[tokio::test]
async fn an_openai_server_gets_and_gives_order_and_digits() {
    let stub = Stub::start(|_, _| {
        let arguments = Value::from(ARGS);
        let message = format!(
            r#"{{"content":"I call.","tool_calls":[{{"id":"c","function":{{"name":"f","arguments":{arguments}}}}}]}}"#
        );
        let answer = format!(r#"{{"choices":[{{"finish_reason":"tool_calls","message":{message}}}]}}"#);
        (200, Vec::new(), answer)
    })
    .await;
    stub.let_go(1);
    let upstream = config(&stub).kind(UpstreamKind::OpenAi);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let row = format!(
        r#"{{"key":"a","request":{{"contents":[
            {{"role":"user","parts":[{{"text":"Hello "}},{{"text":"wor"}},{{"text":"ld"}}]}},
            {{"role":"model","parts":[{{"functionCall":{{"name":"f","args":{ARGS}}}}}]}},
            {{"role":"user","parts":[{{"functionResponse":{{"name":"f","response":{ARGS}}}}}]}}],
            "generationConfig":{{"responseMimeType":"application/json","responseSchema":{{"type":"OBJECT",
                "properties":{{"reasoning":{{"type":"STRING"}},"answer":{{"type":"STRING"}}}}}}}}}}}}"#
    )
    .replace('\n', "");
    let line = answered(&client, &row).await;
    assert!(line.contains(&format!(r#""args":{ARGS}"#)), "{line}");
    let seen = stub.seen();
    let messages = &seen[0].body["messages"];
    assert_eq!(messages[0]["content"], "Hello world");
    assert_eq!(messages[1]["tool_calls"][0]["function"]["arguments"], ARGS);
    assert_eq!(messages[2]["content"], ARGS);
    let properties = r#""properties":{"reasoning":{"type":"string"},"answer":{"type":"string"}}"#;
    assert!(seen[0].raw.contains(properties), "{}", seen[0].raw);
}

#[tokio::test]
async fn a_gemini_server_gets_and_gives_order_and_digits() {
    let stub = Stub::start(|_, _| {
        let answer = format!(r#"{{"responseId":"own","candidates":[{{"x":{ARGS}}}]}}"#);
        (200, Vec::new(), answer)
    })
    .await;
    stub.let_go(1);
    let upstream = config(&stub).kind(UpstreamKind::Gemini);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let rest = format!(
        r#""contents":[{{"role":"model","parts":[{{"functionCall":{{"name":"f","args":{ARGS}}}}}]}}],"cachedContent":"cachedContents/c""#
    );
    let row = format!(r#"{{"key":"a","request":{{"model":"models/m",{rest}}}}}"#);
    let line = answered(&client, &row).await;
    let answer =
        format!(r#"{{"responseId":"own","candidates":[{{"x":{ARGS}}}],"modelVersion":"m"}}"#);
    assert!(line.contains(&answer), "{line}");
    assert_eq!(stub.seen()[0].raw, format!("{{{rest}}}"));
}

#[tokio::test]
async fn a_model_gets_the_limit_under_the_name_that_it_asks_for() {
    let refused = "Unsupported parameter: 'max_tokens' is not supported with this model. Use \
                   'max_completion_tokens' instead.";
    let stub = Stub::start(move |asked, _| match asked.body.get("max_tokens") {
        Some(_) => (400, Vec::new(), json!({"error": {"message": refused}}).to_string()),
        None => (200, Vec::new(), chat("done")),
    })
    .await;
    stub.let_go(100);
    let upstream = config(&stub).kind(UpstreamKind::OpenAi).concurrency(1);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let row = |key: &str| {
        let request = json!({"contents": [{"parts": [{"text": key}]}],
            "generationConfig": {"maxOutputTokens": 5}});
        json!({"key": key, "request": request}).to_string() + "\n"
    };
    let file = client.upload((row("a") + &row("b")).as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    assert_eq!(done["metadata"]["batchStats"]["successfulRequestCount"], "2");
    let limits: Vec<[Option<u64>; 2]> = stub
        .seen()
        .iter()
        .map(|a| ["max_tokens", "max_completion_tokens"].map(|name| a.body[name].as_u64()))
        .collect();
    assert_eq!(limits, [[Some(5), None], [None, Some(5)], [None, Some(5)]], "learnt once");
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_the_rows_error() {
    let stub = Stub::start(polite).await;
    let upstream = UpstreamConfig::new(stub.url())
        .kind(UpstreamKind::OpenAi)
        .timeout(Duration::from_millis(50))
        .tries(2, Duration::ZERO);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(upstream))).await;
    let file = client.upload(texts(&["a"]).as_bytes()).await;
    let job = client.job("m", &file, "d").await;
    let done = until(&client, &job, |job| state(job) == "BATCH_STATE_SUCCEEDED").await;
    assert_eq!(results(&client, &done).await["a"]["error"]["code"], 4);
    assert_eq!(stub.seen().len(), 2);
}

fn names(list: &Value) -> Vec<&str> {
    list["models"].as_array().unwrap().iter().map(|m| m["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_models_of_the_server_are_listed() {
    let listing = |asked: &Asked, _: usize| match asked.path.as_str() {
        "/v1/models" => (200, Vec::new(), json!({"data": [{"id": "a"}, {"id": "b"}]}).to_string()),
        _ => (404, Vec::new(), "no".into()),
    };
    let stub = Stub::start(listing).await;
    for (upstream, only, expected) in [
        (config(&stub), false, ["models/a", "models/b"].as_slice()),
        (config(&stub).model("own"), false, &["models/own"]),
        (config(&stub), true, &["models/given"]),
    ] {
        let (_emulator, client, _clock) = manual(|b| {
            b.answers(Answers::Upstream(upstream)).models(["given"]).only_listed_models(only)
        })
        .await;
        let list = client.get("/v1/models").await.ok().json();
        assert_eq!(names(&list), expected);
        let description = list["models"][0]["description"].as_str().unwrap();
        assert!(description.contains("behind the emulator"), "{description}");
    }
    let gone = UpstreamConfig::new("http://127.0.0.1:1").tries(1, Duration::ZERO);
    let (_emulator, client, _clock) = manual(|b| b.answers(Answers::Upstream(gone))).await;
    let said = client.get("/v1/models").await.fails(503, "UNAVAILABLE");
    assert!(said.contains("cannot be reached"), "{said}");
}
