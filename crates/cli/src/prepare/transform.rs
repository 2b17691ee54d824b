//! `batch-eval transform`: the input file of a dataset, and nothing else.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use jsonl_transform::{Streams, Summary};
use run_store::AtomicFile;

use super::{Source, failed, transformer, warnings};
use crate::args::TransformArgs;
use crate::context::{Context, store};
use crate::exit::{Failure, Outcome};
use crate::ui::Ui;
use crate::words::rows;

/// Whether two paths lead to one file.
fn same_file(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |path: &Path| std::fs::metadata(path).ok().map(|about| (about.dev(), about.ino()));
    id(one).is_some_and(|one| Some(one) == id(other))
}

pub(crate) fn transform(context: &Context, args: &TransformArgs) -> Outcome<()> {
    let source = Source::of(&args.datasets)?;
    source.check()?;
    let out = Path::new(&args.output);
    if let Source::Files(paths) = &source
        && paths.iter().any(|path| same_file(Path::new(path), out))
    {
        return Err(Failure::usage("the output is the dataset itself, which would be lost")
            .next("another file for -o"));
    }
    let transformer = transformer(context, &source, &args.rows, args.bad_rows)?;
    let dataset = source.dataset(context, None);
    let written = |error: io::Error| {
        Failure::io(format!("failed to write {}", eval_report::sanitize(&args.output)), &error)
    };
    let through = |out: &mut (dyn Write + Send)| {
        let mut streams = Streams::input_only(out);
        transformer
            .run_dataset(&dataset, &mut streams)
            .map_err(|error| failed(context, &source.label(), &error))
    };
    let summary = if args.output == "-" {
        let mut out = io::stdout();
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
        return Ui::object(&as_json(&summary));
    }
    tell(context, &summary);
    Ok(())
}

fn as_json(summary: &Summary) -> serde_json::Value {
    let left = &summary.left_out;
    serde_json::json!({
        "type": "transformed", "rows_in": summary.rows_in, "written": summary.written - summary.copies,
        "bad": summary.bad.count, "blank": summary.blank, "bytes": summary.bytes_input,
        "copies": summary.copies,
        "left_out": {
            "range": left.range, "predicate": left.predicate, "head": left.head,
            "sample": left.sample,
        },
        "warnings": warnings(summary),
    })
}

fn tell(context: &Context, summary: &Summary) {
    let (written, all) = (summary.written - summary.copies, rows(summary.rows_in));
    context.ui.note(&format!("wrote {written} of {all}, {} bytes", summary.bytes_input));
    if summary.left_out.total() > 0 {
        context.ui.note(&format!("not chosen: {}", rows(summary.left_out.total())));
    }
    if summary.copies > 0 {
        context.ui.note(&format!("equal to an earlier one: {}", rows(summary.copies)));
    }
    for bad in &summary.bad.first {
        context.ui.note(&format!("left out: {bad}"));
    }
    let unlisted = summary.bad.count - summary.bad.first.len() as u64;
    if unlisted > 0 {
        context.ui.note(&format!("left out: {} more", rows(unlisted)));
    }
    for warning in warnings(summary) {
        context.ui.note(&format!("note: {}", eval_report::sanitize(&warning)));
    }
}
