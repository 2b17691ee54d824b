//! From a dataset to the input files of a new run.

use std::fs::File;
use std::io::{self, Cursor, IsTerminal as _, Read, Write};
use std::path::Path;

use batch_orchestrator::InputId;
use jsonl_transform::{BadRowPolicy, Streams, Summary, TransformError, Transformer};
use run_store::{AtomicFile, Dataset, Draft, Made, MadeInput, RunFolder, Transformed};

use crate::args::BadRows;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::Hashing;
use crate::sample;
use crate::ui::Ui;
use crate::words::rows;

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
            Self::Stdin => "standard input",
            Self::File(path) => path,
        }
    }

    /// Finds out what can be found out before anything is made.
    pub(crate) fn check(&self) -> Outcome<()> {
        match self {
            Self::File(path) => open_file(path).map(|_| ()),
            Self::Stdin if io::stdin().is_terminal() => {
                Err(Failure::usage("standard input is a terminal; a dataset is expected there")
                    .next("name a file, or pipe the dataset in"))
            }
            Self::Sample | Self::Stdin => Ok(()),
        }
    }

    /// Opens it; long waits end when a signal comes.
    pub(crate) fn open(&self, context: &Context) -> Outcome<Box<dyn Read>> {
        self.check()?;
        Ok(match self {
            Self::Sample => Box::new(Cursor::new(sample::BYTES)),
            Self::Stdin => Box::new(context.stop.stdin()),
            Self::File(path) => Box::new(context.stop.reader(open_file(path)?)),
        })
    }

    /// Length and digest, for telling whether two calls mean the same data. Standard input can be
    /// read but once, so it has neither beforehand.
    pub(crate) fn identity(&self, context: &Context) -> Outcome<Dataset> {
        let label = self.label().to_owned();
        if *self == Self::Stdin {
            return Ok(Dataset { label, bytes: None, sha256: None });
        }
        let mut hashing = Hashing::new(self.open(context)?);
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
    let mut reader = Hashing::new(source.open(context)?);
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

/// Whether two paths lead to one file.
fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path: &Path| std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    id(one).is_some_and(|one| Some(one) == id(other))
}

/// `batch-eval transform`: the input file of a dataset, and nothing else.
pub(crate) fn transform(context: &Context, args: &crate::args::TransformArgs) -> Outcome<()> {
    let source = match args.dataset.as_str() {
        "-" => Source::Stdin,
        path => Source::File(path.to_owned()),
    };
    let transformer = transformer(args.bad_rows);
    let reader = source.open(context)?;
    let fail = |error: &TransformError| failed(context, source.label(), error);
    let out = Path::new(&args.output);
    if let Source::File(path) = &source
        && same_file(Path::new(path), out)
    {
        return Err(Failure::usage("the output is the dataset itself, which would be lost")
            .next("another file for -o"));
    }
    let written = |error: io::Error| {
        Failure::io(format!("failed to write {}", eval_report::sanitize(&args.output)), &error)
    };
    let through = |out: &mut dyn Write| {
        let mut streams = Streams::new(out, io::sink(), io::sink());
        transformer.run(reader, &mut streams).map_err(|error| fail(&error))
    };
    let summary = if args.output == "-" {
        let mut out = io::stdout().lock();
        let summary = through(&mut out)?;
        out.flush().map_err(written)?;
        summary
    } else if out.exists() && !out.is_file() {
        // A device or a pipe is written to, not replaced.
        let mut out = File::options().write(true).open(out).map_err(written)?;
        let summary = through(&mut out)?;
        out.flush().map_err(written)?;
        summary
    } else {
        let mut out = AtomicFile::create(out).map_err(|e| store(&e))?;
        let summary = through(&mut out)?;
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
    let (written, all, bytes) = (summary.written, rows(summary.rows_in), summary.bytes_input);
    context.ui.note(&format!("wrote {written} of {all}, {bytes} bytes"));
    for bad in &summary.bad.first {
        context.ui.note(&format!("left out: {bad}"));
    }
    let unlisted = summary.bad.count - summary.bad.first.len() as u64;
    if unlisted > 0 {
        context.ui.note(&format!("left out: {} more", rows(unlisted)));
    }
    for warning in warnings(&summary) {
        context.ui.note(&format!("note: {}", eval_report::sanitize(&warning)));
    }
    Ok(())
}
