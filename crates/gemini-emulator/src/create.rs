//! Create a batch: check the body and every row, keep the rows, record the job.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::answer::Pace;
use crate::batches::operation;
use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::payload::Halt;
use crate::record::{JobRecord, Kind, Progress, Source, phases, seconds};
use crate::reply::{Failure, Reply};
use crate::script::JobPlan;
use crate::shared::Core;
use crate::{limits, rows, validate, work};

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
    /// The rows of the body, which keep their bytes.
    inlined: Vec<&'a RawValue>,
}

fn create_now(
    core: &Arc<Core>,
    model: &str,
    kind: Kind,
    body: &Bytes,
    effective: Option<Stamp>,
) -> Result<Value, Failure> {
    let mut wanted = read(model, kind, body)?;
    core.check_model(model)?;
    let tokens = limits::tokens(input_bytes(core, &wanted.source, body));
    limits::check_job(core, model, tokens)?;
    let (file, rows) = check_input(core, &wanted, kind)?;
    let inlined = std::mem::take(&mut wanted.inlined);
    let _turn = core.creating.lock().unwrap_or_else(PoisonError::into_inner);
    // Others may have come first while the rows were checked.
    limits::check_job(core, model, tokens)?;
    let (id, index) = {
        let tables = core.store.tables();
        let id = core.fresh_id("batch", 36, |id| tables.jobs.contains(id));
        (id, tables.jobs.next_index())
    };
    let display_name = wanted.display_name.as_deref().unwrap_or_default();
    let plan = core.faults.for_job(bare(model), display_name, index);
    let mut record = record(core, wanted, kind, (id, index), plan, effective);
    record.rows = rows;
    record.tokens = tokens;
    let open = record.is_open();
    if open {
        keep(file.as_deref(), &inlined, &core.store.input(&record.id))?;
    }
    let now = core.now().max(record.created);
    let mut tables = core.store.tables();
    core.store.put_job(&mut tables, record.clone())?;
    tracing::debug!(job = %record.id, model = ?record.model, rows = record.rows, "job created");
    if open {
        // While nobody can look: who sees the job can wait for its answers.
        work::begin(core, record.clone());
    }
    drop(tables);
    Ok(operation(core, &record, now))
}

fn bare(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, bare)| bare)
}

/// A create's body.
#[derive(Debug, Deserialize)]
struct Body<'a> {
    #[serde(borrow)]
    batch: Option<Batch<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Batch<'a> {
    #[serde(alias = "displayName")]
    display_name: Option<String>,
    #[serde(alias = "inputConfig", borrow)]
    input_config: Option<InputConfig<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InputConfig<'a> {
    #[serde(alias = "fileName")]
    file_name: Option<String>,
    #[serde(borrow)]
    requests: Option<InlinedRows<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct InlinedRows<'a> {
    #[serde(borrow)]
    requests: Option<Vec<&'a RawValue>>,
}

fn read<'a>(model: &'a str, kind: Kind, body: &'a [u8]) -> Result<Wanted<'a>, Failure> {
    let shape = match kind {
        Kind::Generate => "CreateBatch",
        Kind::Embed => "CreateEmbedBatch",
    };
    validate::check_body(shape, body)?;
    let body: Body<'a> =
        serde_json::from_slice(body).map_err(|error| validate::not_json(&error))?;
    let Batch { display_name, input_config } = body.batch.unwrap_or_default();
    limits::check_display_name(display_name.as_deref())?;
    let InputConfig { file_name, requests } = input_config.unwrap_or_default();
    let inlined = requests.and_then(|rows| rows.requests).unwrap_or_default();
    let source = match (file_name, inlined.is_empty()) {
        (Some(name), true) => Source::File(name.strip_prefix("files/").unwrap_or(&name).to_owned()),
        (None, false) => Source::Inlined,
        _ => {
            return Err(Failure::invalid(
                "* BatchGenerateContentRequest.batch.input_config: exactly one of file_name and \
                 requests must be given.\n",
            ));
        }
    };
    Ok(Wanted { model, display_name, source, inlined })
}

/// Checks every row and counts them; gives the file they are in, if they are in one.
fn check_input(
    core: &Core,
    wanted: &Wanted<'_>,
    kind: Kind,
) -> Result<(Option<PathBuf>, u64), Failure> {
    let Source::File(id) = &wanted.source else {
        rows::check_inlined(&wanted.inlined)?;
        return Ok((None, wanted.inlined.len() as u64));
    };
    let path = find_input(core, id)?;
    let input = BufReader::with_capacity(1 << 20, File::open(&path)?);
    let rows = rows::check(kind, input, core.limits().line_bytes)?;
    Ok((Some(path), rows))
}

/// Keeps the rows until they are answered, even if the file they came in is deleted.
fn keep(file: Option<&Path>, inlined: &[&RawValue], path: &Path) -> io::Result<()> {
    let Some(file) = file else {
        let mut out = BufWriter::with_capacity(1 << 16, File::create(path)?);
        rows::write_inlined(inlined, &mut out)?;
        return out.flush();
    };
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
