//! Drift as text: a block for each model, every count with what it is of, and the first rows of each kind.

use anstyle::Style;
use eval_report::sanitize;

use super::counts::{Drift, Flips, Kind, Lengths};
use super::sorted;
use crate::layout::{Align, grid, hanging, wrap};
use crate::rows::BookColumn;
use crate::words::{grouped, rows};

/// Where texts begin, behind what they are of.
const INDENT: usize = 12;
/// So many changes of the end are listed.
const ENDS: usize = 6;

/// What all blocks share.
pub(super) struct Page<'a> {
    pub(super) run: &'a str,
    pub(super) rows: u64,
    pub(super) logged_rows: u64,
    pub(super) scorers: &'a [String],
    pub(super) slice: Option<&'a str>,
}

impl Page<'_> {
    pub(super) fn render<'d>(
        &self,
        columns: impl Iterator<Item = (&'d BookColumn, &'d Drift)>,
        width: usize,
    ) -> String {
        let head = format!(
            "drift of {} from its log: {} of {} have a logged answer",
            self.run,
            grouped(self.logged_rows),
            rows(self.rows)
        );
        let mut lines = wrap(&head, width);
        for (column, drift) in columns {
            let bold = Style::new().bold();
            let title = sanitize(&column.title);
            lines.push(String::new());
            lines.push(format!("{bold}{title}{bold:#}"));
            for (word, text) in self.block(drift) {
                lines.extend(
                    hanging(&word, INDENT, &sanitize(&text), width - 2)
                        .iter()
                        .map(|line| indented(line)),
                );
            }
            lines.extend(self.slices(drift, width));
        }
        lines.join("\n")
    }

    fn block(&self, drift: &Drift) -> Vec<(String, String)> {
        let of = |n: u64| share(n, drift.compared);
        let mut block = vec![(
            "compared".to_owned(),
            match drift.unanswered {
                0 => rows(drift.compared),
                n => format!("{}; {} without a usable answer", rows(drift.compared), rows(n)),
            },
        )];
        for (scorer, flips) in self.scorers.iter().zip(&drift.flips) {
            block.push(("verdicts".to_owned(), verdicts(scorer, flips)));
            let all = flips.rows();
            block.extend(kind("pass → fail", &flips.lost, all));
            block.extend(kind("fail → pass", &flips.won, all));
        }
        if drift.calls_none < drift.compared {
            let text = format!(
                "same {}; none in either answer {}",
                of(drift.calls_same),
                of(drift.calls_none)
            );
            block.push(("calls".to_owned(), text));
            for (word, rows) in [
                ("another function", &drift.name),
                ("other arguments", &drift.arguments),
                ("no call any more", &drift.gone),
                ("a call now", &drift.new),
            ] {
                block.extend(kind(word, rows, drift.compared));
            }
        }
        if drift.texts > 0 {
            let changed = share(drift.text_changed.rows, drift.texts);
            let text = format!("changed {changed}; {}", length(drift.letters, "letters"));
            block.push(("texts".to_owned(), text));
        }
        if drift.tokens.rows > 0 {
            let tokens = format!("{}, thinking left out", length(drift.tokens, "tokens"));
            block.push(("answers".to_owned(), tokens));
        }
        let ends = sorted(&drift.ends);
        if !ends.is_empty() {
            let named = ends.iter().take(ENDS);
            let mut named: Vec<String> = named
                .map(|((before, after), n)| format!("{before} → {after} {}", of(*n)))
                .collect();
            if ends.len() > ENDS {
                named.push(format!("{} more kinds", ends.len() - ENDS));
            }
            block.push(("ends".to_owned(), named.join(", ")));
        }
        if drift.blocked.rows + drift.unblocked.rows > 0 {
            let now = drift.blocked.rows;
            let text = format!("newly {now}, no longer {}", drift.unblocked.rows);
            block.push(("blocked".to_owned(), text));
            block.extend(kind("newly", &drift.blocked, drift.compared));
            block.extend(kind("no longer", &drift.unblocked, drift.compared));
        }
        block
    }

    fn slices(&self, drift: &Drift, width: usize) -> Vec<String> {
        let Some(pointer) = self.slice else { return Vec::new() };
        let pointer = sanitize(pointer);
        let columns = [
            (pointer.as_ref(), Align::Shrinks(12)),
            ("ROWS", Align::Right),
            ("FLIPPED", Align::Right),
            ("CALLS CHANGED", Align::Right),
        ];
        let mut slices: Vec<_> = drift.slices.iter().collect();
        slices.sort_by_key(|(_, slice)| std::cmp::Reverse(slice.rows));
        let cells: Vec<[String; 4]> = slices
            .into_iter()
            .map(|(value, slice)| {
                [
                    sanitize(value).into_owned(),
                    grouped(slice.rows),
                    share(slice.flipped, slice.rows),
                    share(slice.calls_changed, slice.rows),
                ]
            })
            .collect();
        grid(columns, &cells, width.saturating_sub(2)).iter().map(|line| indented(line)).collect()
    }
}

fn indented(line: &str) -> String {
    format!("  {line}").trim_end().to_owned()
}

fn verdicts(scorer: &str, flips: &Flips) -> String {
    match flips.rows() {
        0 => format!("{scorer}: no row has a verdict on both answers"),
        all => format!("{scorer}: flipped {}", share(flips.lost.rows + flips.won.rows, all)),
    }
}

/// Rows of a kind and the first of them, on a line of their own; nothing where there are none.
fn kind(word: &str, kind: &Kind, all: u64) -> Option<(String, String)> {
    let first: Vec<String> = kind.first.iter().map(u64::to_string).collect();
    let more = if kind.rows > kind.first.len() as u64 { ", …" } else { "" };
    let named =
        if first.is_empty() { String::new() } else { format!(": rows {}{more}", first.join(", ")) };
    let text = || format!("  {word} {}{named}", share(kind.rows, all));
    (kind.rows > 0).then(|| (String::new(), text()))
}

/// `12 of 85 (14.1%)`.
#[expect(clippy::cast_precision_loss, reason = "a share for people")]
fn share(n: u64, all: u64) -> String {
    if all == 0 {
        return "0 of 0".to_owned();
    }
    format!("{} of {} ({:.1}%)", grouped(n), grouped(all), n as f64 / all as f64 * 100.0)
}

fn length(lengths: Lengths, unit: &str) -> String {
    match lengths.means() {
        Some((before, after)) => {
            let all = rows(lengths.rows);
            format!("{before:.1} → {after:.1} {unit} on average, over {all}")
        }
        None => "no lengths".to_owned(),
    }
}
