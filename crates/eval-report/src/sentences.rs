//! The plain sentences around the table: what it is about, what adds up to what, and what to make of it.

use crate::numbers::{duration, grouped, rows};
use crate::{
    Bounds, Column, Comparison, Finding, JudgeResult, Method, Report, ScorerResult, WarningKind,
    cells,
};

/// The notice that every report of emulated answers carries.
pub(crate) const EMULATED: &str = "These answers are emulated by batch-eval's built-in emulator; they say nothing about a real model.";

/// How a table of text marks differences.
pub(crate) const MARKED: &str = ", and * marks those that are shown";

/// What stands above the table of one scorer: the dataset, its rows, the scorer.
pub(crate) fn title(report: &Report, scorer: &str) -> String {
    let mut parts = Vec::new();
    if let Some(dataset) = &report.dataset {
        parts.push(dataset.name.clone());
        parts.push(rows(dataset.rows));
    }
    parts.push(format!("scored by {scorer}"));
    parts.extend(held_against(report, scorer));
    if report.is_emulated() {
        parts.push("emulated".to_owned());
    }
    parts.join(", ")
}

/// Where the values come from that a scorer holds answers against, if they were given for all scorers at once.
pub(crate) fn held_against(report: &Report, scorer: &str) -> Option<String> {
    let looks = report.expecting.iter().any(|name| name == scorer);
    report.expected.as_ref().filter(|_| looks).map(|from| format!("held against {from}"))
}

/// A scorer's name; a long one without what it is set to, if no other scorer is called so. The page has the same rule.
pub(crate) fn called<'a>(report: &Report, scorer: &'a str) -> &'a str {
    let is_like = |name: &&String| short(name) == short(scorer);
    if report.scorers.iter().filter(is_like).count() > 1 { scorer } else { short(scorer) }
}

fn short(name: &str) -> &str {
    let is_option = |rest: &str| {
        let key = rest.find('=').map_or("", |at| &rest[..at]);
        !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
    };
    match name.split_once('(') {
        Some((head, rest)) if name.chars().count() > LONG && is_option(rest) => head,
        _ => name,
    }
}

/// The warnings, those about the model that answered first.
pub(crate) fn warnings(report: &Report) -> Vec<&str> {
    let mut warnings: Vec<_> = report.warnings.iter().collect();
    warnings.sort_by_key(|warning| warning.kind != WarningKind::ModelVersion);
    warnings.iter().map(|warning| warning.text.as_str()).collect()
}

/// Names of scorers beyond so many letters are long.
const LONG: usize = 40;
/// With more comparisons than these, those that show nothing share a sentence.
const MOST_COMPARISONS: usize = 6;

/// What stands below the tables, a sentence each.
pub(crate) fn below(report: &Report) -> Vec<String> {
    let compared = report.comparisons.iter();
    around(report, compared.map(|found| by(report, &found.scorer, &found.sentence)).collect())
}

/// As [`below`], but readable however much was compared.
pub(crate) fn brief(report: &Report) -> Vec<String> {
    around(report, compared(report, &report.comparisons))
}

/// The sentences of comparisons. Where there are many, those of one scorer that show no difference are one sentence.
pub(crate) fn compared(report: &Report, comparisons: &[Comparison]) -> Vec<String> {
    let folds = report.comparisons.len() > MOST_COMPARISONS;
    let is_folded = |found: &Comparison| folds && found.finding == Finding::NoDifference;
    let mut sentences = Vec::new();
    for found in comparisons {
        let alike = |other: &&Comparison| {
            is_folded(other) && (&other.scorer, &other.b) == (&found.scorer, &found.b)
        };
        let mut group = comparisons.iter().filter(alike);
        match (is_folded(found), group.clone().count()) {
            (true, 2..) => {
                // The whole group is said where its first member stands.
                if group.next().is_some_and(|first| std::ptr::eq(first, found)) {
                    let names: Vec<&str> =
                        comparisons.iter().filter(alike).map(|one| one.a.as_str()).collect();
                    sentences.push(by(report, &found.scorer, &no_difference(&names, &found.b)));
                }
            }
            _ => sentences.push(by(report, &found.scorer, &found.sentence)),
        }
    }
    sentences
}

fn no_difference(names: &[&str], baseline: &str) -> String {
    format!(
        "no difference to {baseline} is shown for {}: the table has their intervals, report.html and report.json a \
         sentence for each.",
        names.join(", ")
    )
}

fn around(report: &Report, compared: Vec<String>) -> Vec<String> {
    let mut sentences = Vec::new();
    if report.is_emulated() {
        sentences.push(EMULATED.to_owned());
    }
    sentences.extend(no_results(report));
    sentences.extend(report.omnibus.iter().map(|found| by(report, &found.scorer, &found.sentence)));
    sentences.extend(compared);
    let agreed = report.agreements.iter();
    sentences.extend(agreed.map(|found| by(report, &found.scorer, &found.sentence)));
    sentences.extend(report.models.iter().flat_map(|column| doubts(report, column)));
    sentences.extend(report.judges.iter().flat_map(JudgeResult::sentences));
    sentences.extend(report.models.iter().filter_map(cost));
    sentences.extend(method(report));
    sentences.extend(lacks(report));
    sentences.extend(report.elapsed_ms.map(|elapsed| took(elapsed, report.away_ms)));
    sentences
}

/// How long it took, as the calendar has it and with the time in which nobody was there.
fn took(elapsed: u64, away: Option<u64>) -> String {
    let away = away.map(|away| {
        format!(", and for up to {} of that no process was at work on it", duration(away))
    });
    format!("It took {}{}.", duration(elapsed), away.unwrap_or_default())
}

/// A sentence with the scorer it is about, where there are several.
pub(crate) fn by(report: &Report, scorer: &str, sentence: &str) -> String {
    if report.scorers.len() > 1 {
        return format!("By {}, {sentence}", called(report, scorer));
    }
    let mut chars = sentence.chars();
    // What begins with the name of a model keeps its case.
    let starts_with_name = report.models.iter().any(|column| sentence.starts_with(&column.title()));
    match chars.next().filter(|_| !starts_with_name) {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => sentence.to_owned(),
    }
}

/// What the figures are and how sure: of shares, of grades, of differences. None where there are none.
pub(crate) fn method(report: &Report) -> Option<String> {
    let together = report
        .cluster
        .as_ref()
        .map(|field| format!("an interval that takes rows with the same {field} together"));
    let results = || report.models.iter().flat_map(|column| &column.scores);
    let mut parts = Vec::new();
    if results().any(|result| result.accuracy.is_some()) {
        let interval = together.clone().unwrap_or_else(|| "its 95% Wilson interval".to_owned());
        parts.push(format!("accuracy is passes of scored rows, with {interval}"));
    }
    if results().any(|result| result.mean.is_some()) {
        let is_level = |found: &Bounds| found.method == Method::Wilson;
        let mut means = results().filter_map(|result| result.mean_interval.as_ref());
        let or = if means.any(is_level) { ", or Wilson's where all are equal" } else { "" };
        let by_t = || format!("its 95% interval by Student's t{or}");
        parts.push(format!("a mean is that of grades, with {}", together.unwrap_or_else(by_t)));
    }
    if let Some(baseline) = report.baseline.as_ref().filter(|_| !report.comparisons.is_empty()) {
        parts.push(format!(
            "differences are points to {baseline}, on the rows scored for both{MARKED}"
        ));
    }
    as_sentence(parts.into_iter())
}

/// What stands above a table of slices.
pub(crate) fn slices(report: &Report, field: &str, scorer: &str) -> String {
    let by = format!(", scored by {}", called(report, scorer));
    let by = if report.scorers.len() > 1 { by } else { String::new() };
    let adjusted = match &report.baseline {
        Some(baseline) => format!(
            "; differences to {baseline}, p adjusted for all slices (Benjamini and Hochberg)"
        ),
        None => String::new(),
    };
    format!("By {field}{by}{adjusted}:")
}

/// One sentence for each model, however many scorers have nothing to say of it.
pub(crate) fn no_results(report: &Report) -> Vec<String> {
    let has_none = |column: &&Column| {
        let title = column.title();
        let mut asked =
            column.scores.iter().filter(|result| !report.is_beside(&result.scorer, &title));
        asked.clone().next().is_some() && asked.all(|result| result.scored == 0)
    };
    let models = report.models.iter().filter(has_none);
    let sentence = |column: &Column| {
        let what = if column.scores.iter().any(is_unjudged) { "verdicts" } else { "results" };
        format!("There are no {what} for {}.", column.title())
    };
    models.map(sentence).collect()
}

/// Whether answers are there, and nothing could be said of any.
pub(crate) fn is_unjudged(result: &ScorerResult) -> bool {
    result.scored == 0 && result.unscorable > 0
}

/// What scorers could not judge, and why.
pub(crate) fn doubts(report: &Report, column: &Column) -> Vec<String> {
    let title = column.title();
    let judged_not = column.scores.iter().filter(|result| result.unscorable > 0);
    let judged_not = judged_not.filter(|result| !report.is_beside(&result.scorer, &title));
    judged_not
        .map(|result| {
            let reasons: Vec<String> = result
                .unscorable_reasons
                .iter()
                .map(|reason| format!("{} ({})", reason.name, grouped(reason.rows)))
                .collect();
            let count = rows(result.unscorable);
            let scorer = called(report, &result.scorer);
            format!("{scorer} could not judge {count} of {title}: {}.", reasons.join(", "))
        })
        .collect()
}

/// What the figure of the cost lacks.
pub(crate) fn cost(column: &Column) -> Option<String> {
    let cost = column.cost.as_ref()?;
    let title = column.title();
    if cost.micros.is_none() {
        let why = cost.unknown.as_deref().unwrap_or("its price is not known");
        return Some(format!("What {title} cost is not known: {why}."));
    }
    let mut lacks = Vec::new();
    if cost.rows_without_usage > 0 {
        lacks.push(format!("is without {} that state no tokens", rows(cost.rows_without_usage)));
    }
    if cost.assumed_tokens > 0 {
        let tokens = grouped(cost.assumed_tokens);
        lacks.push(format!("counts {tokens} cached or audio tokens at the plain price"));
    }
    (!lacks.is_empty()).then(|| format!("The cost of {title} {}.", lacks.join(", and ")))
}

/// What is counted as what, where rows are without a verdict or failed.
pub(crate) fn lacks(report: &Report) -> Option<String> {
    let any = |lacks: fn(&Column) -> bool| report.models.iter().any(lacks);
    let lacks_verdicts = any(|column| {
        let lacks = |result: &ScorerResult| result.scored < column.submitted;
        column.scores.iter().any(|result| result.accuracy.is_some() && lacks(result))
    });
    let submitted = "passes of submitted counts rows without a verdict as wrong: failed, missing, or not to be judged";
    let failed = "failed are rows with an error, with contradicting results, or with one that cannot be read";
    let parts = [(submitted, lacks_verdicts), (failed, any(|column| cells::failed(column) > 0))];
    as_sentence(parts.into_iter().filter(|(_, is_so)| *is_so).map(|(part, _)| part.to_owned()))
}

/// Parts as one sentence; none of none.
fn as_sentence(parts: impl Iterator<Item = String>) -> Option<String> {
    let mut sentence = parts.collect::<Vec<_>>().join("; ");
    sentence.get_mut(..1)?.make_ascii_uppercase();
    sentence.push('.');
    Some(sentence)
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_long_name_goes_without_what_it_is_set_to_where_no_other_is_called_so() {
        let label = r#"label(labels=["billing","shipping"],expected="/kind")"#;
        let call = r#"call-name(value="refund")"#;
        let report =
            crate::Report::new([label, call, "not(function-call(name=\"refund_my_order\"))"]);
        let called = |scorer: &str| super::called(&report, scorer).to_owned();
        assert_eq!([label, call].map(called), ["label", call]);
        assert_eq!(
            called(&report.scorers[2]),
            report.scorers[2],
            "what it turns round is no setting"
        );
        assert_eq!(super::by(&report, label, "it is so"), "By label, it is so");
        let two = crate::Report::new([label, &label.replace("kind", "other")]);
        assert_eq!(super::called(&two, label), label);
    }

    #[test]
    fn hours_in_which_nobody_was_there_are_said_beside_the_whole_time() {
        assert_eq!(super::took(1_400, None), "It took 1.4 s.");
        assert_eq!(
            super::took(86_520_000, Some(86_340_000)),
            "It took 24 h 2 min, and for up to 23 h 59 min of that no process was at work on it."
        );
    }
}
