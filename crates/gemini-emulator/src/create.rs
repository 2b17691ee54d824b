//! Create a batch: check the body and every row, keep the rows, record the job.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::Pace;
use crate::batches::{Inline, operation};
use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::payload::Halt;
use crate::record::{JobRecord, Kind, Progress, Source, phases, seconds};
use crate::reply::{Failure, Reply};
use crate::script::JobPlan;
use crate::shared::Core;
use crate::validate::{self, field};
use crate::{limits, rows, work};

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
}

/// A job's input, checked.
struct Input {
    /// A file's rows, or none: then those of the body stand in `lines`.
    file: Option<PathBuf>,
    lines: Vec<u8>,
    rows: u64,
}

fn create_now(
    core: &Arc<Core>,
    model: &str,
    kind: Kind,
    body: &Bytes,
    effective: Option<Stamp>,
) -> Result<Value, Failure> {
    let parsed: Value = serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("Invalid JSON payload received. {error}")))?;
    let wanted = read(model, kind, &parsed)?;
    core.check_model(model)?;
    let tokens = limits::tokens(input_bytes(core, &wanted.source, body));
    limits::check_job(core, model, tokens)?;
    let input = check_input(core, &wanted.source, kind, body)?;
    let _turn = core.creating.lock().unwrap_or_else(PoisonError::into_inner);
    // Others may have come first while the rows were checked.
    limits::check_job(core, model, tokens)?;
    let (id, index) = {
        let tables = core.store.tables();
        let index = tables.jobs.values().map(|job| job.index + 1).max().unwrap_or(0);
        (core.fresh_id("batch", 36, |id| tables.jobs.contains_key(id)), index)
    };
    let display_name = wanted.display_name.as_deref().unwrap_or_default();
    let plan = core.faults.for_job(bare(model), display_name, index);
    let mut record = record(core, wanted, kind, (id, index), plan, effective);
    record.rows = input.rows;
    record.tokens = tokens;
    let open = record.is_open();
    if open {
        keep(&input, &core.store.input(&record.id))?;
    }
    let now = core.now().max(record.created);
    core.store.put_job(&mut core.store.tables(), record.clone())?;
    tracing::debug!(job = %record.id, model = ?record.model, rows = record.rows, "job created");
    if open {
        work::begin(core, record.clone());
    }
    Ok(operation(core, &record, now, Inline::Shown)?)
}

fn bare(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, bare)| bare)
}

fn read<'a>(model: &'a str, kind: Kind, body: &Value) -> Result<Wanted<'a>, Failure> {
    let shape = match kind {
        Kind::Generate => "CreateBatch",
        Kind::Embed => "CreateEmbedBatch",
    };
    validate::check(shape, body).map_err(|wrong| wrong.in_body())?;
    let batch = body.get("batch").unwrap_or(&Value::Null);
    let config = field(batch, "inputConfig").unwrap_or(&Value::Null);
    let file = field(config, "fileName").and_then(Value::as_str);
    let rows = config.get("requests").and_then(|requests| requests.get("requests"));
    let inlined = rows.and_then(Value::as_array).is_some_and(|rows| !rows.is_empty());
    let source = match (file, inlined) {
        (Some(name), false) => Source::File(name.strip_prefix("files/").unwrap_or(name).to_owned()),
        (None, true) => Source::Inlined,
        _ => {
            return Err(Failure::invalid(
                "* BatchGenerateContentRequest.batch.input_config: exactly one of file_name and \
                 requests must be given.\n",
            ));
        }
    };
    let display_name = field(batch, "displayName").and_then(Value::as_str).map(str::to_owned);
    Ok(Wanted { model, display_name, source })
}

/// A create's body as far as its rows go, which keep their bytes.
#[derive(Debug, Deserialize)]
struct Inlined<'a> {
    #[serde(borrow)]
    batch: InlinedBatch<'a>,
}

#[derive(Debug, Deserialize)]
struct InlinedBatch<'a> {
    #[serde(alias = "input_config", rename = "inputConfig", borrow)]
    input_config: InlinedConfig<'a>,
}

#[derive(Debug, Deserialize)]
struct InlinedConfig<'a> {
    #[serde(borrow)]
    requests: InlinedRows<'a>,
}

#[derive(Debug, Deserialize)]
struct InlinedRows<'a> {
    #[serde(borrow)]
    requests: Vec<&'a RawValue>,
}

fn check_input(core: &Core, source: &Source, kind: Kind, body: &[u8]) -> Result<Input, Failure> {
    if let Source::File(id) = source {
        let path = find_input(core, id)?;
        let rows = rows::check(kind, BufReader::with_capacity(1 << 20, File::open(&path)?))?;
        return Ok(Input { file: Some(path), lines: Vec::new(), rows });
    }
    let inlined: Inlined<'_> = serde_json::from_slice(body)
        .map_err(|error| Failure::invalid(format!("Invalid JSON payload received. {error}")))?;
    let inlined = inlined.batch.input_config.requests.requests;
    Ok(Input { file: None, lines: rows::inlined(&inlined)?, rows: inlined.len() as u64 })
}

/// Keeps the rows until they are answered, even if the file they came in is deleted.
fn keep(input: &Input, path: &Path) -> io::Result<()> {
    let Some(file) = &input.file else { return std::fs::write(path, &input.lines) };
    // Not every file system has a second name for a file.
    std::fs::hard_link(file, path).or_else(|_| std::fs::copy(file, path).map(|_| ()))
}

/// Bytes of the rows, wherever they stand.
fn input_bytes(core: &Core, source: &Source, body: &Bytes) -> u64 {
    match source {
        Source::File(id) => core.store.tables().files.get(id).map_or(0, |file| file.size),
        Source::Inlined => body.len() as u64,
    }
}

fn find_input(core: &Core, id: &str) -> Result<PathBuf, Failure> {
    let now = core.now();
    let tables = core.store.tables();
    let file = tables.files.get(id).filter(|file| file.expires() > now);
    let file = file.ok_or_else(Failure::not_found)?;
    if file.size == 0 {
        return Err(Failure::invalid("The input file is empty."));
    }
    Ok(core.store.file_data(id))
}

/// The job that will be; its rows are to be counted.
fn record(
    core: &Core,
    wanted: Wanted<'_>,
    kind: Kind,
    (id, index): (String, u64),
    plan: JobPlan,
    effective: Option<Stamp>,
) -> JobRecord {
    let end = plan.end.clone().unwrap_or_else(|| "BATCH_STATE_SUCCEEDED".into());
    let has_output = plan.output.unwrap_or_else(|| end.ends_with("SUCCEEDED"));
    // Embeddings are made up whoever answers the rest.
    let (answers, pace) = match kind {
        Kind::Generate => (core.answerer.name(), core.answerer.pace()),
        Kind::Embed => ("rules", Pace::MadeUp),
    };
    let progress = match pace {
        _ if !has_output => Progress::default(),
        Pace::MadeUp => Progress::Made,
        Pace::Real { .. } => Progress::Real,
    };
    let created = effective.unwrap_or_else(|| core.now());
    let lag = core.clock.emulated(Duration::from_millis(plan.list_lag_ms));
    let (mut phases, mut polls_left) = phases(&plan, core.settings.pending, core.settings.running);
    if progress == Progress::Real && plan.phases.is_empty() {
        // The answers take the time that they take.
        phases = vec![("BATCH_STATE_RUNNING".into(), Duration::ZERO)];
        polls_left = vec![0];
    }
    JobRecord {
        id,
        kind,
        index,
        source: wanted.source,
        model: wanted.model.to_owned(),
        display_name: wanted.display_name,
        created,
        listed: created.plus(lag),
        phases,
        polls_left,
        tokens: 0,
        has_output,
        end,
        error: plan.error.clone(),
        output_delay: seconds(plan.late_output_s),
        ignores_cancel: plan.ignores_cancel,
        rows: 0,
        succeeded: 0,
        failed: 0,
        cancelled: None,
        deleted: None,
        progress,
        answers: answers.to_owned(),
        plan,
    }
}
