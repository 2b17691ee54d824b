//! `batch-eval init`: a settings file with comments, made of a look at the dataset.

mod look;
mod suggest;
mod text;

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use eval_report::sanitize;
use jsonl_transform::InputError;
use serde_json::json;

use crate::args::InitArgs;
use crate::catalog::Catalog;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::prepare::Source;
use crate::run;
use crate::ui::Ui;
use crate::words::rows;
use look::Look;

pub(crate) fn init(context: &Context, args: &InitArgs) -> Outcome<()> {
    let to_stdout = args.output == Path::new("-");
    if !to_stdout && !args.force && args.output.symlink_metadata().is_ok() {
        let shown = args.output.display().to_string();
        return Err(Failure::usage(format!("{} is there already", sanitize(&shown)))
            .next("--force writes over it; -o FILE writes another; -o - shows it"));
    }
    run::typed_models(&args.models)?;
    let look = args.dataset.as_deref().map(|name| look_at(context, name)).transpose()?;
    let page = text::Page {
        dataset: dataset_word(args),
        models: &args.models,
        look: look.as_ref(),
        scorers: suggest::scorers(look.as_ref(), &context.registry),
        catalog: &Catalog::bundled()?,
    };
    let text = page.render();
    // A file that the program itself would refuse must never be written.
    crate::config::Config::parse(&text).map_err(|error| Failure::of(Exit::Bug, &error))?;
    if to_stdout {
        return Ui::result(&text);
    }
    write(&args.output, &text, args.force)?;
    say(context, args, look.as_ref(), &page)
}

fn look_at(context: &Context, name: &str) -> Outcome<Look> {
    let source = Source::of(&[name.to_owned()])?;
    source.check()?;
    let shown = sanitize(name);
    let look = Look::at(&source.dataset(context, None)).map_err(|error| {
        // What the reader itself says is of the data, what the system says is of the disk.
        let failed = || match error.get_ref() {
            Some(inner) => {
                let failure = Failure::new(Exit::Dataset, format!("{shown}: {error}"));
                match inner.downcast_ref() {
                    Some(InputError::Unsupported(kind)) => failure.next(kind.hint()),
                    _ => failure,
                }
            }
            None => Failure::io(format!("failed to read {shown}"), &error),
        };
        context.stop.failure().unwrap_or_else(failed)
    })?;
    if look.rows == 0 {
        let what = match look.unreadable {
            0 => format!("{shown}: 0 rows"),
            n => format!("{shown}: {}, and none with a `request`", rows(n)),
        };
        return Err(Failure::new(Exit::Dataset, what)
            .next("one JSON object a line is expected, {\"request\": …, \"response\": …}"));
    }
    Ok(look)
}

/// The dataset as the file names it: paths there are counted from the file's own folder.
fn dataset_word(args: &InitArgs) -> Option<String> {
    // What can be read but once is not there for the run.
    let again =
        |name: &&str| *name != "-" && std::fs::metadata(name).is_ok_and(|about| about.is_file());
    let name = args.dataset.as_deref().filter(again)?;
    let folder = args.output.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder else { return Some(name.to_owned()) };
    if let Ok(within) = Path::new(name).strip_prefix(folder) {
        return Some(within.display().to_string());
    }
    let whole = std::fs::canonicalize(name);
    Some(whole.map_or_else(|_| name.to_owned(), |path| path.display().to_string()))
}

fn write(path: &Path, text: &str, over: bool) -> Outcome<()> {
    let failed = |error: io::Error| {
        let shown = path.display().to_string();
        Failure::io(format!("failed to write {}", sanitize(&shown)), &error)
    };
    let mut options = File::options();
    if over {
        options.write(true).create(true).truncate(true);
    } else {
        options.write(true).create_new(true);
    }
    let mut file = options.open(path).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)
}

fn say(
    context: &Context,
    args: &InitArgs,
    look: Option<&Look>,
    page: &text::Page<'_>,
) -> Outcome<()> {
    let next = if args.output.as_os_str() == crate::config::NAME {
        "batch-eval check".to_owned()
    } else {
        format!("batch-eval check --config {}", args.output.display())
    };
    if context.ui.json {
        return Ui::object(&json!({
            "type": "init", "file": args.output, "dataset": page.dataset,
            "rows": look.map(|look| look.rows), "whole": look.map(|look| look.whole),
            "scorers": page.active_scorers(), "next": next,
        }));
    }
    let shown = args.output.display().to_string();
    let seen = look.map(|look| format!(", from a look at {}", look.extent())).unwrap_or_default();
    context.ui.note(&format!("wrote {}{seen}", sanitize(&shown)));
    context.ui.note(&format!("next: {}", sanitize(&next)));
    Ok(())
}
