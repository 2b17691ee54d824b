//! The Batch API apart from create: get, list, cancel, delete; and a job as an Operation.

use std::io;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::jobs;
use crate::limits;
use crate::paging;
use crate::record::{JobRecord, Kind, Progress, Source, Standing};
use crate::reply::{Failure, Reply};
use crate::shared::Core;
use crate::store::Tables;
use crate::validate::{self, field};
use crate::work;

const PACKAGE: &str = "type.googleapis.com/google.ai.generativelanguage.v1main.";

/// A job as the service shows it in a list: without inlined results.
pub(crate) fn operation(core: &Core, job: &JobRecord, now: Stamp) -> Value {
    let (mut operation, metadata) = shown(core, job, now);
    operation["metadata"] = metadata;
    operation
}

/// A job as the service shows it, its metadata apart.
fn shown(core: &Core, job: &JobRecord, now: Stamp) -> (Value, Value) {
    let standing = job.shown(now);
    let name = format!("batches/{}", job.id);
    let kind = type_of(job);
    let mut metadata = json!({
        "@type": kind,
        "model": job.model,
        "createTime": job.created.rfc3339(),
        "updateTime": standing.since.rfc3339(),
        "batchStats": stats(core, job, &standing),
        "state": standing.state,
        "name": name,
    });
    if let Some(display_name) = &job.display_name {
        metadata["displayName"] = display_name.as_str().into();
    }
    if standing.ended {
        metadata["endTime"] = standing.since.rfc3339().into();
    }
    let mut operation = json!({ "name": name });
    if let Source::File(id) = &job.source {
        metadata["inputConfig"] = json!({ "fileName": format!("files/{id}") });
        if standing.output {
            let output = json!({ "responsesFile": format!("files/batch-{}", job.id) });
            metadata["output"] = output.clone();
            if standing.error.is_none() {
                operation["response"] = output;
                operation["response"]["@type"] = format!("{kind}Output").into();
            }
        }
    }
    if standing.ended {
        operation["done"] = true.into();
    }
    if let Some(error) = standing.error {
        operation["error"] = json!({ "code": error.code, "message": error.message });
    }
    (operation, metadata)
}

fn type_of(job: &JobRecord) -> String {
    match job.kind {
        Kind::Generate => format!("{PACKAGE}GenerateContentBatch"),
        Kind::Embed => format!("{PACKAGE}EmbedContentBatch"),
    }
}

/// A job with its inlined results, which go from their file into the answer, twice as the service
/// has them, without ever being in memory.
fn with_results(core: &Core, job: &JobRecord, now: Stamp) -> io::Result<Reply> {
    const OPEN: &str = "\"inlinedResponses\":{\"inlinedResponses\":[";
    const CLOSE: &str = "]}}";
    let (operation, metadata) = shown(core, job, now);
    let results = core.store.results(&job.id);
    let mut reply = Reply::pieces();
    reply.push(format!(
        "{},\"metadata\":{},\"output\":{{{OPEN}",
        open(&operation),
        open(&metadata)
    ));
    reply.push_rows(&results)?;
    reply.push(format!("{CLOSE}}}"));
    if operation.get("error").is_none() {
        reply.push(format!(",\"response\":{{\"@type\":\"{}Output\",{OPEN}", type_of(job)));
        reply.push_rows(&results)?;
        reply.push(CLOSE.to_owned());
    }
    reply.push("}\n".to_owned());
    Ok(reply)
}

/// An object's JSON to which members can be added.
fn open(object: &Value) -> String {
    let mut text = object.to_string();
    text.pop();
    text
}

fn stats(core: &Core, job: &JobRecord, standing: &Standing) -> Value {
    let counted = standing.ended && job.has_output && standing.state == job.end;
    let real = matches!(job.progress, Progress::Real | Progress::Halted);
    let (succeeded, failed, pending) = match (counted, standing.ended) {
        (true, _) => (job.succeeded, job.failed, 0),
        // Not all that was answered is in vain: it is counted, if not given out.
        (false, true) if real => (job.succeeded, job.rows.saturating_sub(job.succeeded), 0),
        (false, true) => (0, job.rows, 0),
        (false, false) => {
            let so_far = core.works.counts(&job.id).filter(|_| real).unwrap_or_default();
            let answered = so_far.succeeded + so_far.failed;
            (so_far.succeeded, so_far.failed, job.rows.saturating_sub(answered))
        }
    };
    let mut stats = json!({});
    for (name, n) in [
        ("requestCount", job.rows),
        ("successfulRequestCount", succeeded),
        ("failedRequestCount", failed),
        ("pendingRequestCount", pending),
    ] {
        if n > 0 {
            stats[name] = n.to_string().into();
        }
    }
    stats
}

fn find(tables: &Tables, id: &str, now: Stamp) -> Result<JobRecord, Failure> {
    let job = tables.jobs.get(id).filter(|job| job.exists(now));
    job.cloned().ok_or_else(Failure::not_found)
}

pub(crate) async fn get(core: &Core, id: &str) -> Result<Reply, Failure> {
    work::settle(core, Some(id)).await;
    let now = core.now();
    let job = {
        let mut tables = core.store.tables();
        let job = find(&tables, id, now)?;
        let mut polled = job.clone();
        if polled.polled(now) {
            core.store.put_job(&mut tables, polled)?;
        }
        job
    };
    if job.source == Source::Inlined && job.shown(now).output {
        return Ok(with_results(core, &job, now)?);
    }
    Ok(Reply::json(&operation(core, &job, now)))
}

pub(crate) async fn list(core: &Core, ask: &Ask) -> Result<Reply, Failure> {
    work::settle(core, None).await;
    let now = core.now();
    let tables = core.store.tables();
    let shown = |job: &&JobRecord| job.exists(now) && job.listed <= now;
    let after = |last| tables.jobs.newest_first(last).filter(shown);
    let (page, token) = paging::page(&ask.target, after, jobs::age)?;
    let mut answer = json!({});
    if !page.is_empty() {
        answer["operations"] = page.iter().map(|job| operation(core, job, now)).collect();
    }
    if let Some(token) = token {
        answer["nextPageToken"] = token.into();
    }
    Ok(Reply::json(&answer))
}

/// Changes what may be changed of a job, and answers with the job itself, not an Operation.
pub(crate) fn update(core: &Core, ask: &Ask, id: &str, body: &Bytes) -> Result<Reply, Failure> {
    validate::check_body("GenerateContentBatch", body)?;
    let body: Value = serde_json::from_slice(body).map_err(|error| validate::not_json(&error))?;
    let display_name = field(&body, "displayName").and_then(Value::as_str);
    limits::check_display_name(display_name)?;
    let mut renames = field(&body, "displayName").is_some();
    if let Some(mask) = &ask.target.update_mask {
        renames = false;
        for path in mask.split(',').map(str::trim) {
            match path {
                "displayName" | "display_name" => renames = true,
                // Taken and without effect: nobody outside knows what it does.
                "priority" => {}
                _ => {
                    let message = format!("update_mask: {path:?} cannot be changed.");
                    return Err(Failure::invalid(message));
                }
            }
        }
    }
    let now = core.now();
    let mut tables = core.store.tables();
    let mut job = find(&tables, id, now)?;
    if renames {
        job.display_name = display_name.map(str::to_owned);
    }
    core.store.put_job(&mut tables, job.clone())?;
    drop(tables);
    Ok(Reply::json(&shown(core, &job, now).1))
}

pub(crate) fn cancel(core: &Core, id: &str) -> Result<Reply, Failure> {
    change(core, id, |job, now| {
        if job.cancelled.is_none() && !job.standing(now).ended {
            job.cancelled = Some(now);
            if !job.ignores_cancel {
                core.works.halt(id);
            }
        }
    })
}

pub(crate) fn delete(core: &Core, id: &str) -> Result<Reply, Failure> {
    change(core, id, |job, now| {
        job.deleted = Some(now);
        core.works.halt(id);
    })
}

fn change(
    core: &Core,
    id: &str,
    change: impl FnOnce(&mut JobRecord, Stamp),
) -> Result<Reply, Failure> {
    let now = core.now();
    let mut tables = core.store.tables();
    let mut job = find(&tables, id, now)?;
    change(&mut job, now);
    core.store.put_job(&mut tables, job)?;
    Ok(Reply::json(&json!({})))
}
