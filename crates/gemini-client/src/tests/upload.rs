//! Uploads through every mishap: the bytes arrive whole and once, or the error says why not.

use std::io::{self, Read};
use std::sync::Mutex;

use batch_backend::{
    Applied, BackendError, BatchBackend, BytesPayload, ErrorKind, NoProgress, Payload, Progress,
    StoredInput, Upload, UploadSession,
};

use super::desk::{Desk, Mishap};
use super::{client_of, hasty_client_of};
use crate::{Cause, Client};

/// Twenty bytes: with requests of eight, three pieces.
const BYTES: &[u8] = b"0123456789abcdefghij";
const DIGEST: &str = "6bc14bdc4517a7a682c6910de2e2946eb8e1ecd04090728fef6d092a7ceb62c5";
const LABEL: &str = "be1.run.s0001";

async fn send(desk: &Desk, payload: &dyn Payload) -> Result<StoredInput, BackendError> {
    send_by(client_of(&desk.server.base).0, payload).await
}

async fn send_by(client: Client, payload: &dyn Payload) -> Result<StoredInput, BackendError> {
    let session = client.open_upload(LABEL, payload.len()).await?;
    let upload = Upload { session: &session, resumed: false, payload, progress: &NoProgress };
    client.upload(upload).await
}

async fn arrives(mishaps: &[Mishap], commands: &[&str]) {
    let desk = Desk::open(mishaps).await;
    let client = if mishaps.contains(&Mishap::Silence) {
        hasty_client_of(&desk.server.base)
    } else {
        client_of(&desk.server.base).0
    };
    let stored = send_by(client, &BytesPayload::from(BYTES.to_vec())).await;
    let stored = stored.unwrap_or_else(|error| panic!("{mishaps:?}: {error}"));
    assert_eq!(desk.taken(), BYTES, "{mishaps:?}");
    assert_eq!(stored.name.as_str(), "files/k3v9qh2m7x1c");
    assert_eq!((stored.bytes, stored.sha256.as_str()), (20, DIGEST));
    assert!(stored.expires.is_some());
    assert_eq!(desk.commands(), commands, "{mishaps:?}");
}

async fn fails(mishaps: &[Mishap]) -> (BackendError, Desk) {
    let desk = Desk::open(mishaps).await;
    let result = send(&desk, &BytesPayload::from(BYTES.to_vec())).await;
    (result.expect_err("the upload fails"), desk)
}

const FIRST: &str = "upload 0+8";
const SECOND: &str = "upload 8+8";
const LAST: &str = "upload, finalize 16+4";

#[tokio::test]
async fn pieces_go_out_in_order_without_the_key() {
    arrives(&[], &[FIRST, SECOND, LAST]).await;
    let desk = Desk::open(&[]).await;
    send(&desk, &BytesPayload::from(BYTES.to_vec())).await.unwrap();
    let requests = desk.server.requests();
    assert_eq!(requests[0].target, "/upload/v1beta/files");
    assert_eq!(requests[0].header("x-goog-api-key"), Some(super::KEY));
    for data in &requests[1..] {
        assert_eq!(data.target, "/upload/v1beta/files?upload_id=SECRETID");
        assert_eq!(data.header("x-goog-api-key"), None, "the address is the credential");
    }
}

#[tokio::test]
async fn trouble_is_followed_by_a_question() {
    use Mishap::{Dropped, None, Short, Silence, Status, TakenThenDropped, Wordless};
    arrives(&[None, Status(503)], &[FIRST, SECOND, "query", SECOND, LAST]).await;
    arrives(&[None, Dropped], &[FIRST, SECOND, "query", SECOND, LAST]).await;
    arrives(&[None, TakenThenDropped], &[FIRST, SECOND, "query", LAST]).await;
    arrives(&[None, Silence], &[FIRST, SECOND, "query", SECOND, LAST]).await;
    arrives(&[None, Wordless], &[FIRST, SECOND, "query", LAST]).await;
    arrives(&[None, Status(429), Status(500)], &[FIRST, SECOND, "query", "query", SECOND, LAST])
        .await;
    arrives(&[None, Short(3)], &[FIRST, SECOND, "upload 11+8", "upload, finalize 19+1"]).await;
    arrives(&[None, Short(0)], &[FIRST, SECOND, SECOND, LAST]).await;
    arrives(&[None, Mishap::Boast], &[FIRST, SECOND, "query", LAST]).await;
}

#[tokio::test]
async fn page_on_the_way_does_not_lose_the_session() {
    use Mishap::{None, Page};
    arrives(&[None, Page(404), Page(404)], &[FIRST, SECOND, "query", "query", SECOND, LAST]).await;
    let (error, desk) = fails(&[Page(403); 9]).await;
    assert_eq!((Cause::of(&error), desk.commands().len()), (Cause::Proxy, 5), "{error:?}");
}

#[tokio::test]
async fn doubtful_refusal_is_asked_about_once() {
    let (error, desk) = fails(&[Mishap::None, Mishap::Status(400)]).await;
    assert_eq!((error.kind(), error.applied()), (&ErrorKind::Rejected, Applied::No));
    assert_eq!(desk.commands(), [FIRST, SECOND, "query"]);
}

#[tokio::test]
async fn lost_last_answer_is_found_again() {
    use Mishap::{None, TakenThenDropped};
    let lost = [None, None, TakenThenDropped];
    arrives(&lost, &[FIRST, SECOND, LAST, "query"]).await;
    // Taken whole, answered without the file, and so is the question: the list has it.
    let desk = Desk::open(&[None, None, Mishap::Wordless, Mishap::Wordless]).await;
    let stored = send(&desk, &BytesPayload::from(BYTES.to_vec())).await.unwrap();
    assert_eq!(stored.name.as_str(), "files/k3v9qh2m7x1c");
}

/// A resumed upload of a session that is over: only the list can tell the file's name.
#[tokio::test]
async fn finished_session_is_found_in_the_list_by_name_length_and_digest() {
    let file = |name: &str, label: &str, size: usize, digest: &str, created: &str| {
        format!(
            r#"{{"name":"files/{name}","displayName":"{label}","sizeBytes":"{size}",
                "sha256Hash":"{digest}","createTime":"{created}"}}"#
        )
    };
    let zeros = "0".repeat(64);
    let (old, new) = ("2026-11-22T15:00:00Z", "2026-11-22T16:00:00Z");
    let fits = vec![
        file("other-label", "x", 20, DIGEST, new),
        file("other-size", LABEL, 21, DIGEST, new),
        file("other-digest", LABEL, 20, &zeros, new),
        file("older", LABEL, 20, DIGEST, old),
        file("newer", LABEL, 20, DIGEST, new),
    ];
    for (files, expected) in [(fits.clone(), Some("files/newer")), (fits[..3].to_vec(), None)] {
        let server = super::server::Server::start(move |request| {
            use super::server::Reply;
            if request.method == "GET" {
                return Reply::json(200, &format!(r#"{{"files":[{}]}}"#, files.join(",")));
            }
            Reply::json(200, "").with("X-Goog-Upload-Status", "final")
        })
        .await;
        let (client, clock) = client_of(&server.base);
        let session = format!("{}/upload/v1beta/files?upload_id=1#label={LABEL}", server.base);
        let payload = BytesPayload::from(BYTES.to_vec());
        let upload = Upload {
            session: &UploadSession::new(session),
            resumed: true,
            payload: &payload,
            progress: &NoProgress,
        };
        match (client.upload(upload).await, expected) {
            (Ok(stored), Some(name)) => assert_eq!(stored.name.as_str(), name),
            (Err(error), None) => {
                assert_eq!(error.kind(), &ErrorKind::NotFound);
                assert_eq!(clock.slept().len(), 2, "a list may lag: it was looked at thrice");
            }
            (result, _) => panic!("{result:?}"),
        }
    }
}

#[tokio::test]
async fn new_process_goes_on_where_the_service_stands() {
    let desk = Desk::open(&[Mishap::None, Mishap::Final(500)]).await;
    send(&desk, &BytesPayload::from(BYTES.to_vec())).await.expect_err("killed");
    assert_eq!(desk.taken().len(), 8);
    let (client, _) = client_of(&desk.server.base);
    let kept = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=SECRETID\
                #label=be1.run.s0001&granularity=4";
    let progress = Heard::default();
    let payload = BytesPayload::from(BYTES.to_vec());
    let upload = Upload {
        session: &UploadSession::new(kept),
        resumed: true,
        payload: &payload,
        progress: &progress,
    };
    let stored = client.upload(upload).await.unwrap();
    assert_eq!(desk.taken(), BYTES);
    assert_eq!(desk.commands()[2..], ["query", SECOND, LAST]);
    assert_eq!(*progress.0.lock().unwrap(), [8, 16, 20]);
    assert_eq!(stored.sha256, DIGEST, "the part sent before is in the digest too");
}

#[derive(Debug, Default)]
struct Heard(Mutex<Vec<u64>>);

impl Progress for Heard {
    fn bytes(&self, done: u64, total: u64) {
        assert_eq!(total, 20);
        self.0.lock().unwrap().push(done);
    }
}

#[tokio::test]
async fn no_progress_ends_in_bounds() {
    let (error, desk) = fails(&[Mishap::Status(503); 20]).await;
    assert_eq!(error.kind(), &ErrorKind::Transient { retry_after: None });
    assert_eq!(desk.commands(), [FIRST, "query", "query", "query", "query"]);
    let (error, desk) = fails(&[Mishap::Short(0); 20]).await;
    assert_eq!(error.kind(), &ErrorKind::Protocol);
    assert_eq!(desk.commands().len(), 5);
}

#[tokio::test]
async fn lost_and_refused_sessions_say_so() {
    let (error, _) = fails(&[Mishap::None, Mishap::Lost]).await;
    assert_eq!(error.kind(), &ErrorKind::NotFound);
    let (error, _) = fails(&[Mishap::Dropped, Mishap::Status(410)]).await;
    assert_eq!(error.kind(), &ErrorKind::NotFound);
    let (error, desk) = fails(&[Mishap::Final(400)]).await;
    assert_eq!(error.kind(), &ErrorKind::Rejected);
    assert_eq!(desk.commands(), [FIRST]);
    let (error, _) = fails(&[Mishap::Status(401)]).await;
    assert_eq!(error.kind(), &ErrorKind::Auth);
}

#[tokio::test]
async fn damaged_store_is_noticed_and_removed() {
    let desk = Desk::open(&[]).await;
    desk.state.lock().unwrap().false_digest = Some("0".repeat(64));
    let error = send(&desk, &BytesPayload::from(BYTES.to_vec())).await.expect_err("damaged");
    assert_eq!(error.kind(), &ErrorKind::Protocol);
    assert!(desk.state.lock().unwrap().files.is_empty(), "it was removed");
}

#[tokio::test]
async fn empty_payload_is_finalized_at_once() {
    let desk = Desk::open(&[]).await;
    let stored = send(&desk, &BytesPayload::from(Vec::new())).await.unwrap();
    assert_eq!(stored.bytes, 0);
    assert_eq!(desk.commands(), ["upload, finalize 0+0"]);
}

/// A file that was cut after its length was taken.
#[derive(Debug)]
struct Shrunk;

impl Payload for Shrunk {
    fn len(&self) -> u64 {
        20
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        BytesPayload::from(BYTES[..12].to_vec()).open_at(offset)
    }
}

#[tokio::test]
async fn failing_reader_is_no_matter_of_the_network() {
    let desk = Desk::open(&[]).await;
    let error = send(&desk, &Shrunk).await.expect_err("twelve of twenty bytes");
    assert_eq!(error.kind(), &ErrorKind::Local);
    assert!(super::all_words(&error).contains("after byte 8, before byte 16"), "{error:?}");
}

#[tokio::test]
async fn full_storage_is_not_waited_for() {
    let full = r#"{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
        {"quotaId":"file_storage_bytes"}]}"#;
    let server = super::server::Server::start(move |_| {
        super::server::refusal(429, "RESOURCE_EXHAUSTED", "storage", full)
    })
    .await;
    let (client, _) = client_of(&server.base);
    let error = client.open_upload(LABEL, 1).await.expect_err("full");
    assert_eq!(error.kind(), &ErrorKind::Quota { retry_after: None });
    assert!(error.hint().unwrap().contains("20 GB"), "{error:?}");
    assert_eq!(server.requests().len(), 1);
}
