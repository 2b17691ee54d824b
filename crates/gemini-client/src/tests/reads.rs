//! Looking, listing, cancelling, deleting: repeated by policy, never misread, never redirected.

use std::time::Duration;

use batch_backend::{BatchBackend, ErrorKind, InputName, JobName, JobState, PageToken};

use super::server::{Reply, Server, refusal};
use super::{client_of, job, operation};

const RETRY_INFO: &str =
    r#"{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"3s"}"#;

#[tokio::test]
async fn asked_waits_are_kept() {
    let server = Server::script(vec![
        refusal(429, "RESOURCE_EXHAUSTED", "slow down", RETRY_INFO),
        refusal(503, "UNAVAILABLE", "later", "").with("Retry-After", "7"),
        Reply::json(500, "<html>"),
        Reply::Drop,
        Reply::json(200, &operation("JOB_STATE_RUNNING")),
    ])
    .await;
    let (client, clock) = client_of(&server.base);
    let snapshot = client.get(&job()).await.unwrap();
    assert_eq!(snapshot.state, JobState::Running);
    let waits: Vec<_> = clock.slept().iter().map(Duration::as_millis).collect();
    assert_eq!(waits, [3_000, 7_000, 2_000, 4_000]);
    assert_eq!(server.requests()[0].target, format!("/v1beta/{}", job()));
}

#[tokio::test]
async fn wait_of_hours_is_not_waited() {
    let late = refusal(429, "RESOURCE_EXHAUSTED", "tomorrow", "").with("Retry-After", "86400");
    let server = Server::script(vec![late]).await;
    let (client, clock) = client_of(&server.base);
    let error = client.get(&job()).await.expect_err("given up");
    let retry_after = Some(Duration::from_hours(24));
    assert_eq!(error.kind(), &ErrorKind::Quota { retry_after });
    assert_eq!((clock.slept().len(), server.requests().len()), (0, 1));
}

/// As long as a call may take in all, and no longer.
#[tokio::test]
async fn asked_waits_end_where_the_call_does() {
    for (asked, waited) in [(599, true), (700, false), (3_000, false)] {
        let later = refusal(503, "UNAVAILABLE", "x", "").with("Retry-After", &asked.to_string());
        let good = Reply::json(200, &operation("JOB_STATE_RUNNING"));
        let server = Server::script(vec![later, good]).await;
        let (client, clock) = client_of(&server.base);
        let got = client.get(&job()).await;
        let wait = Duration::from_secs(asked);
        assert_eq!(clock.slept(), if waited { vec![wait] } else { Vec::new() });
        let told = got.map(drop).map_err(|error| error.kind().clone());
        let kind = ErrorKind::Transient { retry_after: Some(wait) };
        assert_eq!(told, if waited { Ok(()) } else { Err(kind) });
    }
}

#[tokio::test]
async fn odd_items_hide_no_files_and_no_models_but_fail_a_list_of_jobs() {
    let files = r#"{"files":[{"name":"files/new.style:id"},{"name":"files/k3"}]}"#;
    let models = r#"{"models":[{"name":"models/new style"},{"name":"models/m"}]}"#;
    let jobs = format!(r#"{{"operations":[{{"name":"new/style"}},{}]}}"#, operation("RUNNING"));
    let server = Server::start(move |request| {
        Reply::json(
            200,
            match request.target.split('?').next() {
                Some("/v1beta/files") => files,
                Some("/v1beta/models") => models,
                _ => &jobs,
            },
        )
    })
    .await;
    let (client, _) = client_of(&server.base);
    let files = client.list_files(None).await.unwrap().files;
    assert_eq!(files.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["files/k3"]);
    let models = client.list_models(None).await.unwrap().models;
    assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["m"]);
    let error = client.list(None).await.expect_err("a job that cannot be read");
    assert_eq!(error.kind(), &ErrorKind::Protocol);
    assert_eq!(server.requests().len(), 3, "none is asked for again");
}

#[tokio::test]
async fn redirect_is_refused_and_the_key_stays() {
    for status in [301, 302, 307, 308] {
        let elsewhere = Server::script(vec![Reply::json(200, &operation("x"))]).await;
        let to = format!("{}/v1beta/{}", elsewhere.base, job());
        let server = Server::start(move |_| Reply::json(status, "").with("Location", &to)).await;
        let (client, _) = client_of(&server.base);
        let error = client.get(&job()).await.expect_err("refused");
        assert_eq!(error.kind(), &ErrorKind::Rejected);
        assert!(error.reason().contains("redirect"), "{error}");
        assert!(elsewhere.requests().is_empty());
    }
}

#[tokio::test]
async fn what_only_looks_like_an_empty_list_is_none() {
    for body in [
        "",
        "[]",
        "null",
        "<html></html>",
        r#"{"error":{"code":500}}"#,
        r#"{"message":"down for maintenance"}"#,
        r#"{"operations":{}}"#,
        r#"{"operations":[{"metadata":{}}]}"#,
        r#"{"operations":[{"name":"batches/%2e%2e"}]}"#,
        r#"{"operations":[],"unreachable":["batches/1"]}"#,
    ] {
        let server = Server::start(move |_| Reply::json(200, body)).await;
        let (client, _) = client_of(&server.base);
        let error = client.list(None).await.expect_err(body);
        assert_eq!(error.kind(), &ErrorKind::Protocol, "{body}");
    }
}

#[tokio::test]
async fn pages_are_asked_for_by_token() {
    let one = format!(r#"{{"operations":[{}],"nextPageToken":"a&b=c/+"}}"#, operation("x"));
    let server = Server::script(vec![Reply::json(200, &one), Reply::json(200, "{}")]).await;
    let (client, _) = client_of(&server.base);
    let first = client.list(None).await.unwrap();
    assert_eq!(first.jobs.len(), 1);
    assert_eq!(first.next, Some(PageToken::new("a&b=c/+")));
    let second = client.list(first.next.as_ref()).await.unwrap();
    assert!(second.jobs.is_empty() && second.next.is_none());
    let targets: Vec<_> = server.requests().into_iter().map(|r| r.target).collect();
    let expected =
        ["/v1beta/batches?pageSize=100", "/v1beta/batches?pageSize=100&pageToken=a%26b%3Dc%2F%2B"];
    assert_eq!(targets, expected);
}

#[tokio::test]
async fn answers_about_others_and_floods_are_refused() {
    let other = operation("BATCH_STATE_RUNNING").replace("6u50", "7u50");
    let flood = format!(r#"{{"name":"{}"}}"#, "x".repeat(17 * 1024 * 1024));
    for (body, requests, hint) in [(other, 6, "base URL"), (flood, 1, "answer_bytes")] {
        let server = Server::start(move |_| Reply::json(200, &body)).await;
        let (client, _) = client_of(&server.base);
        let error = client.get(&job()).await.expect_err("nonsense");
        assert_eq!(error.kind(), &ErrorKind::Protocol);
        assert!(error.hint().unwrap().contains(hint), "{error:?}");
        assert_eq!(server.requests().len(), requests);
    }
}

#[tokio::test]
async fn odd_names_never_become_paths() {
    let server = Server::script(Vec::new()).await;
    let (client, _) = client_of(&server.base);
    for name in ["batches/../files/a", "batches/a?b", "x", "batches/a%2fb", "batches/\u{1b}"] {
        let odd = JobName::new(name);
        let kinds = [
            client.get(&odd).await.map(drop),
            client.cancel(&odd).await,
            client.delete(&odd).await,
        ];
        for result in kinds {
            assert_eq!(result.expect_err(name).kind(), &ErrorKind::Rejected);
        }
    }
    let results = InputName::new("files/batch-6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie");
    assert!(client.discard(&results).await.is_err() && client.get_file(&results).await.is_err());
    assert!(server.requests().is_empty(), "result files are never looked up or deleted");
}

#[tokio::test]
async fn deletion_that_was_done_by_a_lost_try_is_done() {
    let gone = refusal(404, "NOT_FOUND", "x", "");
    let server = Server::script(vec![Reply::Drop, gone.clone(), gone]).await;
    let (client, _) = client_of(&server.base);
    client.delete(&job()).await.expect("the first try did it");
    let error = client.delete(&job()).await.expect_err("now it is not there");
    assert_eq!(error.kind(), &ErrorKind::NotFound);
}

#[tokio::test]
async fn file_that_is_not_shown_is_not_found() {
    let gone = "You do not have permission to access the File abc or it may not exist.";
    let server = Server::script(vec![refusal(403, "PERMISSION_DENIED", gone, "")]).await;
    let (client, _) = client_of(&server.base);
    let error = client.discard(&InputName::new("files/abc")).await.expect_err("gone");
    assert_eq!(error.kind(), &ErrorKind::NotFound);
    assert!(error.hint().unwrap().contains("48 hours"), "{error:?}");
}

#[tokio::test]
async fn cancelling_what_ended_is_no_error() {
    let refused = refusal(400, "FAILED_PRECONDITION", "already finished", "");
    let server = Server::script(vec![
        Reply::json(200, "{}"),
        refused.clone(),
        Reply::json(200, &operation("BATCH_STATE_SUCCEEDED")),
        refused,
        Reply::json(200, &operation("BATCH_STATE_RUNNING")),
    ])
    .await;
    let (client, _) = client_of(&server.base);
    client.cancel(&job()).await.expect("taken");
    client.cancel(&job()).await.expect("ended already");
    let error = client.cancel(&job()).await.expect_err("still running");
    assert_eq!(error.kind(), &ErrorKind::Rejected);
    let first = &server.requests()[0];
    assert_eq!(first.target, format!("/v1beta/{}:cancel", job()));
    assert_eq!((first.header("content-length"), first.body.len()), (Some("0"), 0));
}

#[tokio::test]
async fn storm_is_not_answered_by_a_storm() {
    let server = Server::start(|_| refusal(503, "UNAVAILABLE", "x", "")).await;
    let (client, _) = client_of(&server.base);
    for _ in 0..100 {
        client.get(&job()).await.expect_err("down");
    }
    assert_eq!(server.requests().len(), 120, "100 first tries and a budget of 20 more");
}
