//! Downloads: every cut noticed, taken up or started over, within bounds.

use std::io;

use batch_backend::{BatchBackend, ByteSink, ErrorKind, Fetched, OutputName};

use super::server::{Reply, Server, refusal};
use super::{client_of, hasty_client_of};

const BODY: &[u8] = b"{\"key\":\"r1\"}\n{\"key\":\"r2\"}\n";

fn output() -> OutputName {
    OutputName::new("files/batch-6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie")
}

fn cut(at: usize, head: &str) -> Reply {
    let head = format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\n\r\n", BODY.len());
    Reply::Raw([head.as_bytes(), &BODY[..at]].concat())
}

fn whole() -> Reply {
    Reply::Answer(200, Vec::new(), BODY.to_vec())
}

fn checked() -> Fetched {
    Fetched { bytes: BODY.len() as u64, length_checked: true }
}

#[tokio::test]
async fn cut_downloads_start_over() {
    let server = Server::script(vec![
        refusal(503, "UNAVAILABLE", "x", ""),
        Reply::Drop,
        cut(5, "200 OK"),
        cut(20, "200 OK"),
        whole(),
    ])
    .await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    assert_eq!(client.fetch(&output(), &mut bytes).await.unwrap(), checked());
    assert_eq!(bytes, BODY);
    let requests = server.requests();
    let target = format!("/v1beta/{}:download?alt=media", output());
    assert!(requests.iter().all(|r| r.target == target));
    assert!(requests.iter().all(|r| r.header("accept-encoding") == Some("identity")));
    let ranges: Vec<_> = requests.iter().map(|r| r.header("range")).collect();
    assert_eq!(ranges, [None, None, None, Some("bytes=5-"), Some("bytes=20-")]);
}

/// A first answer cut after 5 bytes, then this one.
async fn continued(range: &str) -> (Vec<u8>, usize) {
    let rest = BODY[5..].to_vec();
    let rest = Reply::Answer(206, Vec::new(), rest).with("Content-Range", range);
    let first = cut(5, "200 OK\r\nETag: \"e1\"");
    let server = Server::script(vec![first, rest, whole()]).await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    let fetched = client.fetch(&output(), &mut bytes).await;
    let requests = server.requests();
    assert_eq!(requests[1].header("if-range"), Some("\"e1\""));
    assert_eq!(fetched.unwrap(), checked());
    assert!(requests.iter().skip(2).all(|r| r.header("range").is_none()));
    (bytes, requests.len())
}

#[tokio::test]
async fn rest_is_taken_only_when_it_fits() {
    assert_eq!(continued("bytes 5-25/26").await, (BODY.to_vec(), 2));
    for odd in ["bytes 4-25/26", "bytes 5-25/27", "bytes 5-24/26", "bytes 5-25/*", "", "x"] {
        assert_eq!(continued(odd).await, (BODY.to_vec(), 3), "{odd}");
    }
}

#[tokio::test]
async fn tries_are_bounded() {
    let server = Server::start(|_| cut(5, "200 OK")).await;
    let (client, _) = client_of(&server.base);
    let error = client.fetch(&output(), &mut Vec::new()).await.expect_err("always cut");
    assert_eq!(error.kind(), &ErrorKind::Transient { retry_after: None });
    assert_eq!(server.requests().len(), 5);
}

#[tokio::test]
async fn without_a_length_the_end_is_taken_and_said_to_be_unchecked() {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let server = Server::script(vec![Reply::Raw([&head[..], BODY].concat())]).await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    let fetched = client.fetch(&output(), &mut bytes).await.unwrap();
    assert_eq!((bytes.as_slice(), fetched.length_checked), (BODY, false));
}

/// Answers that end with the connection, without a length.
async fn endless(ends: &[usize]) -> (Vec<u8>, Fetched, usize) {
    let head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";
    let replies = ends.iter().map(|end| Reply::Raw([&head[..], &BODY[..*end]].concat()));
    let server = Server::script(replies.collect()).await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    let fetched = client.fetch(&output(), &mut bytes).await.unwrap();
    (bytes, fetched, server.requests().len())
}

#[tokio::test]
async fn cut_last_line_without_a_length_is_fetched_again() {
    let unchecked = |bytes| Fetched { bytes, length_checked: false };
    let all = BODY.len();
    assert_eq!(endless(&[20, all]).await, (BODY.to_vec(), unchecked(all as u64), 2));
    assert_eq!(endless(&[20, 15, all]).await, (BODY.to_vec(), unchecked(all as u64), 3));
    // The same end twice is the end.
    assert_eq!(endless(&[20, 20]).await, (BODY[..20].to_vec(), unchecked(20), 2));
}

#[tokio::test]
async fn tries_are_counted_without_progress() {
    let mut replies = vec![cut(1, "200 OK")];
    for at in 1..9 {
        let head = "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes ";
        let rest = BODY.len() - at;
        let head = format!("{head}{at}-25/26\r\nContent-Length: {rest}\r\n\r\n");
        replies.push(Reply::Raw([head.as_bytes(), &BODY[at..=at]].concat()));
    }
    let rest = Reply::Answer(206, Vec::new(), BODY[9..].to_vec());
    replies.push(rest.with("Content-Range", "bytes 9-25/26"));
    let server = Server::script(replies).await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    assert_eq!(client.fetch(&output(), &mut bytes).await.unwrap(), checked());
    assert_eq!((bytes.as_slice(), server.requests().len()), (BODY, 10));
}

#[tokio::test]
async fn silence_is_noticed() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 26\r\n\r\n{".to_vec();
    let server = Server::script(vec![Reply::RawThenHang(head), whole()]).await;
    let client = hasty_client_of(&server.base);
    let mut bytes = Vec::new();
    assert_eq!(client.fetch(&output(), &mut bytes).await.unwrap(), checked());
    assert_eq!(bytes, BODY);
}

#[tokio::test]
async fn gone_results_are_not_found_and_compressed_ones_refused() {
    for status in [403, 404] {
        let server = Server::start(move |_| refusal(status, "X", "it may not exist", "")).await;
        let (client, _) = client_of(&server.base);
        let error = client.fetch(&output(), &mut Vec::new()).await.expect_err("gone");
        assert_eq!(error.kind(), &ErrorKind::NotFound);
        assert_eq!(server.requests().len(), 1);
    }
    let server = Server::start(|_| whole().with("Content-Encoding", "gzip")).await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    let error = client.fetch(&output(), &mut bytes).await.expect_err("compressed");
    assert_eq!(error.kind(), &ErrorKind::Protocol);
    assert!(bytes.is_empty());
}

/// A disk without room.
struct FullDisk;

impl ByteSink for FullDisk {
    fn write(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::StorageFull.into())
    }

    fn restart(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn full_disk_is_no_matter_of_the_network() {
    let server = Server::start(|_| whole()).await;
    let (client, _) = client_of(&server.base);
    let error = client.fetch(&output(), &mut FullDisk).await.expect_err("full");
    assert_eq!(error.kind(), &ErrorKind::Local);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn refused_range_is_not_asked_for_again() {
    let server =
        Server::script(vec![cut(5, "200 OK"), refusal(416, "OUT_OF_RANGE", "x", ""), whole()])
            .await;
    let (client, _) = client_of(&server.base);
    let mut bytes = Vec::new();
    assert_eq!(client.fetch(&output(), &mut bytes).await.unwrap(), checked());
    assert_eq!(bytes, BODY);
    assert!(server.requests()[2].header("range").is_none());
}
