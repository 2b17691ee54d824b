//! Which rows a page shows where it cannot hold all: flips and failures first, then others by chance.

use eval_report::{Report, Role};
use scoring::{Outcome, Scores};

/// A page lists no more rows than these.
const MOST: usize = 250_000;
/// So many rows are read together even where there is little room.
const LEAST: usize = 512;
/// Ranks are counted by so many of their upper bits.
const GROUP_BITS: u32 = 16;
/// The lower bits of a rank are the row's number: no memory holds verdicts on more rows.
const ROW_BITS: u32 = 36;
/// Makes chance the same each time.
const SEED: u64 = 0x6261_7463_682d_6576;

/// Why a row is worth showing; what comes first goes in first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worth {
    /// A model and the baseline disagree on whether it passes.
    Flip,
    /// A model gave no plain answer.
    Unusual,
    /// A model fails it.
    Fail,
    Other,
}

/// The rows that a page shows where it cannot hold all, the most wanted first.
#[derive(Debug, Default)]
pub(crate) struct Picks {
    wanted: Vec<u64>,
}

impl Picks {
    /// Picks by the verdicts on the columns of a report, given in their order.
    pub(crate) fn of(report: &Report, columns: &[Scores]) -> Self {
        let baseline = report.baseline.as_ref();
        let baseline =
            baseline.and_then(|title| report.models.iter().position(|one| one.title() == *title));
        let models = report.models.iter().zip(columns).enumerate();
        let models = models.filter(|(_, (column, _))| column.role == Role::Model);
        // Against itself the baseline has no flips.
        let base = |at| baseline.filter(|base| *base != at).and_then(|base| columns.get(base));
        let models: Vec<_> = models.map(|(at, (_, scores))| (scores, base(at))).collect();
        let rows = columns.iter().map(Scores::rows).max().unwrap_or_default();
        Self { wanted: lowest(rows, |row| rank(worth(row, &models), row)) }
    }

    /// The rows, those most wanted first, a part at a time.
    pub(super) fn sweeps(&self) -> Sweeps<'_> {
        Sweeps { wanted: &self.wanted }
    }
}

/// The rows of the lowest ranks, at most [`MOST`], in the order of their ranks, which end in the rows' numbers.
///
/// Ranks are counted by their upper bits first, so that only those are held that can be among them.
fn lowest(rows: u64, rank: impl Fn(u64) -> u64) -> Vec<u64> {
    let group = |rank: u64| usize::try_from(rank >> (u64::BITS - GROUP_BITS)).unwrap_or_default();
    let mut counts = vec![0_u32; 1 << GROUP_BITS];
    for row in 0..rows {
        counts[group(rank(row))] += 1;
    }
    let mut sum = 0;
    let last = counts.iter().position(|count| {
        sum += *count as usize;
        sum >= MOST
    });
    let is_low = |rank: &u64| last.is_none_or(|last| group(*rank) <= last);
    let mut lowest = Vec::with_capacity(sum);
    lowest.extend((0..rows).map(rank).filter(is_low));
    lowest.sort_unstable();
    lowest.truncate(MOST);
    for rank in &mut lowest {
        *rank = row_of(*rank);
    }
    lowest
}

/// What orders rows: by their worth, and among equals by chance that is the same each time.
fn rank(worth: Worth, row: u64) -> u64 {
    let chance = mixed(SEED ^ row) >> (2 + ROW_BITS) << ROW_BITS;
    (worth as u64) << 62 | chance | row_of(row)
}

/// The row that a rank is of.
fn row_of(rank: u64) -> u64 {
    rank & ((1 << ROW_BITS) - 1)
}

/// Rows in parts, each of which is read from front to back: reading them as they are wanted would read the run again
/// and again.
#[derive(Debug)]
pub(super) struct Sweeps<'a> {
    wanted: &'a [u64],
}

impl Sweeps<'_> {
    /// The next part, in the order of the rows' numbers, where there is room for about so many.
    ///
    /// It takes half of the room, so that what there is no room for is never something wanted more than what went in
    /// before; the last of the room is filled in small parts.
    pub(super) fn next(&mut self, room: Option<u64>) -> Option<Vec<u64>> {
        let room = usize::try_from(room.unwrap_or_default()).unwrap_or(usize::MAX);
        let all = self.wanted.len();
        let part = if all < room / 2 { all } else { (room / 2).max(LEAST) };
        let (part, rest) = self.wanted.split_at(part.min(all));
        self.wanted = rest;
        let mut part = part.to_vec();
        part.sort_unstable();
        (!part.is_empty()).then_some(part)
    }
}

/// What a row is worth by the verdicts on each model, given with those on the baseline.
fn worth(row: u64, models: &[(&Scores, Option<&Scores>)]) -> Worth {
    let mut worth = Worth::Other;
    for (model, base) in models {
        if model.outcome(row) != Outcome::Answered {
            worth = worth.min(Worth::Unusual);
        }
        for scorer in 0..model.scorers() {
            let Some(pass) = model.passed(scorer, row) else { continue };
            if base.and_then(|base| base.passed(scorer, row)).is_some_and(|other| other != pass) {
                return Worth::Flip;
            }
            if !pass {
                worth = worth.min(Worth::Fail);
            }
        }
    }
    worth
}

/// A number that looks like chance (splitmix64).
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use eval_report::{Column, ColumnSource};
    use scoring::{Form, Keys, Pass, Registry};

    use super::*;

    /// A report of columns and their verdicts: a letter a row, `F` for a call, `T` for a text, `B` for a blocked answer.
    fn judged(columns: &[(&str, Role, &str)]) -> (Report, Vec<Scores>) {
        let scorers = vec![Registry::builtin().build("function-call").unwrap()];
        let (mut report, mut all) = (Report::new(["function-call"]), Vec::new());
        for (label, role, letters) in columns {
            let mut lines = String::new();
            for (row, letter) in letters.chars().enumerate() {
                let response = match letter {
                    'F' => r#"{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}"#,
                    'T' => r#"{"candidates":[{"content":{"parts":[{"text":"no"}]}}]}"#,
                    _ => r#"{"promptFeedback":{"blockReason":"SAFETY"}}"#,
                };
                let line = format!("{{\"key\":\"r{row:08}-00000000\",\"response\":{response}}}\n");
                lines.push_str(&line);
            }
            let mut scores = Scores::new(letters.len() as u64, &scorers);
            let form = if *role == Role::Logged { Form::Logged } else { Form::Results };
            let pass = Pass::new(&scorers).keys(Keys::ours(0..letters.len() as u64)).form(form);
            let summary = pass.run(lines.as_bytes(), &mut scores).unwrap();
            report.push(Column::of(ColumnSource {
                label,
                role: *role,
                model: None,
                variant: None,
                scores: &scores,
                summary: &summary,
            }));
            all.push(scores);
        }
        (report, all)
    }

    #[test]
    fn flips_come_before_failures_and_those_before_the_rest() {
        // Passed by both, failed by both, blocked with nothing to flip, a flip.
        let (mut report, columns) =
            judged(&[("logged", Role::Logged, "FTTF"), ("m", Role::Model, "FTBT")]);
        report.baseline = Some("logged".to_owned());
        assert_eq!(Picks::of(&report, &columns).wanted, [3, 2, 1, 0]);
        // Where the model is the baseline there are no flips, and failures by chance.
        report.baseline = Some("m".to_owned());
        let picked = Picks::of(&report, &columns).wanted;
        assert_eq!((picked[0], picked[3]), (2, 0));
    }

    #[test]
    fn the_lowest_ranks_are_those_of_sorting_all() {
        for (rows, spread) in [(0, 0), (1_000, 0), (MOST as u64, 3), (600_000, 0), (600_000, 40)] {
            let chance = |row: u64| mixed(row) >> spread << (spread / 2);
            let rank = |row: u64| chance(row) >> ROW_BITS << ROW_BITS | row;
            let mut all: Vec<_> = (0..rows).map(|row| (rank(row), row)).collect();
            all.sort_unstable();
            let wanted: Vec<u64> = all.into_iter().take(MOST).map(|(_, row)| row).collect();
            assert!(lowest(rows, rank) == wanted, "{rows} {spread}");
        }
    }

    #[test]
    fn the_rest_is_drawn_from_everywhere() {
        let (report, _) = judged(&[("m", Role::Model, "F")]);
        let columns = [Scores::new(400_000, &[])];
        let rows = Picks::of(&report, &columns).wanted;
        assert_eq!(rows.len(), MOST);
        let late = rows.iter().filter(|row| **row >= 200_000).count();
        assert!((120_000..130_000).contains(&late), "{late}");
    }

    #[test]
    fn sweeps_go_from_front_to_back_and_never_take_all_the_room() {
        let wanted: Vec<u64> = (0..50_000).map(|at| at * 7919 % 50_000).collect();
        let mut sweeps = Sweeps { wanted: &wanted };
        let (mut room, mut taken, mut parts) = (None, Vec::new(), 0);
        while let Some(part) = sweeps.next(room) {
            assert!(part.is_sorted());
            assert!(room.is_none_or(|room| part.len() as u64 <= (room / 2).max(512)));
            taken.extend(part);
            parts += 1;
            room = Some(20_000_u64.saturating_sub(taken.len() as u64));
            if room == Some(0) {
                break;
            }
        }
        assert!((20_000..20_512).contains(&taken.len()) && parts < 12, "{} {parts}", taken.len());
        // The most wanted are those that went in.
        let mut first = wanted[..taken.len()].to_vec();
        first.sort_unstable();
        taken.sort_unstable();
        assert_eq!(taken, first);
        // Where there is room for all, two parts do.
        let mut sweeps = Sweeps { wanted: &wanted };
        assert_eq!(sweeps.next(None).unwrap().len(), 512);
        assert_eq!(sweeps.next(Some(1 << 20)).unwrap().len(), 49_488);
        assert_eq!(sweeps.next(Some(1 << 20)), None);
    }
}
