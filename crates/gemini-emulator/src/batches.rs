//! The Batch API apart from create: get, list, cancel, delete; and a job as an Operation.

use std::io;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::paging;
use crate::record::{JobRecord, Kind, Progress, Source, Standing};
use crate::reply::{Failure, Reply};
use crate::shared::Core;
use crate::store::Tables;
use crate::validate::{self, field};
use crate::work;

const PACKAGE: &str = "type.googleapis.com/google.ai.generativelanguage.v1main.";

/// Whether inlined results stand in the answer; a list leaves them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inline {
    Shown,
    LeftOut,
}

/// A job as the service shows it.
pub(crate) fn operation(
    core: &Core,
    job: &JobRecord,
    now: Stamp,
    inline: Inline,
) -> io::Result<Value> {
    let standing = job.shown(now);
    let name = format!("batches/{}", job.id);
    let kind = match job.kind {
        Kind::Generate => format!("{PACKAGE}GenerateContentBatch"),
        Kind::Embed => format!("{PACKAGE}EmbedContentBatch"),
    };
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
    if let Source::File(id) = &job.source {
        metadata["inputConfig"] = json!({ "fileName": format!("files/{id}") });
    }
    if standing.ended {
        metadata["endTime"] = standing.since.rfc3339().into();
    }
    let output = if standing.output { output(core, job, inline)? } else { None };
    let mut operation = json!({ "name": name });
    if let Some(output) = output {
        metadata["output"] = output.clone();
        if standing.error.is_none() {
            operation["response"] = output;
            operation["response"]["@type"] = format!("{kind}Output").into();
        }
    }
    if standing.ended {
        operation["done"] = true.into();
    }
    if let Some(error) = standing.error {
        operation["error"] = json!({ "code": error.code, "message": error.message });
    }
    operation["metadata"] = metadata;
    Ok(operation)
}

fn output(core: &Core, job: &JobRecord, inline: Inline) -> io::Result<Option<Value>> {
    if let Source::File(_) = job.source {
        return Ok(Some(json!({ "responsesFile": format!("files/batch-{}", job.id) })));
    }
    if inline == Inline::LeftOut {
        return Ok(None);
    }
    let text = std::fs::read_to_string(core.store.results(&job.id))?;
    let rows: Result<Vec<Value>, _> =
        text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str).collect();
    Ok(Some(json!({ "inlinedResponses": { "inlinedResponses": rows? } })))
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
    Ok(Reply::json(&operation(core, &job, now, Inline::Shown)?))
}

pub(crate) async fn list(core: &Core, ask: &Ask) -> Result<Reply, Failure> {
    work::settle(core, None).await;
    let now = core.now();
    let tables = core.store.tables();
    let shown = |job: &&JobRecord| job.exists(now) && job.listed <= now;
    let mut jobs: Vec<&JobRecord> = tables.jobs.values().filter(shown).collect();
    // Jobs of one moment, as a clock that stands still makes them, keep the order of their creation.
    let place = |job: &JobRecord| (job.created, format!("{:020}", job.index));
    jobs.sort_by_key(|job| std::cmp::Reverse(place(job)));
    let (page, token) = paging::page(&ask.target, jobs.into_iter(), place)?;
    let mut answer = json!({});
    if !page.is_empty() {
        let page = page.iter().map(|job| operation(core, job, now, Inline::LeftOut));
        answer["operations"] = page.collect::<io::Result<Value>>()?;
    }
    if let Some(token) = token {
        answer["nextPageToken"] = token.into();
    }
    Ok(Reply::json(&answer))
}

/// Changes what may be changed of a job, and answers with the job itself, not an Operation.
pub(crate) fn update(core: &Core, ask: &Ask, id: &str, body: &Bytes) -> Result<Reply, Failure> {
    let body: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("Invalid JSON payload received. {error}")))?;
    validate::check("GenerateContentBatch", &body).map_err(|wrong| wrong.in_body())?;
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
        job.display_name = field(&body, "displayName").and_then(Value::as_str).map(str::to_owned);
    }
    core.store.put_job(&mut tables, job.clone())?;
    drop(tables);
    let operation = operation(core, &job, now, Inline::Shown)?;
    Ok(Reply::json(&operation["metadata"]))
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
