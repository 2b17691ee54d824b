//! `batch-eval report`: the report of a run again, in any of its forms, from the folder alone.

use std::io::Write;
use std::path::Path;

use eval_report::{Report, sanitize, to_json, to_markdown};
use run_store::RunFolder;

use crate::args::{Format, ReportArgs};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::Judged;
use crate::rows::{RowsFormat, write_page, write_rows};
use crate::ui::Ui;
use crate::verdict::gates;
use crate::{judge, score, steps};

/// Shows the report of a run; makes it first where only the results are there.
pub(crate) fn report(context: &Context, args: &ReportArgs) -> Outcome<()> {
    let folder = context.find(args.run.run.as_deref())?;
    let scorers = score::scorers(context, &folder, &[], &args.expected)?;
    let judged = score::again(context, &folder, &scorers)?;
    if args.format == Format::Terminal && args.output.is_none() {
        return shown(context, &folder, &judged);
    }
    if args.format == Format::Html {
        rows(context, args.output.as_deref(), |out| page(context, &folder, &judged, out))?;
    } else if let Some(format) = of_rows(args.format) {
        let state = steps::state(&folder)?;
        let write =
            |out: &mut dyn Write| write_rows(context, &folder, &state, &judged.report, format, out);
        rows(context, args.output.as_deref(), write)?;
    } else {
        let text = rendered(args.format, &judged.report)?;
        match args.output.as_deref() {
            None | Some("-") => Ui::result(&text)?,
            Some(path) => write(context, path, &text)?,
        }
    }
    gates(&judged.report)
}

/// The report for people, or as an object for programs, and what its gates decide.
pub(crate) fn shown(context: &Context, folder: &RunFolder, judged: &Judged) -> Outcome<()> {
    let ended = gates(&judged.report);
    judge::show(context, folder, judged, ended.as_ref().err())?;
    ended.map_err(|failure| if context.ui.json { failure.already_said() } else { failure })
}

fn rendered(format: Format, report: &Report) -> Outcome<String> {
    match format {
        Format::Terminal => Ok(Ui::plain_table(report)),
        Format::Json => to_json(report).map_err(|error| Failure::of(Exit::Bug, &error)),
        // Those with rows are written row by row.
        _ => Ok(to_markdown(report)),
    }
}

/// The forms that show row after row.
fn of_rows(format: Format) -> Option<RowsFormat> {
    match format {
        Format::Csv => Some(RowsFormat::Csv),
        Format::Jsonl => Some(RowsFormat::Jsonl),
        Format::Junit => Some(RowsFormat::Junit),
        Format::Terminal | Format::Json | Format::Md | Format::Html => None,
    }
}

/// The page that was just kept, or else another like it.
fn page(
    context: &Context,
    folder: &RunFolder,
    judged: &Judged,
    mut out: &mut dyn Write,
) -> Outcome<()> {
    let page = match &judged.page {
        Ok(page) => page,
        Err(picks) => {
            let state = steps::state(folder)?;
            return write_page(context, folder, &state, &judged.report, picks, out);
        }
    };
    let kept = folder.paths().open_file(page).map_err(|error| store(&error))?;
    let copied = std::io::copy(&mut context.stop.reader(kept), &mut out);
    let failed = |error| Failure::io("failed to copy the page", &error);
    copied.map(drop).map_err(|error| context.stop.failure().unwrap_or_else(|| failed(error)))
}

/// Writes rows to a file or to where results go.
fn rows(
    context: &Context,
    output: Option<&str>,
    write: impl FnOnce(&mut dyn Write) -> Outcome<()>,
) -> Outcome<()> {
    let Some(path) = output.filter(|path| *path != "-") else {
        return write(&mut std::io::stdout().lock());
    };
    let shown = sanitize(path);
    let failed = |error: &std::io::Error| Failure::io(format!("failed to write {shown}"), error);
    let mut file = std::fs::File::create(path).map_err(|error| failed(&error))?;
    write(&mut file)?;
    context.ui.note(&format!("report     written to {shown}"));
    Ok(())
}

fn write(context: &Context, path: &str, text: &str) -> Outcome<()> {
    let shown = sanitize(path);
    let failed = |error: &std::io::Error| Failure::io(format!("failed to write {shown}"), error);
    let mut file = std::fs::File::create(Path::new(path)).map_err(|error| failed(&error))?;
    file.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    context.ui.note(&format!("report     written to {shown}"));
    Ok(())
}
