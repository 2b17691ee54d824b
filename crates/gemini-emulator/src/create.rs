//! Create a batch: check the body, check and answer every row, record the job.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::batches::{Inline, operation};
use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::limits;
use crate::payload::Halt;
use crate::record::{JobRecord, Kind, Source, phases, seconds};
use crate::reply::{Failure, Reply};
use crate::results::{Counts, Job};
use crate::script::JobPlan;
use crate::shared::Core;
use crate::validate::{self, field};

pub(crate) async fn create(
    core: &Arc<Core>,
    ask: &Ask,
    model: &str,
    kind: Kind,
    body: Bytes,
) -> Result<Reply, Halt> {
    let core = Arc::clone(core);
    let model = model.to_owned();
    let effective = ask.effective;
    let work = move || create_now(&core, &model, kind, &body, effective);
    let value = tokio::task::spawn_blocking(work).await.map_err(|_| Halt::Closed)??;
    Ok(Reply::json(&value))
}

/// What a create asks for.
struct Wanted<'a> {
    model: &'a str,
    display_name: Option<String>,
    source: Source,
    inlined: &'a [Value],
}

fn create_now(
    core: &Core,
    model: &str,
    kind: Kind,
    body: &Bytes,
    effective: Option<Stamp>,
) -> Result<Value, Failure> {
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("Invalid JSON payload received. {error}")))?;
    let wanted = read(model, kind, &parsed)?;
    core.check_model(model)?;
    let _turn = core.creating.lock().unwrap_or_else(PoisonError::into_inner);
    let tokens = limits::tokens(input_bytes(core, &wanted.source, body));
    limits::check_job(core, model, tokens)?;
    let input = match &wanted.source {
        Source::File(id) => Some(open_input(core, id)?),
        Source::Inlined => None,
    };
    let (id, index) = {
        let tables = core.store.tables();
        let index = tables.jobs.values().map(|job| job.index + 1).max().unwrap_or(0);
        (core.fresh_id("batch", 36, |id| tables.jobs.contains_key(id)), index)
    };
    let display_name = wanted.display_name.as_deref().unwrap_or_default();
    let bare = bare(model);
    let plan = core.faults.for_job(bare, display_name, index);
    let job = Job { seed: core.settings.seed, model: bare, kind, plan: &plan };
    let results = core.store.results(&id);
    let counts = match answer(&job, input, wanted.inlined, &results) {
        Ok(counts) => counts,
        Err(failure) => {
            // What was answered so far goes; if it cannot, the next start sweeps it away.
            let _ = std::fs::remove_file(&results);
            return Err(failure);
        }
    };
    let mut record = record(core, wanted, (id, index), &plan, counts, effective);
    record.tokens = tokens;
    record.kind = kind;
    let now = core.now().max(record.created);
    core.store.put_job(&mut core.store.tables(), record.clone())?;
    tracing::debug!(job = %record.id, model = ?record.model, rows = record.rows, "job created");
    Ok(operation(core, &record, now, Inline::Shown)?)
}

fn bare(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, bare)| bare)
}

fn read<'a>(model: &'a str, kind: Kind, body: &'a Value) -> Result<Wanted<'a>, Failure> {
    let shape = match kind {
        Kind::Generate => "CreateBatch",
        Kind::Embed => "CreateEmbedBatch",
    };
    validate::check(shape, body).map_err(|wrong| wrong.in_body())?;
    let batch = body.get("batch").unwrap_or(&Value::Null);
    let config = field(batch, "inputConfig").unwrap_or(&Value::Null);
    let file = field(config, "fileName").and_then(Value::as_str);
    let inlined = config
        .get("requests")
        .and_then(|requests| requests.get("requests"))
        .and_then(Value::as_array)
        .map(Vec::as_slice);
    let (source, inlined) = match (file, inlined) {
        (Some(name), None) => {
            let id = name.strip_prefix("files/").unwrap_or(name);
            (Source::File(id.to_owned()), [].as_slice())
        }
        (None, Some(rows)) if !rows.is_empty() => (Source::Inlined, rows),
        _ => {
            return Err(Failure::invalid(
                "* BatchGenerateContentRequest.batch.input_config: exactly one of file_name and \
                 requests must be given.\n",
            ));
        }
    };
    let display_name = field(batch, "displayName").and_then(Value::as_str).map(str::to_owned);
    Ok(Wanted { model, display_name, source, inlined })
}

/// Bytes of the rows, wherever they stand.
fn input_bytes(core: &Core, source: &Source, body: &Bytes) -> u64 {
    match source {
        Source::File(id) => core.store.tables().files.get(id).map_or(0, |file| file.size),
        Source::Inlined => body.len() as u64,
    }
}

fn open_input(core: &Core, id: &str) -> Result<File, Failure> {
    let now = core.now();
    let tables = core.store.tables();
    let file = tables.files.get(id).filter(|file| file.expires() > now);
    let file = file.ok_or_else(Failure::not_found)?;
    if file.size == 0 {
        return Err(Failure::invalid("The input file is empty."));
    }
    Ok(File::open(core.store.file_data(id))?)
}

fn answer(
    job: &Job<'_>,
    input: Option<File>,
    inlined: &[Value],
    results: &Path,
) -> Result<Counts, Failure> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(results)?);
    let counts = match input {
        Some(file) => job.answer_lines(BufReader::with_capacity(1 << 20, file), &mut out)?,
        None => job.answer_inlined(inlined, &mut out)?,
    };
    out.flush()?;
    Ok(counts)
}

fn record(
    core: &Core,
    wanted: Wanted<'_>,
    (id, index): (String, u64),
    plan: &JobPlan,
    counts: Counts,
    effective: Option<Stamp>,
) -> JobRecord {
    let end = plan.end.clone().unwrap_or_else(|| "BATCH_STATE_SUCCEEDED".into());
    let created = effective.unwrap_or_else(|| core.now());
    let lag = core.clock.emulated(Duration::from_millis(plan.list_lag_ms));
    let (phases, polls_left) = phases(plan, core.settings.pending, core.settings.running);
    JobRecord {
        id,
        kind: Kind::Generate,
        index,
        source: wanted.source,
        model: wanted.model.to_owned(),
        display_name: wanted.display_name,
        created,
        listed: created.plus(lag),
        phases,
        polls_left,
        tokens: 0,
        has_output: plan.output.unwrap_or_else(|| end.ends_with("SUCCEEDED")),
        end,
        error: plan.error.clone(),
        output_delay: seconds(plan.late_output_s),
        ignores_cancel: plan.ignores_cancel,
        rows: counts.rows,
        succeeded: counts.succeeded,
        failed: counts.failed,
        cancelled: None,
        deleted: None,
    }
}
