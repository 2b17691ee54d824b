//! Futures that are dropped in the middle, and what goes on after: from a string, in a new client.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use batch_backend::{
    Applied, BatchBackend, BytesPayload, ErrorKind, Fetched, NoProgress, OutputName, Upload,
    UploadSession,
};
use futures_util::future::{Either, select};
use tokio::sync::Notify;

use super::desk::{Desk, Mishap};
use super::server::{Reply, Server};
use super::{KEY, all_words, client_of, spec};
use crate::{ApiKey, BaseUrl, Cause, Client, Clock, Wait};

const BYTES: &[u8] = b"0123456789abcdefghij";

/// Lets `work` run until `reached`, and drops it.
async fn drop_when(reached: &Notify, work: impl Future<Output = ()> + Send) {
    let reached = std::pin::pin!(reached.notified());
    match select(std::pin::pin!(work), reached).await {
        Either::Left(_) => panic!("it came to an end before"),
        Either::Right(_) => {}
    }
}

fn upload<'a>(session: &'a UploadSession, resumed: bool, payload: &'a BytesPayload) -> Upload<'a> {
    Upload { session, resumed, payload, progress: &NoProgress }
}

/// The kill of a process: all that is left of the first one is a string.
#[tokio::test]
async fn dropped_upload_goes_on_in_a_new_client_by_the_string_of_its_session() {
    let desk = Desk::open(&[Mishap::None, Mishap::Silence]).await;
    let payload = BytesPayload::from(BYTES.to_vec());
    let kept: String = {
        let (client, _) = client_of(&desk.server.base);
        let session = client.open_upload("label", 20).await.unwrap();
        let sending = async {
            client.upload(upload(&session, false, &payload)).await.expect("it hangs before");
        };
        drop_when(&desk.server.hung(), sending).await;
        session.expose().to_owned()
    };
    assert_eq!(desk.taken(), &BYTES[..8]);
    let (client, _) = client_of(&desk.server.base);
    let session = UploadSession::new(kept);
    let stored = client.upload(upload(&session, true, &payload)).await.unwrap();
    assert_eq!((desk.taken().as_slice(), stored.bytes), (BYTES, 20));
    let commands = desk.commands();
    assert_eq!(commands[2..], ["query", "upload 8+8", "upload, finalize 16+4"]);
    // And once more: what is finished is found, not sent again.
    let again = client.upload(upload(&session, true, &payload)).await.unwrap();
    assert_eq!(again.name, stored.name);
    assert_eq!(desk.commands().len(), commands.len() + 1, "one question");
}

#[tokio::test]
async fn dropped_download_starts_over_into_a_cleared_sink() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let server = Server::start(move |_| match seen.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::RawThenHang(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123".to_vec()),
        _ => Reply::Answer(200, Vec::new(), BYTES.to_vec()),
    })
    .await;
    let (client, _) = client_of(&server.base);
    let output = OutputName::new("files/batch-1");
    let mut sink = Vec::new();
    let fetching = async {
        client.fetch(&output, &mut sink).await.expect("it hangs before");
    };
    drop_when(&server.hung(), fetching).await;
    sink.clear();
    let fetched = client.fetch(&output, &mut sink).await.unwrap();
    assert_eq!(fetched, Fetched { bytes: 20, length_checked: true });
    assert_eq!(sink, BYTES);
}

/// A client outlives any number of dropped calls of every class.
#[tokio::test]
async fn dropped_calls_leave_the_client_as_it_was() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let server = Server::start(move |_| match seen.fetch_add(1, Ordering::SeqCst) {
        0..=4 => Reply::Hang,
        _ => Reply::json(200, &super::operation("BATCH_STATE_RUNNING")),
    })
    .await;
    let (client, clock) = client_of(&server.base);
    let (job, model) = (super::job(), spec().model);
    let body = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
    let hung = server.hung();
    drop_when(&hung, async { drop(client.create(&spec()).await) }).await;
    drop_when(&hung, async { drop(client.get(&job).await) }).await;
    drop_when(&hung, async { drop(client.list(None).await) }).await;
    drop_when(&hung, async { drop(client.cancel(&job).await) }).await;
    drop_when(&hung, async { drop(client.generate_content(&model, &body).await) }).await;
    client.get(&job).await.expect("it works on");
    assert_eq!((server.requests().len(), clock.slept().len()), (6, 0), "nothing was sent twice");
}

#[tokio::test]
async fn cancelled_uploads_are_over() {
    let desk = Desk::open(&[]).await;
    let (client, _) = client_of(&desk.server.base);
    let session = client.open_upload("label", 20).await.unwrap();
    client.cancel_upload(&session).await.unwrap();
    client.cancel_upload(&session).await.expect("what is over is no error");
    assert_eq!(desk.commands(), ["cancel", "cancel"]);
    let payload = BytesPayload::from(BYTES.to_vec());
    let error = client.upload(upload(&session, true, &payload)).await.expect_err("no more");
    assert_eq!(error.kind(), &ErrorKind::NotFound);
    let cancels = desk.server.requests();
    let cancel = cancels.iter().find(|r| r.header("x-goog-upload-command") == Some("cancel"));
    assert_eq!(cancel.unwrap().header("content-length"), Some("0"));
    assert_eq!(cancel.unwrap().header("x-goog-api-key"), None);
}

#[tokio::test]
async fn cancel_of_an_upload_is_repeated_by_policy() {
    let desk = Desk::open(&[Mishap::Status(503), Mishap::Dropped, Mishap::None]).await;
    let (client, clock) = client_of(&desk.server.base);
    let session = client.open_upload("label", 20).await.unwrap();
    client.cancel_upload(&session).await.unwrap();
    assert_eq!((desk.commands().len(), clock.slept().len()), (3, 2));
    let desk = Desk::open(&[Mishap::Status(503); 9]).await;
    let (client, _) = client_of(&desk.server.base);
    let session = client.open_upload("label", 20).await.unwrap();
    let error = client.cancel_upload(&session).await.expect_err("down");
    assert_eq!(error.to_string(), "failed to cancel the upload of label: no");
    assert_eq!(desk.commands().len(), 4);
}

#[tokio::test]
async fn limits_go_by_the_given_clock() {
    let server = Server::script(vec![Reply::json(200, &super::operation("x"))]).await;
    let (client, clock) = client_of(&server.base);
    client.create(&spec()).await.unwrap();
    let create = crate::Timeouts::default().create;
    assert_eq!(clock.limits(), [create], "one limit for the whole create");
}

/// Ends limits when the server has said that it hangs.
#[derive(Debug)]
struct Impatient(Arc<Notify>);

impl Clock for Impatient {
    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Wait<'_> {
        panic!("nothing is to be tried again");
    }

    fn limit(&self, _: Duration) -> Wait<'_> {
        Box::pin(self.0.notified())
    }

    fn draw(&self) -> f64 {
        0.5
    }
}

#[tokio::test]
async fn limits_end_when_the_given_clock_says_so() {
    let server = Server::start(|_| Reply::Hang).await;
    let client = Client::builder(ApiKey::new(KEY).unwrap())
        .base_url(BaseUrl::parse(&server.base).unwrap())
        .clock(Arc::new(Impatient(server.hung())))
        .build()
        .unwrap();
    let error = client.create(&spec()).await.expect_err("silence");
    assert_eq!((Cause::of(&error), error.applied()), (Cause::Lost, Applied::Maybe));
    assert!(all_words(&error).contains("for 300 s"), "{error:?}");
}

#[test]
fn clients_are_shared_and_their_futures_travel() {
    fn shared<T: Clone + Send + Sync + Unpin + 'static>() {}
    fn travels<T: Send>(_: T) {}
    shared::<Client>();
    // Types only: nothing runs.
    let _ = |client: Client, model: batch_backend::ModelId| {
        let body = serde_json::value::RawValue::from_string("{}".to_owned()).unwrap();
        let spec = spec();
        travels(client.create_job(&spec));
        travels(client.create_inline(&spec.token, &model, &[]));
        travels(client.list_jobs(None));
        travels(client.list_models(None));
        travels(client.count_tokens(&model, &body));
        travels(client.generate_content(&model, &body));
        travels(client.cancel_upload(&UploadSession::new("")));
    };
}
