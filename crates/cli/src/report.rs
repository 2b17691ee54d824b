//! `batch-eval report`: the report of a run again, in any of its forms, from the folder alone.

use std::fs::File;
use std::io::{IsTerminal as _, Write};
use std::path::Path;

use eval_report::{Report, sanitize, to_json, to_markdown};
use run_store::RunFolder;
use scoring::Scorer;

use crate::args::{Format, ReportArgs};
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::Judged;
use crate::rows::{Harmless, RowsFormat, write_page, write_rows};
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
        rows(context, args.output.as_deref(), |out| {
            page(context, &folder, &scorers, &judged, out)
        })?;
    } else if let Some(format) = of_rows(args.format) {
        let state = steps::state(&folder)?;
        let told = (&judged.report, &scorers[..]);
        let write = |out: &mut dyn Write| write_rows(context, &folder, &state, told, format, out);
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
    scorers: &[Box<dyn Scorer>],
    judged: &Judged,
    mut out: &mut dyn Write,
) -> Outcome<()> {
    let page = match &judged.page {
        Ok(page) => page,
        Err(picks) => {
            let state = steps::state(folder)?;
            let told = (&judged.report, scorers);
            return write_page(context, folder, &state, told, picks, out);
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
        let out = std::io::stdout().lock();
        return to_stdout(out.is_terminal(), out, write);
    };
    let shown = sanitize(path);
    write(&mut created(path)?)?;
    context.ui.note(&format!("report     written to {shown}"));
    Ok(())
}

/// Writes rows to where results go: byte for byte, but to a terminal so that nothing in them steers it.
fn to_stdout(
    is_terminal: bool,
    mut out: impl Write,
    write: impl FnOnce(&mut dyn Write) -> Outcome<()>,
) -> Outcome<()> {
    if !is_terminal {
        return write(&mut out);
    }
    let mut shown = Harmless::new(out);
    write(&mut shown)?;
    shown.finish().map_err(|error| Failure::io("failed to show the rows", &error))
}

/// A new file for results; that its folder is not there is the caller's slip, and not the disk's.
fn created(path: &str) -> Outcome<File> {
    let parent = Path::new(path).parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(folder) = parent.filter(|folder| !folder.is_dir()) {
        let folder = folder.display().to_string();
        return Err(Failure::usage(format!("no such folder: {}", sanitize(&folder)))
            .next("make it, or name a file in one that is there"));
    }
    let failed = |error| Failure::io(format!("failed to write {}", sanitize(path)), &error);
    File::create(path).map_err(failed)
}

fn write(context: &Context, path: &str, text: &str) -> Outcome<()> {
    let shown = sanitize(path);
    let failed = |error: &std::io::Error| Failure::io(format!("failed to write {shown}"), error);
    created(path)?.write_all(text.as_bytes()).map_err(|error| failed(&error))?;
    context.ui.note(&format!("report     written to {shown}"));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terminals_are_not_steered_and_pipes_get_every_byte() {
        let rows = "a,\u{1b}[31m\u{9b}2J\u{7}\r\n";
        let seen = |is_terminal| {
            let mut seen = Vec::new();
            let write = |out: &mut dyn Write| {
                out.write_all(rows.as_bytes()).map_err(|error| Failure::io("", &error))
            };
            to_stdout(is_terminal, &mut seen, write).unwrap();
            String::from_utf8(seen).unwrap()
        };
        assert_eq!(seen(false), rows);
        assert_eq!(seen(true), "a,\\u{1b}[31m\\u{9b}2J\\u{7}\n");
    }
    #[test]
    fn a_folder_that_is_not_there_is_a_slip_of_the_caller() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nope/x.md");
        let failure = created(path.to_str().unwrap()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.what.starts_with("no such folder: ") && failure.what.ends_with("/nope"));
        assert!(created(folder.path().join("x.md").to_str().unwrap()).is_ok());
    }
}
