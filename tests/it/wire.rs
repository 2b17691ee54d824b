//! Our client's own bytes on the wire, beside those that Google's SDKs were recorded to send.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use batch_backend::{
    BackendError, BatchBackend, BytesPayload, InputName, JobSpec, JobToken, ModelId, NoProgress,
    Payload as _, Upload,
};
use gemini_client::{ApiKey, BaseUrl, Client, Policies, Transfers};
use gemini_emulator::Emulator;
use serde_json::Value;
use tests::house::KEY;
use tests::recorder::{Recorder, Request};

const PYTHON: &str = include_str!("../fixtures/traces/python.jsonl");
const JAVASCRIPT: &str = include_str!("../fixtures/traces/javascript.jsonl");

/// What the service names as the granularity of upload requests.
const GRANULARITY: u64 = 8_388_608;
/// The file of the recorded uploads: two whole chunks and a rest.
const ODD: usize = 18_875_230;

/// Requests of one trace that match; the first member of each fixture line is the trace's name.
fn recorded(fixture: &str, trace: &str, matches: impl Fn(&Value) -> bool) -> Vec<Value> {
    let lines = fixture.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let found: Vec<Value> =
        lines.filter(|request| request["trace"] == trace && matches(request)).collect();
    assert!(!found.is_empty(), "nothing of {trace} matches");
    found
}

/// A header of a recorded request.
fn header<'a>(recorded: &'a Value, name: &str) -> &'a str {
    let pairs = recorded["headers"].as_array().unwrap();
    let named = |pair: &&Value| pair[0].as_str().unwrap().eq_ignore_ascii_case(name);
    pairs.iter().find(named).map_or("", |pair| pair[1].as_str().unwrap())
}

fn client(base_url: &str, request_bytes: u64) -> Client {
    let mut transfers = Transfers::default();
    transfers.request_bytes = request_bytes;
    Client::builder(ApiKey::new(KEY).unwrap())
        .base_url(BaseUrl::parse(base_url).unwrap())
        .policies(Policies::default().with_first_wait(Duration::from_millis(1)))
        .transfers(transfers)
        .seed(1)
        .build()
        .unwrap()
}

/// `length` bytes of rows.
fn rows(length: usize) -> Vec<u8> {
    let row = b"{\"key\":\"r\",\"request\":{\"contents\":[{\"parts\":[{\"text\":\"x\"}]}]}}\n";
    row.iter().copied().cycle().take(length).collect()
}

async fn uploaded(client: &Client, bytes: Vec<u8>) -> Result<InputName, BackendError> {
    let payload = BytesPayload::from(bytes);
    let session = client.open_upload("big", payload.len()).await?;
    let (session, progress) = (&session, &NoProgress);
    let upload = Upload { session, resumed: false, payload: &payload, progress };
    Ok(client.upload(upload).await?.name)
}

/// Command, offset and length of each data call.
fn cuts(requests: &[Request]) -> Vec<(String, String, u64)> {
    let data = requests.iter().filter(|request| !request.header("x-goog-upload-offset").is_empty());
    data.map(|request| {
        let command = request.header("x-goog-upload-command").to_owned();
        (command, request.header("x-goog-upload-offset").to_owned(), request.body.len() as u64)
    })
    .collect()
}

/// The same of a recorded upload whose start was of `size` bytes.
fn recorded_cuts(fixture: &str, trace: &str, size: usize) -> Vec<(String, String, u64)> {
    let all = recorded(fixture, trace, |_| true);
    let is_start = |request: &Value| header(request, "x-goog-upload-command") == "start";
    let size = size.to_string();
    let after = all.iter().skip_while(|request| {
        header(request, "x-goog-upload-header-content-length") != size || !is_start(request)
    });
    let data = after.skip(1).take_while(|request| !is_start(request));
    data.map(|request| {
        let command = header(request, "x-goog-upload-command").to_owned();
        let offset = header(request, "x-goog-upload-offset").to_owned();
        (command, offset, request["bytes"].as_u64().unwrap())
    })
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_is_cut_where_the_sdks_cut_it() {
    let emulator = Emulator::builder().start().await.unwrap();
    let exact = usize::try_from(2 * GRANULARITY).unwrap();
    // Wishes between two multiples are brought down to the lower one.
    for (wish, size) in [(GRANULARITY, ODD), (GRANULARITY + 1_000_000, ODD), (1, exact)] {
        let recorder = Recorder::before(&emulator.base_url()).unwrap();
        uploaded(&client(&recorder.base_url(), wish), rows(size)).await.unwrap();
        let ours = cuts(&recorder.requests());
        assert_eq!(ours, recorded_cuts(PYTHON, "py_04_big_upload", size), "{wish} {size}");
        if size == ODD {
            assert_eq!(ours, recorded_cuts(JAVASCRIPT, "js_04_big_upload", size));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_below_the_wish_goes_in_one_request() {
    let emulator = Emulator::builder().start().await.unwrap();
    for size in [0, 1, ODD] {
        let recorder = Recorder::before(&emulator.base_url()).unwrap();
        let wish = Transfers::default().request_bytes;
        uploaded(&client(&recorder.base_url(), wish), rows(size)).await.unwrap();
        let whole = ("upload, finalize".to_owned(), "0".to_owned(), size as u64);
        assert_eq!(cuts(&recorder.requests()), [whole]);
        let sent = recorder.requests().into_iter().flat_map(|request| request.body);
        let sent: Vec<u8> = sent.collect();
        assert!(sent.ends_with(&rows(size)), "the bytes differ");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_says_what_the_sdks_say() {
    let emulator = Emulator::builder().start().await.unwrap();
    let recorder = Recorder::before(&emulator.base_url()).unwrap();
    uploaded(&client(&recorder.base_url(), GRANULARITY), rows(ODD)).await.unwrap();
    let ours = &recorder.requests()[0];
    let is_start = |request: &Value| header(request, "x-goog-upload-command") == "start";
    let theirs = &recorded(JAVASCRIPT, "js_04_big_upload", is_start)[0];

    assert_eq!((ours.method.as_str(), ours.target.as_str()), ("POST", "/upload/v1beta/files"));
    assert_eq!(theirs["target"], ours.target.as_str());
    for name in [
        "content-type",
        "x-goog-upload-protocol",
        "x-goog-upload-command",
        "x-goog-upload-header-content-length",
    ] {
        assert_eq!(ours.header(name), header(theirs, name), "{name}");
    }
    // The recorded caller chose another media type; ours is the notebook's.
    assert_eq!(ours.header("x-goog-upload-header-content-type"), "application/json");
    assert_eq!(ours.header("x-goog-api-key"), KEY);
    let (mut our_body, their_body): (Value, Value) = (
        serde_json::from_slice(&ours.body).unwrap(),
        serde_json::from_str(theirs["body"].as_str().unwrap()).unwrap(),
    );
    assert_eq!(our_body["file"]["mimeType"], "application/json");
    our_body["file"]["mimeType"] = their_body["file"]["mimeType"].clone();
    assert_eq!(our_body, their_body);
    // No header of the protocol that the SDKs do not send.
    let protocol = |name: &str| name.to_ascii_lowercase().starts_with("x-goog-");
    let known: BTreeSet<String> = theirs["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| pair[0].as_str().unwrap().to_ascii_lowercase())
        .collect();
    for (name, _) in ours.headers.iter().filter(|(name, _)| protocol(name)) {
        assert!(known.contains(&name.to_ascii_lowercase()), "{name} is ours alone");
    }
}

/// Takes the names out of a target, so that a kind of call is left.
fn kind(method: &str, target: &str) -> String {
    let path = target.split('?').next().unwrap_or_default();
    let path = path.replace("/v1beta/", "/v1/");
    let mut segments: Vec<String> = path.split('/').map(str::to_owned).collect();
    if let Some(last) =
        segments.last_mut().filter(|last| !matches!(last.as_str(), "files" | "batches"))
    {
        let verb = last.find(':').map_or(String::new(), |at| last[at..].to_owned());
        *last = format!("*{verb}");
    }
    format!("{method} {}", segments.join("/"))
}

/// Every call that we make but the upload: its kind and its JSON, as the SDKs send them.
#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_one_that_the_sdks_make() {
    let emulator = Emulator::builder().time_scale(2_000.0).start().await.unwrap();
    let recorder = Recorder::before(&emulator.base_url()).unwrap();
    let client = client(&recorder.base_url(), GRANULARITY);
    let input = uploaded(&client, rows(620)).await.unwrap();
    let name = "Resubmit of dataset with gemini-2.5-flash";
    let model = ModelId::parse("gemini-2.5-flash").unwrap();
    let spec = JobSpec { token: JobToken::new(name), model, input: input.clone() };
    let mut job = client.create(&spec).await.unwrap();
    for _ in 0..10_000 {
        if job.ended() {
            break;
        }
        job = client.get(&job.name).await.unwrap();
    }
    client.fetch(&job.output.unwrap(), &mut Vec::new()).await.unwrap();
    client.list(None).await.unwrap();
    client.list_files(None).await.unwrap();
    client.cancel(&job.name).await.unwrap();
    client.discard(&input).await.unwrap();

    let known: BTreeSet<String> = (PYTHON.lines().chain(JAVASCRIPT.lines()))
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|request| {
            kind(request["method"].as_str().unwrap(), request["target"].as_str().unwrap())
        })
        .collect();
    let requests = recorder.requests();
    let ours: BTreeSet<String> =
        requests.iter().map(|request| kind(&request.method, &request.target)).collect();
    let unknown: Vec<_> = ours.difference(&known).collect();
    assert!(unknown.is_empty(), "calls that no SDK makes: {unknown:?}");
    for needed in [
        "POST /v1/models/*:batchGenerateContent",
        "GET /v1/batches/*",
        "GET /v1/batches",
        "GET /v1/files/*:download",
        "GET /v1/files",
        "POST /v1/batches/*:cancel",
        "DELETE /v1/files/*",
    ] {
        assert!(ours.contains(needed), "{needed} is not among {ours:?}");
    }

    let create = requests.iter().find(|request| request.target.ends_with("GenerateContent"));
    let ours: Value = serde_json::from_slice(&create.unwrap().body).unwrap();
    let is_create =
        |request: &Value| request["target"].as_str().unwrap().contains("GenerateContent");
    let theirs = &recorded(JAVASCRIPT, "js_01_notebook", is_create)[0];
    let theirs: Value = serde_json::from_str(
        &theirs["body"].as_str().unwrap().replace("files/{file-1}", input.as_str()),
    )
    .unwrap();
    assert_eq!(ours, theirs);
    assert_eq!(create.unwrap().header("content-type"), "application/json");

    let download = requests.iter().find(|request| request.target.contains(":download")).unwrap();
    assert!(download.target.ends_with(":download?alt=media"), "{}", download.target);
    // A length that is checked must be the length of what is written.
    assert_eq!(download.header("accept-encoding").replace("identity", ""), "");
    the_key_stands_only_in_its_header(&recorder);
}

#[track_caller]
fn the_key_stands_only_in_its_header(recorder: &Recorder) {
    let requests = recorder.requests();
    for request in &requests {
        let session = request.target.contains("upload_id=");
        let have = request.header("x-goog-api-key");
        assert!(have == KEY || (session && have.is_empty()), "{} {have:?}", request.target);
        assert!(!request.target.contains("key="), "{}", request.target);
    }
    let everything = String::from_utf8_lossy(&recorder.bytes()).into_owned();
    let n_headers = requests.iter().filter(|r| !r.header("x-goog-api-key").is_empty()).count();
    assert_eq!(everything.matches(KEY).count(), n_headers, "the key stands elsewhere too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redirect_is_not_followed_with_the_key() {
    let elsewhere = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let target = elsewhere.local_addr().unwrap();
    let visited = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&visited);
    std::thread::spawn(move || {
        for stream in elsewhere.incoming().map_while(Result::ok) {
            seen.store(true, Ordering::SeqCst);
            drop(stream);
        }
    });
    for status in
        ["301 Moved Permanently", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let here = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let base_url = format!("http://{}", here.local_addr().unwrap());
        let answer = format!(
            "HTTP/1.1 {status}\r\nLocation: http://{target}/v1beta/batches\r\n\
             Content-Length: 0\r\nConnection: close\r\n\r\n"
        );
        std::thread::spawn(move || {
            for mut stream in here.incoming().map_while(Result::ok) {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        let client = client(&base_url, GRANULARITY);
        let error = client.list(None).await.unwrap_err();
        assert!(!format!("{error:?} {error}").contains(KEY), "{status}");
        assert!(client.open_upload("rows", 10).await.is_err(), "{status}");
        let model = ModelId::parse("sim-flash").unwrap();
        let input = InputName::new("files/abcdefghijkl");
        let spec = JobSpec { token: JobToken::new("t"), model, input };
        assert!(client.create(&spec).await.is_err(), "{status}");
    }
    assert!(!visited.load(Ordering::SeqCst), "the client went where the redirect led");
}
