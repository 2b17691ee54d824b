//! `batch-eval show`: one row of a run in the terminal, with all that was asked and answered.

mod answer;
mod parts;
mod request;
mod row;
mod screen;

use std::io::BufReader;

use eval_report::{json_for_terminals, sanitize};
use jsonl_transform::member;
use run_store::{OwnName, RunFolder};
use serde_json::Value;

use crate::args::ShowArgs;
use crate::context::Context;
use crate::dataset_rows::seek_logged;
use crate::exit::{Failure, Outcome};
use crate::grading::Reasons;
use crate::plugins::identities_of_run;
use crate::rows::RowBook;
use crate::steps;
use crate::ui::Ui;
use crate::words::rows;
pub(crate) use parts::{Part, parts};

pub(crate) fn show(context: &Context, args: &ShowArgs) -> Outcome<()> {
    let (run, row) = args.run_and_row();
    let folder = context.find(run)?;
    let state = steps::state(&folder)?;
    let scorers = identities_of_run(&folder)?;
    let mut book = RowBook::open(context, &folder, &state, &scorers)?;
    let scorers: Vec<String> = scorers.into_iter().map(|scorer| scorer.name).collect();
    let number = find(context, &folder, &mut book, row)?;
    let found = match number {
        Some(number) => book.row(number)?,
        None => None,
    };
    let Some(mut found) = found else {
        let name = folder.manifest().name.as_str();
        let what = format!("run {name} has no row {}", sanitize(row));
        return Err(Failure::usage(what).next(format!(
            "it has {}, numbered from 0; a key and line:N are understood too",
            rows(book.rows())
        )));
    };
    let judges = judges(&folder);
    let judges = judges.iter().map(|(scorer, print)| (scorer.as_str(), print.as_str()));
    Reasons::open(context, &folder, judges)?.tell(&mut found)?;
    let shown = row::Shown {
        run: folder.manifest().name.as_str(),
        dataset: &folder.manifest().asked.dataset.label,
        variants: &folder.manifest().asked.variants,
        columns: book.columns(),
        scorers: &scorers,
        row: &found,
    };
    if context.ui.json {
        return Ui::result(&json_for_terminals(&shown.json()?));
    }
    Ui::result(&shown.text(Ui::width(), args.full))
}

/// The judges by which the run was reported, with their fingerprints.
fn judges(folder: &RunFolder) -> Vec<(String, String)> {
    let report = report(folder).unwrap_or_default();
    let judges = report["judges"].as_array().into_iter().flatten();
    let named = |judge: &Value| {
        Some((judge["scorer"].as_str()?.to_owned(), judge["fingerprint"].as_str()?.to_owned()))
    };
    judges.filter_map(named).collect()
}

fn report(folder: &RunFolder) -> Option<Value> {
    let path = folder.paths().report(&OwnName::parse("report.json").ok()?);
    let file = BufReader::new(folder.paths().open_file(&path).ok()?);
    serde_json::from_reader(file).ok()
}

/// The number of the row that is meant.
fn find(
    context: &Context,
    folder: &RunFolder,
    book: &mut RowBook,
    text: &str,
) -> Outcome<Option<u64>> {
    match text.strip_prefix("line:") {
        Some(line) => match line.parse() {
            Ok(line) => on_line(context, folder, line),
            Err(_) => Ok(None),
        },
        None => book.find(text),
    }
}

/// The row that stands on a line of the dataset.
fn on_line(context: &Context, folder: &RunFolder, wanted: u64) -> Outcome<Option<u64>> {
    let mut rows = 0..;
    seek_logged(context, folder, |line| {
        let row = rows.next()?;
        let at = member(line, "line").ok().flatten()?;
        let at = std::str::from_utf8(&line[at]).ok()?.parse::<u64>().ok()?;
        (at == wanted).then_some(row)
    })
}
