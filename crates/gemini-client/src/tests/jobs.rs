//! Jobs whole: inline ones, everything that came kept, and their results found.

use batch_backend::{Applied, ErrorKind, JobState, JobToken, ModelId};
use serde_json::value::RawValue;

use super::server::{Reply, Server};
use super::{client_of, job, operation, spec};
use crate::InlineRow;

fn raw(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap()
}

#[tokio::test]
async fn inline_job_is_the_one_that_the_sdks_send() {
    let made = Reply::json(200, &operation("BATCH_STATE_PENDING"));
    let server = Server::script(vec![made]).await;
    let (client, _) = client_of(&server.base);
    // Order, doubled escapes and numbers beyond a double must come through as they are.
    let requests = [
        raw(r#"{"z":1,"contents":[{"parts":[{"text":"\u00fc"}]}],"n":12345678901234567890123}"#),
        raw(r#"{ "contents" : [] }"#),
    ];
    let rows: Vec<_> = ["row-1", "row \"2\""]
        .into_iter()
        .zip(&requests)
        .map(|(key, request)| InlineRow { key, request })
        .collect();
    let model = ModelId::parse("sim-flash").unwrap();
    let made = client.create_inline(&JobToken::new("inline demo"), &model, &rows).await.unwrap();
    assert_eq!(made.snapshot.name, job());
    let [request] = &server.requests()[..] else {
        panic!("one request");
    };
    assert_eq!(request.target, "/v1beta/models/sim-flash:batchGenerateContent");
    let body = String::from_utf8(request.body.clone()).unwrap();
    let expected = format!(
        r#"{{"batch":{{"displayName":"inline demo","inputConfig":{{"requests":{{"requests":[{{"request":{},"metadata":{{"key":"row-1"}}}},{{"request":{},"metadata":{{"key":"row \"2\""}}}}]}}}}}}}}"#,
        requests[0].get(),
        requests[1].get()
    );
    assert_eq!(body, expected);
}

#[tokio::test]
async fn too_large_an_inline_job_is_not_sent() {
    let server = Server::script(Vec::new()).await;
    let (client, _) = client_of(&server.base);
    let request = raw(&format!(r#"{{"x":"{}"}}"#, "a".repeat(21 * 1024 * 1024)));
    let rows = [InlineRow { key: "a", request: &request }];
    let model = ModelId::parse("sim-flash").unwrap();
    let error = client.create_inline(&JobToken::new("t"), &model, &rows).await.expect_err("large");
    assert_eq!((error.kind(), error.applied()), (&ErrorKind::Rejected, Applied::No));
    assert!(error.hint().unwrap().contains("file"), "{error:?}");
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn everything_that_came_is_kept() {
    let whole = format!(
        r#"{{"name":"{}","metadata":{{"state":"JOB_STATE_RUNNING","news":[1,{{"a":1e400}}],
            "priority":"-7"}},"later":null}}"#,
        job()
    );
    let page = format!(r#"{{"operations":[{whole}],"nextPageToken":"n"}}"#);
    let replies = [&whole, &whole, &page].map(|body| Reply::json(200, body));
    let server = Server::script(replies.to_vec()).await;
    let (client, _) = client_of(&server.base);
    let made = client.create_job(&spec()).await.unwrap();
    let seen = client.get_job(&job()).await.unwrap();
    let listed = client.list_jobs(None).await.unwrap();
    for job in [&made, &seen, &listed.jobs[0]] {
        assert_eq!(job.json.get(), whole);
        assert_eq!(job.snapshot.state, JobState::Running);
        assert!(job.inline_results().is_empty());
    }
    assert_eq!(listed.next.unwrap().as_str(), "n");
}

#[tokio::test]
async fn inline_results_are_found_in_both_places() {
    let one = r#"{"response":{"candidates":[]},"metadata":{"key":"row-1"}}"#;
    let two = r#"{"error":{"code":13,"message":"m"},"metadata":{"key":"row-2"}}"#;
    let list = format!(r#"{{"inlinedResponses":{{"inlinedResponses":[{one},{two}]}}}}"#);
    for place in [
        format!(r#""metadata":{{"state":"BATCH_STATE_SUCCEEDED","output":{list}}}"#),
        format!(r#""metadata":{{}},"done":true,"response":{list}"#),
    ] {
        let body = format!(r#"{{"name":"{}",{place}}}"#, job());
        let server = Server::script(vec![Reply::json(200, &body)]).await;
        let (client, _) = client_of(&server.base);
        let seen = client.get_job(&job()).await.unwrap();
        assert_eq!(seen.snapshot.state, JobState::Succeeded);
        assert_eq!(seen.snapshot.output, None);
        let results: Vec<_> = seen.inline_results().into_iter().map(RawValue::get).collect();
        assert_eq!(results, [one, two]);
    }
}
