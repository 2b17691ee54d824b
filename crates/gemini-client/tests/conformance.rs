//! The client and the emulator, which share no code, keep the contract together.

#![expect(clippy::unwrap_used, reason = "a helper of tests fails as a test does")]

use std::time::Duration;

use async_trait::async_trait;
use batch_backend::conformance::{self, Subject};
use batch_backend::{BatchBackend, BytesPayload, NoProgress, Upload};
use gemini_client::{ApiKey, BaseUrl, Client, Policies, Transfers};
use gemini_emulator::{Action, Builder, Emulator, Fault, LengthSaid, Script};

struct Pair {
    client: Client,
    emulator: Emulator,
}

impl Pair {
    async fn start(emulator: Builder, transfers: Transfers) -> Self {
        let emulator = emulator.time_scale(2_000.0).start().await.unwrap();
        let client = Client::builder(ApiKey::new("any-key-will-do").unwrap())
            .base_url(BaseUrl::parse(&emulator.base_url()).unwrap())
            .policies(Policies::default().with_first_wait(Duration::from_millis(1)))
            .transfers(transfers)
            .build()
            .unwrap();
        Self { client, emulator }
    }
}

#[async_trait]
impl Subject for Pair {
    fn backend(&self) -> &dyn BatchBackend {
        &self.client
    }

    async fn advance(&self) {
        // Emulated time runs by itself, half an emulated second or more with each look at a job.
        tokio::task::yield_now().await;
    }

    fn request_line(&self, key: &str) -> Vec<u8> {
        let request = r#"{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}"#;
        format!(r#"{{"key":"{key}","request":{request}}}"#).into_bytes()
    }
}

#[tokio::test]
async fn client_and_emulator_conform() {
    conformance::all(&Pair::start(Emulator::builder(), Transfers::default()).await).await;
}

/// What passes by itself is not seen by the caller.
#[tokio::test]
async fn they_conform_through_passing_faults() {
    let on_data = |action| {
        let fault = Fault::on("POST", "/upload/", action);
        fault.header("x-goog-upload-command", "*finalize*").times(2)
    };
    let truncate = Action::Truncate { bytes: 30, length: LengthSaid::Right };
    let script = Script {
        faults: vec![
            on_data(Action::CutUpload { bytes: 10 }),
            on_data(Action::ApplyThenDrop),
            on_data(Action::Drop),
            on_data(Action::ShortSizeReceived { by: 5 }),
            Fault::on("GET", ":download", truncate).times(2),
            Fault::on("GET", "/batches", Action::Drop).times(2),
            Fault::on("DELETE", "/files/", Action::ApplyThenDrop).times(1),
        ],
        ..Script::default()
    };
    let pair = Pair::start(Emulator::builder().script(script), Transfers::default()).await;
    conformance::all(&pair).await;
    let history = pair.emulator.history();
    let faulty = history.requests.iter().filter(|seen| seen.fault.is_some());
    assert!(faulty.count() >= 12, "every fault was met");
}

#[tokio::test]
async fn big_upload_goes_in_requests_of_the_asked_size() {
    let mut transfers = Transfers::default();
    transfers.request_bytes = 8 * 1024 * 1024;
    let pair = Pair::start(Emulator::builder(), transfers).await;
    let mut rows = Vec::new();
    while rows.len() < 18_875_230 {
        rows.extend(pair.request_line(&format!("r{:08}", rows.len())));
        rows.push(b'\n');
    }
    let len = rows.len() as u64;
    let payload = BytesPayload::from(rows);
    let session = pair.client.open_upload("big", len).await.unwrap();
    let upload =
        Upload { session: &session, resumed: false, payload: &payload, progress: &NoProgress };
    let stored = pair.client.upload(upload).await.unwrap();
    let file = pair.client.get_file(&stored.name).await.unwrap();
    assert_eq!((file.bytes, file.label.as_deref()), (Some(len), Some("big")));
    assert_eq!(file.sha256.as_deref(), Some(stored.sha256.as_str()));
    let listed = pair.client.list_files(None).await.unwrap();
    assert!(listed.files.iter().any(|file| file.name == stored.name));
    assert_eq!(pair.emulator.history().requests.len(), 6, "a start, three pieces, get, list");
}
