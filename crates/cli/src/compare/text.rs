//! A comparison of two runs as text: what was matched, then each pair with its figures and its sentence.

use anstyle::Style;
use eval_report::{Comparison, Finding, sanitize};

use super::matched::Matched;
use crate::layout::wrap;
use crate::words::{grouped, rows};

/// What was found.
pub(super) struct Said<'a> {
    pub(super) comparisons: &'a [Comparison],
    /// Columns of the second run without a counterpart.
    pub(super) alone: &'a [String],
    pub(super) warnings: &'a [String],
}

pub(super) fn render(
    [before, after]: [&str; 2],
    matched: &Matched,
    Said { comparisons, alone, warnings }: &Said<'_>,
    width: usize,
) -> String {
    let warning = |text: &String| wrap(&sanitize(&format!("warning: {text}")), width);
    let mut lines: Vec<String> = warnings.iter().flat_map(warning).collect();
    lines.extend(wrap(
        &format!("{after} compared with {before}: {}, {}", rows(matched.rows()), matched.how()),
        width,
    ));
    let (only_before, only_after) = matched.only();
    if only_before + only_after > 0 {
        let text = format!(
            "not in both and left out: {} of {before}, {} of {after}",
            grouped(only_before),
            grouped(only_after)
        );
        lines.extend(wrap(&text, width));
    }
    for comparison in *comparisons {
        let bold = Style::new().bold();
        lines.push(String::new());
        let title = format!("{}, by {}", comparison.a, comparison.scorer);
        let heading = wrap(&sanitize(&title), width);
        lines.extend(heading.into_iter().map(|line| format!("{bold}{line}{bold:#}")));
        let indented = |text: &str| {
            let wrapped = wrap(&sanitize(text), width.saturating_sub(2));
            wrapped.into_iter().map(|line| format!("  {line}"))
        };
        if let Some(flips) = &comparison.table {
            let text = format!(
                "pass in both {}, only in {after} {}, only in {before} {}, in neither {}",
                grouped(flips.both),
                grouped(flips.only_a),
                grouped(flips.only_b),
                grouped(flips.neither)
            );
            lines.extend(indented(&text));
        }
        lines.extend(indented(&comparison.sentence));
    }
    if comparisons.is_empty() {
        lines.push("no scorer gives passes or grades, so nothing can be compared".to_owned());
    }
    for column in *alone {
        let text =
            format!("{column} of {after} has no counterpart in {before}: --with COLUMN names one");
        lines.extend(wrap(&sanitize(&text), width));
    }
    let found = comparisons
        .iter()
        .filter(|comparison| matches!(comparison.finding, Finding::Better | Finding::Worse));
    if found.count() > 0 && comparisons.len() > 1 {
        lines.push(String::new());
        let text = format!(
            "{} comparisons were made, each for itself: the more there are, the likelier one of them \
             shows a difference by chance.",
            comparisons.len()
        );
        lines.extend(wrap(&text, width));
    }
    lines.join("\n")
}
