//! From a dataset to the input files of a new run.

mod nothing;
mod selection;
mod source;
mod transform;

use std::collections::BTreeMap;
use std::io;

use batch_orchestrator::InputId;
use jsonl_transform::{
    InputError, ShardFiles, ShardLimits, Shards, Summary, TransformError, Transformer,
};
use run_store::{
    AtomicFile, Dataset, Draft, Made, MadeInput, Print, Printed, RunFolder, Transformed,
};

use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::sought::{Looking, Sought};
use crate::words::rows;

pub(crate) use selection::{check, edits, transformer};
pub(crate) use source::{Source, Tallied, open_file};
pub(crate) use transform::transform;

/// The files of a run's inputs, each written whole or not at all.
struct InputFiles<'a> {
    draft: &'a Draft,
    /// Taken as they are written: what is uploaded later has to be this.
    prints: &'a mut BTreeMap<InputId, Print>,
}

/// The input that a shard of a variant is.
fn input_id(shard: usize, variant: usize) -> InputId {
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    InputId { shard: number(shard).saturating_add(1), variant: number(variant) }
}

impl ShardFiles for InputFiles<'_> {
    type File = Printed<AtomicFile>;

    fn open(&mut self, shard: usize, variant: usize) -> io::Result<Self::File> {
        let paths = self.draft.paths();
        let path = paths.input(input_id(shard, variant));
        paths.create_file(&path).map(Printed::new).map_err(io::Error::other)
    }

    fn close(&mut self, shard: usize, variant: usize, file: Self::File) -> io::Result<()> {
        let (file, print) = file.finish();
        let id = input_id(shard, variant);
        self.prints.insert(id, print);
        file.commit().and_then(|()| self.draft.wrote(id)).map_err(io::Error::other)
    }
}

/// What is made of a dataset.
#[derive(Debug)]
pub(crate) struct Recipe<'a> {
    pub(crate) source: &'a Source,
    pub(crate) transformer: Transformer,
    pub(crate) variants: usize,
    pub(crate) limits: &'a run_store::Limits,
    pub(crate) dedupe: bool,
}

/// What was made of a dataset.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) dataset: Dataset,
    pub(crate) made: Made,
    /// Rows that hold a logged answer.
    pub(crate) with_response: u64,
}

/// Writes the inputs, what was taken out of them, and the indexes, in one pass over the dataset, on which what is sought
/// is looked for.
pub(crate) fn prepare(
    context: &Context,
    draft: &Draft,
    recipe: &Recipe<'_>,
    sought: &mut Sought<'_>,
) -> Outcome<Prepared> {
    let paths = draft.paths();
    let create = |path: &std::path::Path| paths.create_file(path).map_err(|error| store(&error));
    let variants = (0u32..).take(recipe.variants);
    let mut indexes: Vec<AtomicFile> =
        variants.map(|variant| create(&paths.index_of(variant))).collect::<Outcome<_>>()?;
    let mut logged = Printed::new(create(&paths.logged())?);
    let mut copies = if recipe.dedupe { Some(create(&paths.copies())?) } else { None };
    let mut prints = BTreeMap::new();
    let files = InputFiles { draft, prints: &mut prints };
    let mut shards =
        Shards::new(shard_limits(recipe.limits), files, indexes.iter_mut(), &mut logged);
    if let Some(copies) = &mut copies {
        shards = shards.copies(copies);
    }
    let tally = Tallied::default();
    let dataset = recipe.source.dataset(context, Some(&tally));
    let label = recipe.source.label();
    let summary = recipe
        .transformer
        .run_dataset(&dataset, &mut Looking { inner: &mut shards, sought })
        .map_err(|error| failed(context, &label, &error))?;
    let inputs = (0..).zip(shards.shards()).flat_map(|(number, shard)| {
        let one = move |(variant, bytes): (usize, &u64)| {
            MadeInput::new(input_id(number, variant), shard.rows, *bytes)
        };
        (0..).zip(&shard.bytes).map(one)
    });
    let mut inputs: Vec<MadeInput> = inputs.collect();
    drop(shards);
    for input in &mut inputs {
        input.print = prints.get(&input.id).copied();
    }
    let (logged, print) = logged.finish();
    for file in indexes.into_iter().chain([logged]).chain(copies) {
        AtomicFile::commit(file).map_err(|error| store(&error))?;
    }
    let transformed = transformed(&summary);
    let logged = Some(print);
    let made = Made { rows: summary.written, inputs, logged, transformed, forecast: None };
    Ok(Prepared { dataset: tally.of(label), made, with_response: summary.with_response })
}

/// How much goes into one input.
pub(crate) fn shard_limits(limits: &run_store::Limits) -> ShardLimits {
    let default = ShardLimits::default();
    ShardLimits {
        rows: limits.shard_rows.unwrap_or(default.rows),
        bytes: limits.shard_bytes.unwrap_or(default.bytes),
    }
}

fn transformed(summary: &Summary) -> Transformed {
    Transformed {
        skipped: summary.left_out.total(),
        bad: summary.bad.count,
        copies: summary.copies,
        warnings: warnings(summary),
    }
}

/// What the user should know about good rows, a sentence each.
pub(crate) fn warnings(summary: &Summary) -> Vec<String> {
    let bom = summary.had_bom.then(|| "a byte order mark at the start was left out".to_owned());
    let others = summary.warnings().map(|warning| {
        let rows = if warning.count == 1 { "row" } else { "rows" };
        format!("{} ({} {rows}, first on line {})", warning.kind, warning.count, warning.first_line)
    });
    bom.into_iter().chain(others).collect()
}

/// A transform that failed: which rows, why, and what to do.
pub(crate) fn failed(context: &Context, label: &str, error: &TransformError) -> Failure {
    if let Some(failure) = context.stop.failure() {
        return failure;
    }
    let shown = eval_report::sanitize(label);
    let mut failure = match error {
        TransformError::Read { source, .. } if let Some(input) = of_input(source) => {
            Failure::new(Exit::Dataset, format!("{shown}: {error}: {source}")).next(mend(input))
        }
        TransformError::Read { source, .. } => Failure::io(format!("{shown}: {error}"), source),
        // A row that is longer than the job's input may be: nothing is wrong with the disk.
        TransformError::Write(write)
            if write.source.kind() == io::ErrorKind::FileTooLarge
                && write.source.raw_os_error().is_none() =>
        {
            Failure::new(Exit::Dataset, format!("{shown}: {}", write.source))
                .next("more --bytes-per-shard, or leave the row out")
        }
        TransformError::Write(write) => Failure::io(format!("{shown}: {error}"), &write.source),
        TransformError::NoRows { summary } => nothing::left(&shown, summary).unwrap_or_else(|| {
            Failure::new(Exit::Dataset, format!("{shown}: {error}")).next("mend the rows")
        }),
        _ => Failure::new(Exit::Dataset, format!("{shown}: {error}")),
    };
    if let Some(summary) = error.summary() {
        failure.causes.extend(summary.bad.first.iter().map(ToString::to_string));
        let listed = summary.bad.first.len() as u64;
        if summary.bad.count > listed {
            failure.causes.push(format!("and {} more bad rows", summary.bad.count - listed));
        }
    }
    let failure = failure.safe("nothing was sent");
    match error.hint() {
        Some(hint) => failure.next(hint),
        None => failure,
    }
}

/// What is wrong with the dataset itself, where nothing is wrong with the disk.
fn of_input(error: &io::Error) -> Option<&InputError> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

fn mend(input: &InputError) -> &'static str {
    match input {
        InputError::Changed => "wait until nobody writes to the file, or give a copy of it",
        InputError::Truncated(_) | InputError::Damaged(..) => {
            "copy or download the file again: this one is not whole"
        }
        _ => "give JSON lines in UTF-8, plain or packed by gzip or zstd",
    }
}

/// Says what was made of the dataset.
pub(crate) fn tell(context: &Context, folder: &RunFolder) {
    let (made, label) = (&folder.manifest().made, &folder.manifest().asked.dataset.label);
    let bytes: u64 = made.inputs.iter().map(|input| input.bytes).sum();
    let (label, count) = (eval_report::sanitize(label), rows(made.rows));
    context.ui.note(&format!("prepared   {count} of {label}, {bytes} bytes to send"));
    if made.transformed.bad > 0 {
        context.ui.note(&format!("left out   {} that cannot be sent", rows(made.transformed.bad)));
    }
    for warning in &made.transformed.warnings {
        context.ui.note(&format!("note       {}", eval_report::sanitize(warning)));
    }
}
