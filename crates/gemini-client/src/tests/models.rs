//! Models: listed by page, bodies sent and kept as they are, and money not spent twice.

use std::error::Error as _;
use std::time::Duration;

use batch_backend::{Applied, BackendError, BatchBackend, ErrorKind, ModelId, PageToken};
use serde_json::value::RawValue;

use super::server::{Reply, Server, refusal};
use super::{client_of, spec};
use crate::{Cause, Refusal};

const BODY: &str = r#"{ "contents":[{"parts":[{"text":"hi"}]}], "n":12345678901234567890123 }"#;

fn model() -> ModelId {
    ModelId::parse("sim-flash").unwrap()
}

fn body() -> Box<RawValue> {
    RawValue::from_string(BODY.to_owned()).unwrap()
}

#[tokio::test]
async fn models_come_by_page() {
    let first = r#"{"models":[{"name":"models/sim-pro","displayName":"Pro","inputTokenLimit":"9",
        "supportedGenerationMethods":["batchGenerateContent"],"news":1}],"nextPageToken":"a b"}"#;
    let server = Server::script(vec![Reply::json(200, first), Reply::json(200, "{}")]).await;
    let (client, _) = client_of(&server.base);
    let page = client.list_models(None).await.unwrap();
    let [pro] = &page.models[..] else {
        panic!("one model");
    };
    assert_eq!((pro.id.as_str(), pro.label.as_deref()), ("sim-pro", Some("Pro")));
    assert_eq!((pro.input_tokens, pro.output_tokens), (Some(9), None));
    assert!(pro.methods.contains(&"batchGenerateContent".to_owned()));
    assert!(pro.json.get().contains(r#""news":1"#));
    assert_eq!(page.next, Some(PageToken::new("a b")));
    let last = client.list_models(page.next.as_ref()).await.unwrap();
    assert!(last.models.is_empty() && last.next.is_none());
    let targets: Vec<_> = server.requests().into_iter().map(|r| r.target).collect();
    assert_eq!(targets[1], "/v1beta/models?pageSize=100&pageToken=a+b");
}

#[tokio::test]
async fn bodies_go_out_and_come_back_as_they_are() {
    let answer = r#"{"candidates":[ ],"usageMetadata":{"x":12345678901234567890123}}"#;
    let count = r#"{"totalTokens":"31","promptTokensDetails":[{"modality":"TEXT"}]}"#;
    let server = Server::script(vec![Reply::json(200, answer), Reply::json(200, count)]).await;
    let (client, _) = client_of(&server.base);
    let given = client.generate_content(&model(), &body()).await.unwrap();
    assert_eq!(given.get(), answer);
    let tokens = client.count_tokens(&model(), &body()).await.unwrap();
    assert_eq!((tokens.total, tokens.json.get()), (31, count));
    let requests = server.requests();
    assert_eq!(requests[0].target, "/v1beta/models/sim-flash:generateContent");
    assert_eq!(requests[1].target, "/v1beta/models/sim-flash:countTokens");
    for request in requests {
        assert_eq!(request.body, BODY.as_bytes());
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
}

async fn asked(replies: Vec<Reply>) -> (BackendError, usize, Vec<Duration>) {
    let server = Server::script(replies).await;
    let (client, clock) = client_of(&server.base);
    let error = client.generate_content(&model(), &body()).await.expect_err("no answer");
    (error, server.requests().len(), clock.slept())
}

#[tokio::test]
async fn answer_that_may_be_paid_for_is_not_asked_for_again() {
    let odd = || Reply::json(200, "[]");
    for lost in [Reply::Drop, refusal(500, "INTERNAL", "x", ""), odd()] {
        let (error, requests, _) = asked(vec![lost]).await;
        assert_eq!((error.applied(), requests), (Applied::Maybe, 1), "{error:?}");
        assert!(error.to_string().starts_with("failed to ask sim-flash for an answer"), "{error}");
    }
    let busy = refusal(429, "RESOURCE_EXHAUSTED", "x", "");
    let (error, requests, slept) = asked(vec![busy; 9]).await;
    assert_eq!(error.kind(), &ErrorKind::Quota { retry_after: None });
    assert_eq!((requests, slept.len()), (4, 3));
}

#[tokio::test]
async fn count_without_a_number_is_none() {
    for odd in ["{}", r#"{"totalTokens":"many"}"#, "[]", "7"] {
        let server = Server::start(move |_| Reply::json(200, odd)).await;
        let (client, _) = client_of(&server.base);
        let error = client.count_tokens(&model(), &body()).await.expect_err(odd);
        assert_eq!(error.kind(), &ErrorKind::Protocol);
        let tried = "failed to count the tokens of a request to sim-flash";
        assert!(error.to_string().starts_with(tried), "{error}");
    }
}

const NO_MODEL: &str = "models/sim-flash is not found for API version v1beta";

/// A server without the model asked for, and with these.
async fn without(list: Reply) -> Server {
    Server::start(move |request| {
        if request.target == "/v1beta/models?pageSize=1000" {
            return list.clone();
        }
        refusal(404, "NOT_FOUND", NO_MODEL, "")
    })
    .await
}

fn close_models(error: &BackendError) -> Vec<ModelId> {
    error.source().unwrap().downcast_ref::<Refusal>().unwrap().close_models.clone()
}

#[tokio::test]
async fn unknown_models_are_answered_with_close_ones() {
    let models = r#"{"models":[{"name":"models/sim-flush"},{"name":"models/imagen-4"}]}"#;
    let server = without(Reply::json(200, models)).await;
    let (client, _) = client_of(&server.base);
    let errors = [
        client.create(&spec()).await.expect_err("no model"),
        client.get_model(&model()).await.expect_err("no model"),
        client.count_tokens(&model(), &body()).await.expect_err("no model"),
        client.generate_content(&model(), &body()).await.expect_err("no model"),
    ];
    let kinds: Vec<_> = errors.iter().map(BackendError::kind).cloned().collect();
    let not_found = || ErrorKind::NotFound;
    assert_eq!(kinds, [ErrorKind::Rejected, not_found(), not_found(), not_found()]);
    for error in &errors {
        assert_eq!((Cause::of(error), error.applied()), (Cause::Model, Applied::No));
        assert_eq!(close_models(error), [ModelId::parse("sim-flush").unwrap()]);
        assert!(error.hint().unwrap().ends_with("; there is sim-flush"), "{error:?}");
    }
    assert_eq!(server.requests().len(), 8, "one list for each");
}

#[tokio::test]
async fn names_of_models_are_a_courtesy() {
    for list in
        [Reply::Drop, Reply::json(500, "x"), Reply::json(200, "<p>"), Reply::json(200, "{}")]
    {
        let server = without(list).await;
        let (client, clock) = client_of(&server.base);
        let error = client.get_model(&model()).await.expect_err("no model");
        assert_eq!((Cause::of(&error), error.reason()), (Cause::Model, NO_MODEL));
        assert!(close_models(&error).is_empty());
        assert_eq!((server.requests().len(), clock.slept().len()), (2, 0), "asked once");
    }
    // Another 404 is about another thing, and nothing is listed.
    let server = Server::start(|_| refusal(404, "NOT_FOUND", "File files/k not found", "")).await;
    let (client, _) = client_of(&server.base);
    let error = client.create(&spec()).await.expect_err("no file");
    assert_eq!((Cause::of(&error), server.requests().len()), (Cause::Gone, 1));
}
