//! Which rows are taken and what is done to them, from the words of the command line.

use jsonl_transform::{
    BadRowPolicy, Drops, Edits, RefusalPolicy, RowRangeError, Sample, Selection, TransformError,
    Transformer,
};
use run_store::Variant;
use scorer_plugins::JqFilter;
use serde_json::Value;

use super::{Source, failed};
use crate::args::{BadRows, RowArgs};
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};

/// The transformer that the words ask for; a sample is drawn here, which reads the rows once.
pub(crate) fn transformer(
    context: &Context,
    source: &Source,
    rows: &RowArgs,
    bad_rows: BadRows,
) -> Outcome<Transformer> {
    let mut transformer = Transformer::new()
        .bad_rows(match bad_rows {
            BadRows::Fail => BadRowPolicy::Fail,
            BadRows::Skip => BadRowPolicy::Skip,
        })
        .refusals(if rows.lenient { RefusalPolicy::Warn } else { RefusalPolicy::BadRow })
        .drop_pointers(drops(&rows.drop)?)
        .dedupe(rows.dedupe);
    if let Some(threads) = rows.threads {
        transformer = transformer.threads(threads);
    }
    let selection = selection(rows)?;
    transformer = transformer.select(selection.clone());
    let Some(n_rows) = rows.sample else { return Ok(transformer) };
    if !source.is_reopenable() {
        return Err(Failure::usage(
            "a sample is drawn by reading twice, and a pipe is read but once",
        )
        .next("write the rows to a file first, or use --head"));
    }
    let sample = Sample { rows: n_rows, seed: rows.seed };
    let dataset = source.dataset(context, None);
    let picked = transformer
        .draw_dataset(&dataset, sample)
        .map_err(|error: TransformError| failed(context, &source.label(), &error))?;
    Ok(transformer.select(selection.picked(picked)))
}

/// Finds out whether the words make sense, before anything is made.
pub(crate) fn check(rows: &RowArgs) -> Outcome<()> {
    selection(rows)?;
    drops(&rows.drop).map(|_| ())
}

/// The rows that are taken, before a sample is drawn of them.
fn selection(rows: &RowArgs) -> Outcome<Selection> {
    let mut selection = Selection::new();
    if let Some(text) = &rows.rows {
        let range = text.parse().map_err(|error: RowRangeError| {
            Failure::usage(format!("--rows {}: {error}", eval_report::sanitize(text)))
        })?;
        selection = selection.rows(range);
    }
    if let Some(text) = &rows.predicate {
        let filter = JqFilter::compile(text).map_err(|error| {
            let failure = Failure::usage(format!("bad --where: {error}\n{}", error.caret()));
            match error.hint() {
                Some(hint) => failure.next(hint),
                None => failure,
            }
        })?;
        selection = selection.keep(move |row| filter.accepts(row));
    }
    if let Some(head) = rows.head {
        selection = selection.head(head);
    }
    Ok(selection)
}

fn drops(pointers: &[String]) -> Outcome<Drops> {
    pointers.iter().try_fold(Drops::new(), |drops, pointer| {
        drops.at(pointer).map_err(|error| {
            let shown = eval_report::sanitize(pointer).into_owned();
            Failure::usage(format!("--drop {shown}: {error}"))
        })
    })
}

/// The edits of a variant as the run keeps them: a list of `[pointer, value]` and `[pointer]`.
pub(crate) fn edits(variant: &Variant) -> Outcome<Edits> {
    let wrong = |what: &dyn std::fmt::Display| {
        let name = eval_report::sanitize(&variant.name).into_owned();
        let what = what.to_string();
        Failure::new(Exit::Usage, format!("variant {name}: {}", eval_report::sanitize(&what)))
    };
    let Some(text) = &variant.edits else { return Ok(Edits::new()) };
    let list: Vec<Vec<Value>> = serde_json::from_str(text).map_err(|error| wrong(&error))?;
    list.iter().try_fold(Edits::new(), |edits, edit| match edit.as_slice() {
        [Value::String(pointer)] => edits.remove(pointer).map_err(|error| wrong(&error)),
        [Value::String(pointer), Value::String(raw)] => {
            edits.set(pointer, raw.as_bytes()).map_err(|error| wrong(&error))
        }
        _ => Err(wrong(&"an edit is neither [pointer, value] nor [pointer]")),
    })
}

impl RowArgs {
    /// The words that say which rows a run has, as they are kept with it; `None` for all rows.
    pub(crate) fn words(&self, bad_rows: BadRows) -> Option<String> {
        let mut words = Vec::new();
        if let Some(range) = &self.rows {
            words.push(format!("--rows {range}"));
        }
        words.extend(self.predicate.iter().map(|text| format!("--where {text:?}")));
        if let Some(head) = self.head {
            words.push(format!("--head {head}"));
        }
        if let Some(sample) = self.sample {
            words.push(format!("--sample {sample} --seed {}", self.seed));
        }
        words.extend(self.drop.iter().map(|pointer| format!("--drop {pointer}")));
        words.extend(self.dedupe.then(|| "--dedupe".to_owned()));
        words.extend(self.lenient.then(|| "--lenient".to_owned()));
        words.extend((bad_rows == BadRows::Skip).then(|| "--bad-rows skip".to_owned()));
        (!words.is_empty()).then(|| words.join(" "))
    }
}
