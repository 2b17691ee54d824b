//! The key and the upload address in nothing that is printed, whatever goes wrong, at any level.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use batch_backend::{BatchBackend, BytesPayload, NoProgress, OutputName, Upload, UploadSession};

use super::desk::{Desk, Mishap};
use super::server::{Reply, Server, refusal};
use super::{KEY, all_words, client_of, job, spec};

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Everything a service can throw back at us, with our secrets in it.
fn echo(request: &super::server::Request, n: usize) -> Reply {
    let words = format!(
        "key {} at https://h/{}&upload_id=SECRETID was bad",
        request.header("x-goog-api-key").unwrap_or_default(),
        request.target
    );
    match n % 5 {
        0 => refusal(503, &words, &words, ""),
        1 => refusal(400, "INVALID_ARGUMENT", &words, ""),
        2 => Reply::json(200, &format!(r#"{{"name":"{words}","metadata":{{"state":"{words}"}}}}"#)),
        3 => Reply::json(302, &words).with("Location", &format!("http://127.0.0.1:9/?k={words}")),
        _ => Reply::Drop,
    }
}

async fn faulty_session() -> String {
    let mut n = 0;
    let server = Server::start(move |request| {
        n += 1;
        echo(request, n)
    })
    .await;
    let (client, _) = client_of(&server.base);
    let mut words = format!("{client:?}");
    let output = OutputName::new("files/batch-1");
    let body = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
    let rows = [crate::InlineRow { key: "k", request: &body }];
    let session = format!("{}/upload/v1beta/files?upload_id=SECRETID", server.base);
    for _ in 0..10 {
        let errors = [
            client.open_upload("label", 3).await.map(drop).err(),
            client.create(&spec()).await.map(drop).err(),
            client.get(&job()).await.map(drop).err(),
            client.list(None).await.map(drop).err(),
            client.cancel(&job()).await.err(),
            client.delete(&job()).await.err(),
            client.fetch(&output, &mut Vec::new()).await.map(drop).err(),
            client.create_inline(&spec().token, &spec().model, &rows).await.map(drop).err(),
            client.list_models(None).await.map(drop).err(),
            client.get_model(&spec().model).await.map(drop).err(),
            client.count_tokens(&spec().model, &body).await.map(drop).err(),
            client.generate_content(&spec().model, &body).await.map(drop).err(),
            client.cancel_upload(&UploadSession::new(&session)).await.err(),
        ];
        for error in errors.iter().flatten() {
            words += &all_words(error);
        }
    }
    for mishap in [Mishap::Status(503), Mishap::Dropped, Mishap::Lost, Mishap::Final(400)] {
        let desk = Desk::open(&[mishap; 12]).await;
        let (client, _) = client_of(&desk.server.base);
        let session = client.open_upload("label", 3).await.unwrap();
        assert!(session.expose().contains("SECRETID"));
        let upload = Upload {
            session: &session,
            resumed: false,
            payload: &BytesPayload::from(b"abc".to_vec()),
            progress: &NoProgress,
        };
        let shown = format!("{upload:?}");
        let error = client.upload(upload).await.expect_err("it fails");
        words.extend([shown, all_words(&error)]);
    }
    words
}

#[test]
fn nothing_printed_holds_a_secret() {
    let capture = Capture::default();
    let writer = capture.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // For the whole process: what all other tests and threads log is looked at too.
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let errors = runtime.unwrap().block_on(faulty_session());
    let logged = String::from_utf8(capture.0.lock().unwrap().clone()).unwrap();
    for (what, words) in [("log", &logged), ("errors", &errors)] {
        assert!(words.len() > 2_000, "the {what} are there: {}", words.len());
        for secret in [KEY, &KEY[6..], "SECRETID"] {
            assert!(!words.contains(secret), "{secret} is in the {what}");
        }
    }
    for needed in ["exchange", "method=POST", "path=\"/v1beta/batches\"", "attempt=2", "status=503"]
    {
        assert!(logged.contains(needed), "{needed} is in the log");
    }
}
