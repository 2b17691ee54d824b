//! Golden answers of the service, and everything that may come in their place.

use batch_backend::{JobCounts, JobSnapshot, JobState};

use crate::service_error::ServiceError;
use crate::wire::{Operation, object};

const DONE: &str = r#"{"name":"batches/6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie",
 "metadata":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch",
   "model":"models/gemini-3.6-flash","displayName":"eval-4f1c","priority":"0",
   "inputConfig":{"fileName":"files/k3v9qh2m7x1c"},
   "output":{"responsesFile":"files/batch-6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie"},
   "createTime":"2026-11-22T15:52:15.690959123Z","endTime":"x","updateTime":"x",
   "batchStats":{"requestCount":"15","successfulRequestCount":14,"failedRequestCount":"1"},
   "state":"BATCH_STATE_SUCCEEDED","name":"batches/6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie"},
 "done":true,
 "response":{"@type":"type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatchOutput",
   "responsesFile":"files/batch-6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie"}}"#;

fn read(json: &str) -> Result<JobSnapshot, String> {
    let operation: Operation<'_> = object(json.as_bytes()).map_err(|n| n.0)?;
    operation.snapshot(None).map_err(|n| n.0)
}

#[test]
fn finished_job_is_read_whole() {
    let job = read(DONE).unwrap();
    assert_eq!(job.name.as_str(), "batches/6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie");
    assert_eq!(job.token.unwrap().as_str(), "eval-4f1c");
    assert_eq!(job.model.unwrap().as_str(), "gemini-3.6-flash");
    assert_eq!(job.input.unwrap().as_str(), "files/k3v9qh2m7x1c");
    assert_eq!((job.state, job.done), (JobState::Succeeded, true));
    let output = "files/batch-6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie";
    assert_eq!(job.output.unwrap().as_str(), output);
    let expected =
        JobCounts { total: Some(15), succeeded: Some(14), failed: Some(1), pending: Some(0) };
    assert_eq!(job.counts, expected);
    let since = job.created.unwrap().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert_eq!((since.as_secs(), since.subsec_nanos()), (1_795_362_735, 690_959_123));
}

#[test]
fn states_are_read_in_both_spellings() {
    let state = |text: &str| {
        let json = format!(r#"{{"name":"batches/a","metadata":{{"state":"{text}"}}}}"#);
        read(&json).unwrap().state
    };
    for prefix in ["BATCH_STATE_", "JOB_STATE_"] {
        for (word, expected) in [
            ("PENDING", JobState::Queued),
            ("QUEUED", JobState::Queued),
            ("RUNNING", JobState::Running),
            ("CANCELLING", JobState::Running),
            ("SUCCEEDED", JobState::Succeeded),
            ("PARTIALLY_SUCCEEDED", JobState::PartiallySucceeded),
            ("FAILED", JobState::Failed),
            ("CANCELLED", JobState::Cancelled),
            ("EXPIRED", JobState::Expired),
        ] {
            assert_eq!(state(&format!("{prefix}{word}")), expected, "{prefix}{word}");
        }
    }
    for odd in ["BATCH_STATE_MOON", "BATCH_STATE_UNSPECIFIED", ""] {
        assert_eq!(state(odd), JobState::Other(odd.to_owned()));
    }
}

#[test]
fn missing_state_is_told_from_the_rest() {
    let state = |rest: &str| read(&format!(r#"{{"name":"batches/a"{rest}}}"#)).unwrap().state;
    assert!(!state("").is_end());
    assert!(!state(r#","error":{"code":3}"#).is_end(), "not without done");
    assert_eq!(state(r#","done":true,"error":{"code":3}"#), JobState::Failed);
    assert_eq!(state(r#","done":true,"error":{"code":1}"#), JobState::Cancelled);
    assert_eq!(state(r#","done":true,"response":{}"#), JobState::Succeeded);
}

#[test]
fn output_is_found_in_both_places_and_its_name_checked() {
    let here = r#"{"name":"batches/a","metadata":{"output":{"responsesFile":"files/batch-a"}}}"#;
    let there = r#"{"name":"batches/a","done":true,"response":{"responses_file":"files/batch-a"}}"#;
    for json in [here, there] {
        assert_eq!(read(json).unwrap().output.unwrap().as_str(), "files/batch-a", "{json}");
    }
    let odd = here.replace("files/batch-a", "../../etc/x");
    assert!(read(&odd).unwrap_err().contains("unexpected name"));
    let operation: Operation<'_> = object(odd.as_bytes()).unwrap();
    assert_eq!(operation.listed(None).unwrap().output, None, "one odd job hides no list");
}

#[test]
fn fields_of_the_wrong_kind_count_as_absent() {
    let json = r#"{"name":"batches/a","done":"yes","error":[],"response":7,"news":{"a":[1]},
        "metadata":{"state":"BATCH_STATE_RUNNING","model":"../x","displayName":7,"createTime":null,
        "inputConfig":{"requests":{}},"batchStats":{"requestCount":"-3","failedRequestCount":"x"}}}"#;
    let job = read(json).unwrap();
    assert_eq!((job.state, job.done, job.error), (JobState::Running, false, None));
    assert_eq!((job.model, job.token, job.input, job.created), (None, None, None, None));
    assert_eq!(job.counts, JobCounts::default());
    let snake = r#"{"name":"batches/a","metadata":{"display_name":"t","input_config":
        {"file_name":"files/a"},"batch_stats":{"request_count":3}}}"#;
    let job = read(snake).unwrap();
    assert_eq!((job.token.unwrap().as_str(), job.input.unwrap().as_str()), ("t", "files/a"));
    assert_eq!(job.counts.total, Some(3));
}

#[test]
fn what_is_no_job_is_refused() {
    for json in ["", "[]", "null", "<html>", "{}", r#"{"name":7}"#, r#"{"name":"batches/../x"}"#] {
        assert!(read(json).is_err(), "{json}");
    }
    let deep =
        format!(r#"{{"name":"batches/a","x":{}{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    assert!(read(&deep).is_ok() || read(&deep).is_err(), "no abort");
}

#[test]
fn failed_job_tells_why() {
    let json = r#"{"name":"batches/a","metadata":{"state":"BATCH_STATE_FAILED"},"done":true,
        "error":{"code":"13","message":"internal"}}"#;
    let error = read(json).unwrap().error.unwrap();
    assert_eq!((error.code, error.message.as_str()), (Some(13), "internal"));
}

#[test]
fn errors_come_bare_in_a_list_or_not_at_all() {
    let body = r#"{"error":{"code":429,"message":"m","status":"RESOURCE_EXHAUSTED","details":[
        {"@type":"type.googleapis.com/google.rpc.Help","links":[{"description":"d","url":"u"}]},
        {"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"RATE_LIMIT_EXCEEDED",
         "metadata":{"quota_limit":"PerMinute","service":"s"}},
        {"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[
         {"quotaMetric":"m1","quotaId":"PerDay","subject":"s"},{"subject":"file_storage_bytes"}]},
        {"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"36.5s"}, 7, null]}}"#;
    for body in [body.to_owned(), format!("  [{body}]")] {
        let error = ServiceError::read(body.as_bytes());
        assert_eq!(error.message.as_deref(), Some("m"));
        assert_eq!(error.status.as_deref(), Some("RESOURCE_EXHAUSTED"));
        assert_eq!(error.reason.as_deref(), Some("RATE_LIMIT_EXCEEDED"));
        assert_eq!(error.quotas, ["PerMinute", "PerDay", "file_storage_bytes"]);
        assert_eq!(error.retry_delay.unwrap().as_millis(), 36_500);
        assert!(error.is_storage_full());
    }
    for body in ["", "<html>502</html>", "[]", "7", r#"{"error":"x"}"#, "\u{fffd}", "[[]]"] {
        assert_eq!(ServiceError::read(body.as_bytes()), ServiceError::default(), "{body}");
    }
    assert_eq!(ServiceError::read(b"\xff\xfe"), ServiceError::default());
}
