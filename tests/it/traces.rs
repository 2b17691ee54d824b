//! What Google's own SDKs sent, recorded, is sent to the emulator again: it must understand it all.

use std::collections::BTreeMap;
use std::time::Duration;

use gemini_emulator::{Action, Emulator, Fault, ManualClock, Script};
use serde_json::{Value, json};
use tests::raw::{Answer, exchange};

const PYTHON: &str = include_str!("../fixtures/traces/python.jsonl");
const JAVASCRIPT: &str = include_str!("../fixtures/traces/javascript.jsonl");

/// Emulated seconds between two looks at a job: pending, running and ended are all seen.
const BETWEEN_LOOKS: Duration = Duration::from_secs(15);

/// One recorded request; `{…}` in it stands for what an earlier answer gave.
#[derive(Debug)]
struct Recorded {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// What the answer gives: `upload-1`, `file-1`, `job-1`, `page-1`.
    gives: Option<String>,
    /// The status of an answer that is no success.
    status: Option<u16>,
}

/// The traces of a fixture in their order, each a list of requests.
fn traces(fixture: &str) -> Vec<(String, Vec<Value>)> {
    let mut traces: Vec<(String, Vec<Value>)> = Vec::new();
    for line in fixture.lines() {
        let request: Value = serde_json::from_str(line).unwrap();
        let name = request["trace"].as_str().unwrap().to_owned();
        match traces.last_mut().filter(|(last, _)| *last == name) {
            Some((_, requests)) => requests.push(request),
            None => traces.push((name, vec![request])),
        }
    }
    traces
}

/// The faults under which the requests were sent, each for one of them.
fn script(requests: &[Value]) -> Script {
    let mut script = Script::default();
    for (number, request) in (0_u64..).zip(requests) {
        let Some(fault) = request.get("fault") else { continue };
        let action: Action = serde_json::from_value(fault.clone()).unwrap();
        // A fault does not count the requests that an earlier one hit.
        let hit_before = script.faults.len() as u64;
        script.faults.push(Fault::on("", "", action).skip(number - hit_before).times(1));
    }
    script
}

/// Whether nobody could have heard an answer.
fn is_lost(request: &Value) -> bool {
    let fault = &request["fault"];
    fault == "apply_then_drop" || !fault["cut_upload"].is_null()
}

/// Puts what is known in the place of `{name}`.
fn filled(text: &str, known: &BTreeMap<String, String>) -> String {
    known
        .iter()
        .fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
}

fn recorded(request: &Value, known: &BTreeMap<String, String>) -> Recorded {
    let text = |value: &Value| filled(value.as_str().unwrap_or_default(), known);
    let headers = request["headers"].as_array().unwrap().iter();
    let body = match request["bytes"].as_u64() {
        Some(bytes) => {
            let bytes = usize::try_from(bytes).unwrap();
            b"{\"request\":{}}\n".iter().copied().cycle().take(bytes).collect()
        }
        None => text(&request["body"]).into_bytes(),
    };
    Recorded {
        method: text(&request["method"]),
        target: text(&request["target"]),
        headers: headers.map(|pair| (text(&pair[0]), text(&pair[1]))).collect(),
        body,
        gives: request["gives"].as_str().map(str::to_owned),
        status: request["status"].as_u64().map(|status| u16::try_from(status).unwrap()),
    }
}

impl Recorded {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(have, _)| have.eq_ignore_ascii_case(name));
        found.map_or("", |(_, value)| value)
    }

    /// The path without query and without `/v1`, `/v1beta`.
    fn path(&self) -> &str {
        let path = self.target.split('?').next().unwrap_or_default();
        path.trim_start_matches("/upload").splitn(3, '/').nth(2).unwrap_or_default()
    }
}

/// What must be seen of the answer, by the kind of the request.
fn look(request: &Recorded, answer: &Answer) -> Result<(), String> {
    let json = answer.json();
    let need = |holds: bool, what: &str| if holds { Ok(()) } else { Err(what.to_owned()) };
    if let Some(status) = request.status {
        need(answer.status == status, &format!("the status is not {status}"))?;
        need(json["error"]["code"] == status, "error.code differs from the status")?;
        need(json["error"]["message"].is_string(), "no error.message")?;
        let words = json["error"]["status"].as_str().unwrap_or_default();
        return need(words.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'), "error.status");
    }
    need(answer.status == 200, "the status is not 200")?;
    let path = request.path();
    match (request.method.as_str(), request.header("X-Goog-Upload-Command")) {
        ("POST", "start") => {
            need(answer.header("x-goog-upload-url").contains("upload_id="), "no upload URL")?;
            need(answer.body.is_empty(), "a start has no body")?;
            need(answer.header("x-goog-upload-status") == "active", "not active")?;
            need(answer.header("x-goog-upload-chunk-granularity") == "8388608", "granularity")
        }
        ("POST", "upload") => {
            let offset: usize = request.header("X-Goog-Upload-Offset").parse().unwrap();
            let stored = (offset + request.body.len()).to_string();
            need(answer.header("x-goog-upload-status") == "active", "not active")?;
            need(answer.header("x-goog-upload-size-received") == stored, "not all received")
        }
        ("POST", "upload, finalize") => {
            need(answer.header("x-goog-upload-status") == "final", "not final")?;
            file(&json["file"])
        }
        ("DELETE", _) => need(json == json!({}), "not {}"),
        ("POST", _) if path.ends_with(":cancel") => need(json == json!({}), "not {}"),
        ("POST", _) => {
            need(json.get("done").is_none(), "a new job is done already")?;
            need(json["metadata"]["state"] == "BATCH_STATE_PENDING", "not pending")?;
            let n = &json["metadata"]["batchStats"]["requestCount"];
            need(
                n.is_string() && *n == json["metadata"]["batchStats"]["pendingRequestCount"],
                "n",
            )?;
            operation(&json)
        }
        _ if path.ends_with(":download") => {
            let mut lines = answer.body.split(|b| *b == b'\n');
            let parses = |line: &[u8]| serde_json::from_slice::<Value>(line).is_ok();
            need(answer.body.ends_with(b"\n"), "no last line end")?;
            need(lines.all(|line| line.is_empty() || parses(line)), "a line is no JSON")
        }
        _ if path == "batches" || path == "files" => list(&json),
        _ if path.starts_with("batches/") => operation(&json),
        _ => file(&json),
    }
}

/// Texts in the fixed shapes of the service's JSON.
fn text<'a>(json: &'a Value, member: &str) -> Result<&'a str, String> {
    json[member].as_str().ok_or_else(|| format!("{member} is no text in {json}"))
}

fn time(json: &Value, member: &str) -> Result<(), String> {
    let time = text(json, member)?;
    let good = time.ends_with('Z') && time.parse::<jiff::Timestamp>().is_ok();
    if good { Ok(()) } else { Err(format!("{member} is {time:?}")) }
}

fn file(json: &Value) -> Result<(), String> {
    for member in ["createTime", "updateTime", "expirationTime"] {
        time(json, member)?;
    }
    for member in ["mimeType", "uri", "sha256Hash"] {
        text(json, member)?;
    }
    // A zero is left out, as proto3 JSON does.
    let size = json.get("sizeBytes").map_or(Some(0), |size| size.as_str()?.parse::<u64>().ok());
    let name = text(json, "name")?;
    let state = (&json["state"], &json["source"]);
    if size.is_none()
        || !name.starts_with("files/")
        || state != (&json!("ACTIVE"), &json!("UPLOADED"))
    {
        return Err(format!("an odd file: {json}"));
    }
    Ok(())
}

fn operation(json: &Value) -> Result<(), String> {
    let metadata = &json["metadata"];
    let name = text(json, "name")?;
    time(metadata, "createTime")?;
    time(metadata, "updateTime")?;
    text(metadata, "@type")?;
    let model = text(metadata, "model")?;
    let state = text(metadata, "state")?.trim_start_matches("BATCH_STATE_");
    let ended = !matches!(state, "PENDING" | "RUNNING");
    let done = json.get("done");
    if metadata["name"] != *name || !name.starts_with("batches/") || !model.starts_with("models/") {
        return Err(format!("an odd operation: {json}"));
    }
    if done != ended.then_some(&json!(true)) {
        return Err(format!("{state} and done: {done:?}"));
    }
    if !ended {
        return Ok(());
    }
    time(metadata, "endTime")?;
    match state {
        "SUCCEEDED" => {
            let output = metadata["output"].as_object().ok_or("no output")?;
            let twice = output.iter().all(|(member, value)| json["response"][member] == *value);
            if twice { Ok(()) } else { Err("response differs from metadata.output".to_owned()) }
        }
        _ if json["error"]["code"].is_number() => Ok(()),
        _ => Err(format!("{state} without an error")),
    }
}

fn list(json: &Value) -> Result<(), String> {
    let members = json.as_object().ok_or("a list is an object")?;
    for (member, value) in members {
        let items = value.as_array().map_or([].as_slice(), Vec::as_slice);
        match member.as_str() {
            "operations" => items.iter().try_for_each(|item| {
                let inline = &item["metadata"]["output"]["inlinedResponses"];
                if inline.is_null() { operation(item) } else { Err("results in a list".to_owned()) }
            })?,
            "files" => items.iter().try_for_each(file)?,
            "nextPageToken" => drop(text(json, "nextPageToken")?),
            other => return Err(format!("a list has {other}")),
        }
    }
    Ok(())
}

/// What the answer gives, in the place of what the recorded one gave.
fn given(kind: &str, answer: &Answer) -> Option<String> {
    let json = answer.json();
    let value = match kind.split('-').next()? {
        "upload" => {
            let url = answer.header("x-goog-upload-url");
            return Some(url.split("upload_id=").nth(1)?.split('&').next()?.to_owned());
        }
        "file" => json["file"]["name"].as_str()?.strip_prefix("files/")?.to_owned(),
        "job" => json["name"].as_str()?.strip_prefix("batches/")?.to_owned(),
        _ => json["nextPageToken"].as_str()?.to_owned(),
    };
    Some(value)
}

async fn replay(name: &str, requests: &[Value]) -> Vec<String> {
    let clock = ManualClock::new();
    let builder = Emulator::builder().clock(clock.clone()).script(script(requests));
    let emulator = builder.start().await.unwrap();
    let mut known: BTreeMap<String, String> = [("key".to_owned(), "any-key".to_owned())].into();
    let mut complaints = Vec::new();
    for (number, line) in (1..).zip(requests) {
        let request = recorded(line, &known);
        let base = emulator.base_url();
        let Recorded { method, target, headers, body, .. } = &request;
        let sent = exchange(&base, method, target, headers, body);
        let place = format!("{name} request {number}, {method} {target}");
        let answer = match sent {
            Ok(_) if is_lost(line) => {
                complaints.push(format!("{place}: answered though the connection broke"));
                continue;
            }
            Err(_) if is_lost(line) => continue,
            Ok(answer) => answer,
            Err(error) => {
                complaints.push(format!("{place}: {error}"));
                break;
            }
        };
        if let Err(why) = look(&request, &answer) {
            let body: String = answer.text().chars().take(300).collect();
            complaints.push(format!("{place}: {why} ({} {body})", answer.status));
        }
        if let Some(kind) = &request.gives {
            match given(kind, &answer) {
                Some(value) => drop(known.insert(kind.clone(), value)),
                None => complaints.push(format!("{place} does not give {kind}")),
            }
        }
        if request.path().starts_with("batches/") {
            clock.advance(BETWEEN_LOOKS);
        }
    }
    complaints
}

async fn all_understood(fixture: &str, at_least: usize) {
    let traces = traces(fixture);
    let n_requests: usize = traces.iter().map(|(_, requests)| requests.len()).sum();
    assert!(n_requests >= at_least, "only {n_requests} requests");
    let mut complaints = Vec::new();
    for (name, requests) in &traces {
        complaints.extend(replay(name, requests).await);
    }
    assert!(complaints.is_empty(), "\n{}", complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_understands_what_the_python_sdk_sends() {
    all_understood(PYTHON, 90).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_emulator_understands_what_the_javascript_sdk_sends() {
    all_understood(JAVASCRIPT, 45).await;
}
