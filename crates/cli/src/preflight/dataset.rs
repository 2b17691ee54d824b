//! Whether a dataset can be sent: every row is read and edited as `run` would, and written nowhere.

use std::collections::BTreeMap;

use eval_report::sanitize;
use jsonl_transform::{RowSink, Rows, Summary, WriteError};
use scoring::Scorer;
use serde_json::json;

use super::Wanted;
use crate::args::{BadRows, CheckArgs};
use crate::checklist::Finding;
use crate::config::Config;
use crate::context::Context;
use crate::declared;
use crate::exit::{Exit, Failure, Outcome};
use crate::expected::{Fits, Fitting};
use crate::judge::Judging;
use crate::key::Key;
use crate::prepare::{self, Source};
use crate::run::settings;
use crate::sought::{Looking, Sought};
use crate::words;

/// So many bad rows are shown; `run` shows more.
const SHOWN: usize = 5;

/// What was found out about the dataset.
pub(super) struct Looked {
    pub(super) finding: Finding,
    /// What else is to be said of it.
    pub(super) more: Vec<Finding>,
    /// Bytes that would be uploaded, of all variants together.
    pub(super) bytes: u64,
    /// Rows with a logged answer, where all could be read.
    pub(super) with_response: Option<u64>,
}

/// Takes rows and keeps nothing.
struct Nowhere;

impl RowSink for Nowhere {
    fn rows(&mut self, _: &Rows<'_>) -> Result<(), WriteError> {
        Ok(())
    }

    fn wants_logged(&self) -> bool {
        false
    }

    fn finish(&mut self) -> Result<(), WriteError> {
        Ok(())
    }
}

/// The dataset that is meant: the words, or else the settings file's; the sample without either.
pub(super) fn source(args: &CheckArgs, config: &Config) -> Source {
    Source::of(words(args, config)).unwrap_or(Source::Sample)
}

fn words<'a>(args: &'a CheckArgs, config: &'a Config) -> &'a [String] {
    match (args.run.datasets.as_slice(), &config.dataset) {
        ([], Some(dataset)) => std::slice::from_ref(dataset),
        (words, _) => words,
    }
}

/// Looks through the dataset, also for what `holding` hold answers against and for rows that expected values fit.
pub(super) fn check(
    context: &Context,
    args: &CheckArgs,
    wanted: &Wanted,
    holding: &[Box<dyn Scorer>],
    mut fits: Option<Fits>,
) -> Looked {
    let mut sought =
        Sought::fields(&Judging::of(&wanted.config)).and_of(holding).and_labels(&context.desk);
    match look(context, args, wanted, (&mut sought, fits.as_mut())) {
        Ok((source, summary)) => {
            let mut looked = good(&source, &summary, wanted);
            let unfit = fits.and_then(|fits| fits.failure());
            looked.more.extend(unfit.map(|failure| Finding::of("dataset", &failure)));
            let names = super::specs(&wanted.config);
            let names = names.iter().map(String::as_str);
            if let Some((text, next)) = declared::lacking(context, &source, &source.label(), names)
            {
                looked.more.push(Finding::note("scorers", text).next(next));
            }
            let missing = sought.missing().map(|(_, failure)| Finding::of("dataset", &failure));
            looked.more.extend(missing);
            looked
        }
        Err(mut failure) => {
            let hidden = failure.causes.len().saturating_sub(SHOWN);
            failure.causes.truncate(SHOWN);
            if hidden > 0 {
                failure.causes.push(format!("and {hidden} more"));
            }
            let finding = Finding::of("dataset", &failure);
            Looked { finding, more: Vec::new(), bytes: 0, with_response: None }
        }
    }
}

fn look(
    context: &Context,
    args: &CheckArgs,
    wanted: &Wanted,
    (sought, fits): (&mut Sought<'_>, Option<&mut Fits>),
) -> Outcome<(Source, Summary)> {
    let source = Source::of(words(args, &wanted.config))?;
    source.check()?;
    let variants = settings::variants(&wanted.config)?;
    let edits = variants.iter().map(prepare::edits).collect::<Outcome<Vec<_>>>()?;
    let bad_rows = wanted.config.bad_rows.unwrap_or(BadRows::Fail);
    let mut transformer =
        prepare::transformer(context, &source, &args.run.rows, bad_rows)?.variants(edits);
    if let Some(secret) = wanted.key.as_ref().and_then(Key::forbidden) {
        transformer = transformer.forbid(secret);
    }
    let dataset = source.dataset(context, None);
    let mut looking = Looking { inner: &mut Nowhere, sought };
    let summary = transformer
        .run_dataset(&dataset, &mut Fitting { inner: &mut looking, fits })
        .map_err(|error| prepare::failed(context, &source.label(), &error))?;
    if summary.written == 0 {
        return Err(Failure::new(Exit::Dataset, format!("{}: 0 rows", sanitize(&source.label()))));
    }
    drop(dataset);
    Ok((source, summary))
}

fn good(source: &Source, summary: &Summary, wanted: &Wanted) -> Looked {
    let sent = summary.written - summary.copies;
    let jobs = jobs(summary, wanted);
    let mut text = format!(
        "{}: {} to send, {}, in {}; {} with a logged answer",
        source.label(),
        words::rows(sent),
        words::bytes(summary.bytes_input),
        words::jobs(jobs),
        words::rows(summary.with_response),
    );
    if !summary.models.is_empty() {
        text = format!("{text}; logged by {}", models(&summary.models));
    }
    let facts = json!({
        "rows": sent, "copies": summary.copies, "bytes": summary.bytes_input,
        "bad": summary.bad.count, "left_out": summary.left_out.total(),
        "with_response": summary.with_response, "models": summary.models, "jobs": jobs,
    });
    let mut warnings: Vec<Finding> =
        prepare::warnings(summary).into_iter().map(|text| Finding::note("dataset", text)).collect();
    if summary.bad.count > 0 {
        let first = summary.bad.first.first().map(ToString::to_string).unwrap_or_default();
        let text = format!("{} left out, the first: {first}", words::rows(summary.bad.count));
        warnings.push(Finding::note("dataset", text));
    }
    if summary.with_response == 0 {
        let text = "no row has a logged answer: there is no baseline to compare with";
        warnings.push(Finding::note("dataset", text));
    }
    let finding = Finding::good("dataset", text).facts(facts);
    let with_response = Some(summary.with_response);
    Looked { finding, more: warnings, bytes: summary.bytes_input, with_response }
}

/// How many jobs it would take, as far as sizes tell.
fn jobs(summary: &Summary, wanted: &Wanted) -> usize {
    let variants = wanted.config.variants.len().max(1) as u64;
    let limits = run_store::Limits {
        shard_rows: wanted.config.limits.rows_per_shard,
        shard_bytes: wanted.config.limits.bytes_per_shard,
        ..run_store::Limits::default()
    };
    let limits = prepare::shard_limits(&limits);
    let rows = (summary.written - summary.copies).div_ceil(limits.rows.max(1));
    let bytes = (summary.bytes_input / variants).div_ceil(limits.bytes.max(1));
    let jobs = rows.max(bytes).max(1) * variants * wanted.models.len() as u64;
    usize::try_from(jobs).unwrap_or(usize::MAX)
}

/// The models that answered what was logged, the most frequent first.
fn models(models: &BTreeMap<String, u64>) -> String {
    let mut models: Vec<_> = models.iter().collect();
    models.sort_by_key(|(_, rows)| std::cmp::Reverse(**rows));
    let named = models.iter().take(3).map(|(name, rows)| format!("{name} ({rows})"));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if models.len() > 3 {
        text = format!("{text} and {} more", models.len() - 3);
    }
    text
}
