//! From a dataset to the input files of a new run.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal as _, Read, Write as _};
use std::path::Path;

use batch_orchestrator::InputId;
use jsonl_transform::{BadRowPolicy, Streams, Summary, TransformError, Transformer};
use run_store::{AtomicFile, Dataset, Draft, Made, MadeInput, Transformed};

use crate::args::BadRows;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::Hashing;
use crate::sample;
use crate::ui::Ui;

/// Where rows come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    Sample,
    Stdin,
    File(String),
}

/// The one input of a run without shards and variants.
pub(crate) const INPUT: InputId = InputId { shard: 1, variant: 0 };

impl Source {
    pub(crate) fn of(text: Option<&str>) -> Self {
        match text {
            None => Self::Sample,
            Some("-") => Self::Stdin,
            Some(path) => Self::File(path.to_owned()),
        }
    }

    pub(crate) fn label(&self) -> &str {
        match self {
            Self::Sample => sample::LABEL,
            Self::Stdin => "-",
            Self::File(path) => path,
        }
    }

    pub(crate) fn open(&self) -> Outcome<Box<dyn Read>> {
        match self {
            Self::Sample => Ok(Box::new(Cursor::new(sample::BYTES))),
            Self::Stdin if io::stdin().is_terminal() => {
                Err(Failure::usage("standard input is a terminal; a dataset is expected there")
                    .next("name a file, or pipe the dataset in"))
            }
            Self::Stdin => Ok(Box::new(io::stdin().lock())),
            Self::File(path) => open_file(path).map(|file| Box::new(file) as Box<dyn Read>),
        }
    }

    /// Length and digest, for telling whether two calls mean the same data. Standard input can be
    /// read but once, so it has neither beforehand.
    pub(crate) fn identity(&self, context: &Context) -> Outcome<Dataset> {
        let label = self.label().to_owned();
        if *self == Self::Stdin {
            return Ok(Dataset { label, bytes: None, sha256: None });
        }
        let mut hashing = Hashing::new(context.stop.reader(self.open()?));
        io::copy(&mut hashing, &mut io::sink())
            .map_err(|error| reading_failed(context, &label, &error))?;
        Ok(dataset(label, hashing))
    }
}

/// Opens a file that is to be read as rows.
pub(crate) fn open_file(path: &str) -> Outcome<File> {
    let shown = eval_report::sanitize(path).into_owned();
    let fail = |error: io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            Failure::usage(format!("{shown}: no such file"))
        } else {
            Failure::io(format!("failed to open {shown}"), &error)
        }
    };
    if Path::new(path).is_dir() {
        return Err(Failure::usage(format!("{shown} is a directory; a JSONL file is expected")));
    }
    File::open(path).map_err(fail)
}

fn reading_failed(context: &Context, label: &str, error: &io::Error) -> Failure {
    let shown = eval_report::sanitize(label).into_owned();
    let failed = || Failure::io(format!("failed to read {shown}"), error);
    context.stop.failure().unwrap_or_else(failed)
}

/// Writes the input, what was taken out of it, and the index, in one pass over the dataset.
pub(crate) fn prepare(
    context: &Context,
    draft: &Draft,
    source: &Source,
    transformer: &Transformer,
) -> Outcome<(Dataset, Made)> {
    let paths = draft.paths();
    let create = |path| paths.create_file(path).map_err(|error| store(&error));
    let (input_path, logged_path, index_path) = (paths.input(INPUT), paths.logged(), paths.index());
    let (mut input, mut logged, mut index) =
        (create(&input_path)?, create(&logged_path)?, create(&index_path)?);
    let mut reader = Hashing::new(context.stop.reader(source.open()?));
    let mut streams = Streams::new(&mut input, &mut logged, &mut index);
    let summary = transformer
        .run(&mut reader, &mut streams)
        .map_err(|error| failed(context, source.label(), &error))?;
    drop(streams);
    // What follows the last row of a transform is nothing, so the digest is of the whole dataset.
    let dataset = dataset(source.label().to_owned(), reader);
    for file in [input, logged, index] {
        AtomicFile::commit(file).map_err(|error| store(&error))?;
    }
    let made = Made {
        rows: summary.written,
        inputs: vec![MadeInput { id: INPUT, rows: summary.written, bytes: summary.bytes_input }],
        transformed: transformed(&summary),
    };
    Ok((dataset, made))
}

fn dataset<R>(label: String, read: Hashing<R>) -> Dataset {
    let (bytes, sha256) = read.finish();
    Dataset { label, bytes: Some(bytes), sha256: Some(sha256) }
}

/// The transformer as the flags want it.
pub(crate) fn transformer(bad_rows: BadRows) -> Transformer {
    Transformer::new().bad_rows(match bad_rows {
        BadRows::Fail => BadRowPolicy::Fail,
        BadRows::Skip => BadRowPolicy::Skip,
    })
}

fn transformed(summary: &Summary) -> Transformed {
    Transformed { skipped: 0, bad: summary.bad.count, warnings: warnings(summary) }
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
        TransformError::Read { source, .. } => Failure::io(format!("{shown}: {error}"), source),
        TransformError::Write(write) => Failure::io(format!("{shown}: {error}"), &write.source),
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

/// Says what was made of the dataset.
pub(crate) fn tell(context: &Context, label: &str, made: &Made) {
    let bytes: u64 = made.inputs.iter().map(|input| input.bytes).sum();
    let label = eval_report::sanitize(label);
    context.ui.note(&format!("prepared   {} rows of {label}, {bytes} bytes to send", made.rows));
    if made.transformed.bad > 0 {
        context.ui.note(&format!("left out   {} bad rows", made.transformed.bad));
    }
    for warning in &made.transformed.warnings {
        context.ui.note(&format!("note       {}", eval_report::sanitize(warning)));
    }
}

/// `batch-eval transform`: the input file of a dataset, and nothing else.
pub(crate) fn transform(context: &Context, args: &crate::args::TransformArgs) -> Outcome<()> {
    let source = match args.dataset.as_str() {
        "-" => Source::Stdin,
        path => Source::File(path.to_owned()),
    };
    let transformer = transformer(args.bad_rows);
    let reader = context.stop.reader(source.open()?);
    let fail = |error: &TransformError| failed(context, source.label(), error);
    let summary = if args.output == "-" {
        let mut out = io::stdout().lock();
        let mut streams = Streams::new(&mut out, io::sink(), io::sink());
        let summary = transformer.run(reader, &mut streams).map_err(|error| fail(&error))?;
        drop(streams);
        out.flush().map_err(|error| Failure::io("failed to write to standard output", &error))?;
        summary
    } else {
        let mut out = AtomicFile::create(Path::new(&args.output)).map_err(|e| store(&e))?;
        let mut streams = Streams::new(&mut out, io::sink(), io::sink());
        let summary = transformer.run(reader, &mut streams).map_err(|error| fail(&error))?;
        drop(streams);
        out.commit().map_err(|error| store(&error))?;
        summary
    };
    if context.ui.json && args.output != "-" {
        return Ui::object(&serde_json::json!({
            "type": "transformed", "rows_in": summary.rows_in, "written": summary.written,
            "bad": summary.bad.count, "blank": summary.blank, "bytes": summary.bytes_input,
            "warnings": warnings(&summary),
        }));
    }
    context.ui.note(&format!(
        "wrote {} of {} rows, {} bytes",
        summary.written, summary.rows_in, summary.bytes_input
    ));
    for warning in warnings(&summary) {
        context.ui.note(&format!("note: {}", eval_report::sanitize(&warning)));
    }
    Ok(())
}
