//! `batch-eval compare`: two runs over the same rows, column by column.

mod columns;
mod matched;
mod text;
mod together;

use batch_orchestrator::{Goal, RunState};
use eval_report::{Clusters, Column, ColumnSource, Conclude, Report, Role, WarningKind};
use run_store::RunFolder;
use scoring::{PassSummary, Scorer, Scores};
use serde_json::{Value, json};

use crate::args::CompareArgs;
use crate::context::Context;
use crate::exit::{Failure, Outcome};
use crate::judge::{Cell, Passes};
use crate::ui::Ui;
use crate::{expected, steps};
use columns::{Pair, paired};
use matched::Matched;

/// One of the two runs.
struct Side {
    folder: RunFolder,
    state: RunState,
}

impl Side {
    fn open(context: &Context, name: &str) -> Outcome<Self> {
        let folder = context.find(Some(name))?;
        let state = steps::state(&folder)?;
        if !state.reached(Goal::Fetched) {
            context.ui.note(&format!(
                "note: {} is not at its end; rows that are not here count as missing",
                folder.manifest().name.as_str()
            ));
        }
        Ok(Self { folder, state })
    }

    fn name(&self) -> &str {
        self.folder.manifest().name.as_str()
    }

    fn json(&self) -> Value {
        let manifest = self.folder.manifest();
        json!({
            "run": manifest.name.as_str(), "dataset": manifest.asked.dataset.label,
            "rows": manifest.made.rows, "created": steps::rfc3339(manifest.created),
        })
    }

    /// The verdicts of one column, as they are said now.
    fn scores(
        &self,
        context: &Context,
        scorers: &[Box<dyn Scorer>],
        cell: &Cell<'_>,
    ) -> Outcome<Scores> {
        let passes = Passes::open(context, &self.folder, scorers, cell.variant)?;
        Ok(passes.results(self.state.cell(cell.variant, cell.model), None)?.0)
    }
}

pub(crate) fn compare(context: &Context, args: &CompareArgs) -> Outcome<()> {
    let before = Side::open(context, &args.before)?;
    let after = Side::open(context, &args.after)?;
    if before.folder.paths().root() == after.folder.paths().root() {
        return Err(Failure::usage(format!("{} is one run, and two are compared", before.name()))
            .next("`batch-eval report` compares the models of one run"));
    }
    let specs = specs(args, &before, &after)?;
    // Each run has its own right answers.
    let own = |side: &Side| {
        let scorers = context.scorers(&specs)?;
        expected::lacking_in_run(&side.folder, &scorers, None)?;
        expected::given_of_run(context, &side.folder, scorers, None)
    };
    let scorers = [own(&before)?, own(&after)?];
    let (pairs, alone) = paired(&before.folder, &after.folder, args.with.as_deref())?;
    let matched = Matched::of(context, &before.folder, &after.folder)?;
    let (clusters, apart) = together::clusters(context, [&before.folder, &after.folder], &matched)?;
    let common = Common { matched, clusters };
    let (mut comparisons, mut warnings) = (Vec::new(), Vec::from_iter(apart));
    for pair in &pairs {
        let report = compared(context, [&before, &after], &scorers, &common, pair)?;
        comparisons.extend(report.comparisons);
        let notes = report.warnings.into_iter().filter(|one| one.kind == WarningKind::Note);
        for note in notes {
            if !warnings.contains(&note.text) {
                warnings.push(note.text);
            }
        }
    }
    if context.ui.json {
        return Ui::object(&json!({
            "type": "compare", "before": before.json(), "after": after.json(),
            "matched": common.matched.json(), "cluster": common.clusters.as_ref().map(Clusters::field),
            "comparisons": comparisons, "without_counterpart": alone, "warnings": warnings,
        }));
    }
    let names = [before.name(), after.name()];
    let said = text::Said { comparisons: &comparisons, alone: &alone, warnings: &warnings };
    Ui::result(&text::render(names, &common.matched, &said, Ui::width()))
}

/// The rows that both runs have, and which of them belong together.
struct Common {
    matched: Matched,
    clusters: Option<Clusters>,
}

/// The scorers named, or those that both runs were made with.
fn specs(args: &CompareArgs, before: &Side, after: &Side) -> Outcome<Vec<String>> {
    if !args.scorers.is_empty() {
        return Ok(args.scorers.clone());
    }
    let of = |side: &Side| side.folder.manifest().asked.scorers.clone();
    let theirs = of(after);
    let both: Vec<String> = of(before).into_iter().filter(|spec| theirs.contains(spec)).collect();
    if both.is_empty() {
        return Err(Failure::usage("the two runs have no scorer in common")
            .next("--scorer SCORER judges both by it, offline"));
    }
    Ok(both)
}

/// A pair of columns by every scorer.
fn compared(
    context: &Context,
    [before, after]: [&Side; 2],
    scorers: &[Vec<Box<dyn Scorer>>; 2],
    Common { matched, clusters }: &Common,
    pair: &Pair<'_>,
) -> Outcome<Report> {
    let first = matched.of_first(before.scores(context, &scorers[0], &pair.before)?);
    let second = matched.of_second(after.scores(context, &scorers[1], &pair.after)?);
    let mut report = Report::new(scorers[0].iter().map(|scorer| scorer.name()));
    let summary = PassSummary::default();
    for (side, cell, scores) in [(before, &pair.before, &first), (after, &pair.after, &second)] {
        let label = format!("{} in {}", cell.label(), side.name());
        report.push(Column::of(ColumnSource {
            label: &label,
            role: Role::Model,
            model: Some(cell.model_name),
            variant: None,
            scores,
            summary: &summary,
        }));
    }
    // The first column is what the second is compared with.
    let how = Conclude { clusters: clusters.as_ref(), ..Conclude::default() };
    report.conclude(&[&first, &second], &how);
    Ok(report)
}
