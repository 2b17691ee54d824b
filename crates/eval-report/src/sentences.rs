//! The plain sentences around the table: what it is about, what adds up to what, and what to make of it.

use crate::numbers::{duration, grouped, rows};
use crate::{Column, Report, Role, WarningKind};

/// The notice that every report of emulated answers carries.
const EMULATED: &str = "These answers are emulated by batch-eval's built-in emulator; they say nothing about a real model.";

/// What stands above the table of one scorer: the dataset, its rows, the scorer.
pub(crate) fn title(report: &Report, scorer: &str) -> String {
    let mut parts = Vec::new();
    if let Some(dataset) = &report.dataset {
        parts.push(dataset.name.clone());
        parts.push(rows(dataset.rows));
    }
    parts.push(format!("scored by {scorer}"));
    if report.is_emulated() {
        parts.push("emulated".to_owned());
    }
    parts.join(", ")
}

/// The warnings, those about the model that answered first.
pub(crate) fn warnings(report: &Report) -> Vec<&str> {
    let mut warnings: Vec<_> = report.warnings.iter().collect();
    warnings.sort_by_key(|warning| warning.kind != WarningKind::ModelVersion);
    warnings.iter().map(|warning| warning.text.as_str()).collect()
}

/// What stands below the tables, a sentence each.
pub(crate) fn below(report: &Report) -> Vec<String> {
    let mut sentences = Vec::new();
    if report.is_emulated() {
        sentences.push(EMULATED.to_owned());
    }
    sentences.extend(no_results(report));
    sentences.extend(report.models.iter().map(ledger));
    sentences.extend(report.models.iter().flat_map(doubts));
    sentences.extend(report.models.iter().filter_map(cost));
    if report.models.iter().any(has_accuracy) {
        sentences
            .push("Accuracy is passes of scored rows, with its 95% Wilson interval.".to_owned());
    }
    if report.models.iter().any(lacks_rows) {
        sentences.push(
            "Passes of submitted counts errors and missing rows as wrong; errors are rows with an error, with \
             contradicting results, or with one that cannot be read."
                .to_owned(),
        );
    }
    sentences.extend(report.elapsed_ms.map(|elapsed| format!("It took {}.", duration(elapsed))));
    sentences
}

/// One sentence for each model, however many scorers have nothing to say of it.
fn no_results(report: &Report) -> Vec<String> {
    let has_none = |column: &&Column| {
        !column.scores.is_empty() && column.scores.iter().all(|result| result.scored == 0)
    };
    let models = report.models.iter().filter(has_none);
    models.map(|column| format!("There are no results for {}.", column.title())).collect()
}

/// Where every row went, as a sum.
fn ledger(column: &Column) -> String {
    let parts: Vec<String> = column
        .outcomes
        .named()
        .into_iter()
        .filter(|(_, rows)| *rows > 0)
        .map(|(name, rows)| format!("{} {name}", grouped(rows)))
        .collect();
    let total = grouped(column.submitted);
    let what = match column.role {
        Role::Model => "submitted",
        Role::Logged => "in the dataset",
    };
    let sum = if parts.is_empty() { "0".to_owned() } else { parts.join(" + ") };
    let sign = if column.adds_up() { "=" } else { "is not" };
    format!("{}: {total} {what} {sign} {sum}.", column.title())
}

/// What scorers could not judge, and why.
fn doubts(column: &Column) -> Vec<String> {
    let judged_not = column.scores.iter().filter(|result| result.unscorable > 0);
    judged_not
        .map(|result| {
            let reasons: Vec<String> = result
                .unscorable_reasons
                .iter()
                .map(|reason| format!("{} ({})", reason.name, grouped(reason.rows)))
                .collect();
            let title = column.title();
            let count = rows(result.unscorable);
            let scorer = &result.scorer;
            format!("{scorer} could not judge {count} of {title}: {}.", reasons.join(", "))
        })
        .collect()
}

/// What the answers cost, and what that figure lacks.
fn cost(column: &Column) -> Option<String> {
    let cost = column.cost.as_ref()?;
    let title = column.title();
    let Some(micros) = cost.micros else {
        let why = cost.unknown.as_deref().unwrap_or("its price is not known");
        return Some(format!("What {title} cost is not known: {why}."));
    };
    let mut sentence = format!("{title} cost {}", dollars(micros));
    if cost.rows_without_usage > 0 {
        let without = rows(cost.rows_without_usage);
        sentence = format!("{sentence}, without {without} that state no tokens");
    }
    if cost.assumed_tokens > 0 {
        let tokens = grouped(cost.assumed_tokens);
        sentence =
            format!("{sentence}; {tokens} cached or audio tokens are counted at the plain price");
    }
    sentence.push('.');
    Some(sentence)
}

/// Millionths of a dollar, to a hundredth of a cent and never less than was spent.
fn dollars(micros: u64) -> String {
    let hundredths = micros.div_ceil(100);
    format!("${}.{:04}", grouped(hundredths / 10_000), hundredths % 10_000)
}

fn has_accuracy(column: &Column) -> bool {
    column.scores.iter().any(|result| result.accuracy.is_some())
}

fn lacks_rows(column: &Column) -> bool {
    column.scores.iter().any(|result| result.errors + result.missing > 0)
}
