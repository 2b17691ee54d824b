//! Heads of answers that are far longer than any: so much is read, and no more.

use batch_backend::{Applied, BackendError, BatchBackend, ErrorKind};

use super::server::{Reply, Server};
use super::{all_words, client_of, spec};

/// An answer without jobs under so many more headers, each with a value of so many bytes.
fn head(headers: usize, bytes: usize) -> Reply {
    let jobs = Reply::json(200, "{}");
    (0..headers).fold(jobs, |reply, n| reply.with(&format!("X-{n}"), &"y".repeat(bytes)))
}

/// Bytes of a head that never ends.
fn endless() -> Reply {
    let mut bytes = b"HTTP/1.1 200 OK\r\nX-Long: ".to_vec();
    bytes.resize(2 << 20, b'x');
    Reply::RawThenHang(bytes)
}

#[track_caller]
fn too_large(error: &BackendError) {
    assert!(matches!(error.kind(), ErrorKind::Transient { .. }), "{error:?}");
    assert!(all_words(error).contains("message head is too large"), "{error:?}");
}

#[tokio::test]
async fn a_head_that_may_be_one_is_read() {
    for (headers, bytes) in [(0, 0), (99, 10), (1, 256 << 10), (90, 4_000)] {
        let server = Server::start(move |_| head(headers, bytes)).await;
        let page = client_of(&server.base).0.list(None).await;
        assert!(page.is_ok_and(|page| page.jobs.is_empty()), "{headers} of {bytes} bytes");
    }
}

#[tokio::test]
async fn a_head_that_is_none_ends_the_answer() {
    let replies = [head(100, 1), head(1_000, 1), head(1, 1 << 20), head(90, 20_000), endless()];
    for reply in replies {
        let server = Server::start(move |_| reply.clone()).await;
        let (client, _) = client_of(&server.base);
        let error = client.list(None).await.expect_err("no page");
        too_large(&error);
        assert!(server.requests().len() > 1, "it is asked again, as it may pass");
    }
}

#[tokio::test]
async fn a_creation_that_is_answered_so_may_have_happened() {
    let server = Server::start(|_| head(1, 1 << 20)).await;
    let (client, _) = client_of(&server.base);
    let error = client.create(&spec()).await.expect_err("no job that is known");
    too_large(&error);
    assert_eq!(error.applied(), Applied::Maybe);
    assert_eq!(server.requests().len(), 1, "and is not sent again");
}
