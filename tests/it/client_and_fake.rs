//! Our client before the fake server: the second reading of the protocol must agree with it.

use std::time::Duration;

use batch_backend::{
    Applied, BackendError, BatchBackend, BytesPayload, InputName, JobSnapshot, JobSpec, JobState,
    JobToken, ModelId, NoProgress, Payload as _, Upload,
};
use gemini_client::{ApiKey, BaseUrl, Client, Policies, Transfers};
use serde_json::{Value, json};
use tests::fake::{CreateFault, End, FakeServer, Knobs};

/// A client with short waits and small upload requests.
fn client(server: &FakeServer) -> Client {
    let mut transfers = Transfers::default();
    transfers.request_bytes = 700_000;
    Client::builder(ApiKey::new("a-key").unwrap())
        .base_url(BaseUrl::parse(&server.base_url()).unwrap())
        .policies(Policies::default().with_first_wait(Duration::from_millis(1)))
        .transfers(transfers)
        .seed(1)
        .build()
        .unwrap()
}

/// `n` rows of our own shape, each padded to about `width` bytes.
fn rows(n: usize, width: usize) -> Vec<u8> {
    (0..n)
        .flat_map(|number| {
            let text = "x".repeat(width);
            let contents = json!([{"role": "user", "parts": [{"text": text}]}]);
            let row = json!({"key": format!("r{number:08}-0"), "request": {"contents": contents}});
            format!("{row}\n").into_bytes()
        })
        .collect()
}

async fn uploaded(client: &Client, bytes: Vec<u8>) -> Result<InputName, BackendError> {
    let payload = BytesPayload::from(bytes);
    let session = client.open_upload("rows", payload.len()).await?;
    let (session, progress) = (&session, &NoProgress);
    let upload = Upload { session, resumed: false, payload: &payload, progress };
    let stored = client.upload(upload).await?;
    assert_eq!(stored.bytes, payload.len());
    Ok(stored.name)
}

fn spec(input: &InputName, token: &str) -> JobSpec {
    let model = ModelId::parse("sim-flash").unwrap();
    JobSpec { token: JobToken::new(token), model, input: input.clone() }
}

/// Looks until the job has ended; the fake moves on with every look.
async fn ended(client: &Client, mut job: JobSnapshot) -> JobSnapshot {
    for _ in 0..20 {
        if job.ended() {
            return job;
        }
        job = client.get(&job.name).await.unwrap();
    }
    panic!("not ended after 20 looks: {job:?}");
}

fn no_violations(server: &FakeServer) {
    assert_eq!(server.ledger()["violations"], json!([]));
}

#[tokio::test]
async fn rows_go_up_and_answers_come_down_through_faults() {
    let knobs = Knobs { half_chunks: 2, cut_downloads: 1, busy_gets: 2, ..Knobs::default() };
    let server = FakeServer::start(knobs).unwrap();
    let client = client(&server);
    let input = uploaded(&client, rows(300, 10_000)).await.unwrap();
    let job = client.create(&spec(&input, "whole-walk")).await.unwrap();
    assert_eq!((job.counts.total, job.state.is_end()), (Some(300), false));

    let job = ended(&client, job).await;
    assert_eq!(job.state, JobState::Succeeded);
    assert_eq!(job.token.as_ref().map(JobToken::as_str), Some("whole-walk"));
    let mut results = Vec::new();
    let fetched = client.fetch(&job.output.unwrap(), &mut results).await.unwrap();
    assert_eq!((fetched.bytes, fetched.length_checked), (results.len() as u64, true));
    let lines = String::from_utf8(results).unwrap();
    assert_eq!(lines.lines().count(), 300);
    assert!(lines.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()));

    client.discard(&input).await.unwrap();
    no_violations(&server);
}

#[tokio::test]
async fn a_create_without_an_answer_is_in_doubt_and_not_repeated() {
    let late = Duration::ZERO;
    for fault in [
        CreateFault::DropUnapplied,
        CreateFault::DropThenApply(late),
        CreateFault::Refuse(503),
        CreateFault::RefuseThenApply(500, late),
    ] {
        let server =
            FakeServer::start(Knobs { creates: [fault].into(), ..Knobs::default() }).unwrap();
        let client = client(&server);
        let input = uploaded(&client, rows(1, 10)).await.unwrap();
        let error = client.create(&spec(&input, "doubtful")).await.unwrap_err();
        assert_eq!(error.applied(), Applied::Maybe, "{fault:?}: {error}");
        assert_eq!(server.ledger()["createsSeen"], 1, "{fault:?}");
    }
}

#[tokio::test]
async fn a_refused_create_is_no_doubt() {
    let server = FakeServer::start(Knobs::default()).unwrap();
    let client = client(&server);
    let gone = InputName::new("files/neverwas1234");
    let error = client.create(&spec(&gone, "refused")).await.unwrap_err();
    assert_eq!(error.applied(), Applied::No, "{error}");
    assert_eq!(server.ledger()["jobs"], json!([]));
}

#[tokio::test]
async fn every_end_is_understood() {
    for (end, state) in [
        (End::Succeeded, JobState::Succeeded),
        (End::Failed, JobState::Failed),
        (End::Cancelled, JobState::Cancelled),
        (End::Expired, JobState::Expired),
        (End::PartiallySucceeded, JobState::PartiallySucceeded),
    ] {
        assert_eq!(end_of(end).await.state, state);
    }
    let unheard = end_of(End::Unheard).await;
    assert!(matches!(&unheard.state, JobState::Other(word) if word.contains("EVAPORATED")));
    assert!(unheard.ended() && !unheard.state.is_end());
}

async fn end_of(end: End) -> JobSnapshot {
    let server = FakeServer::start(Knobs { end, ..Knobs::default() }).unwrap();
    let client = client(&server);
    let input = uploaded(&client, rows(2, 10)).await.unwrap();
    let job = client.create(&spec(&input, "to-its-end")).await.unwrap();
    let job = ended(&client, job).await;
    no_violations(&server);
    job
}

#[tokio::test]
async fn a_list_shows_every_job_newest_first() {
    let server = FakeServer::start(Knobs { page: 2, ..Knobs::default() }).unwrap();
    let client = client(&server);
    let input = uploaded(&client, rows(1, 10)).await.unwrap();
    for number in 0..5 {
        client.create(&spec(&input, &format!("job-{number}"))).await.unwrap();
    }
    let (mut tokens, mut page, mut pages) = (Vec::new(), None, 0);
    loop {
        let answer = client.list(page.as_ref()).await.unwrap();
        pages += 1;
        tokens.extend(answer.jobs.into_iter().filter_map(|job| job.token));
        match answer.next {
            Some(next) => page = Some(next),
            None => break,
        }
    }
    let tokens: Vec<&str> = tokens.iter().map(JobToken::as_str).collect();
    assert_eq!((tokens, pages), (vec!["job-4", "job-3", "job-2", "job-1", "job-0"], 3));
    no_violations(&server);
}
