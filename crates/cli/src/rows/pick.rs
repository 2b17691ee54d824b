//! Which rows a page shows where it cannot hold all: flips and failures first, then others by chance.

use std::collections::BinaryHeap;

use scoring::{Outcome, Verdict};

use super::verdicts::Kept;

/// A page lists no more rows than these.
const MOST: usize = 250_000;
/// So many rows are read together even where there is little room.
const LEAST: usize = 512;
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

/// The rows that a page shows, the most wanted first.
#[derive(Debug, Default)]
pub(super) struct Picks {
    best: BinaryHeap<(Worth, u64, u64)>,
}

impl Picks {
    /// Offers a row, with what was kept of each of its answers and the place of the baseline among them.
    pub(super) fn offer(&mut self, number: u64, answers: &[Option<Kept>], baseline: Option<usize>) {
        let chance = mixed(SEED ^ number);
        self.best.push((worth(answers, baseline), chance, number));
        if self.best.len() > MOST {
            self.best.pop();
        }
    }

    /// The rows, those most wanted first, a part at a time.
    pub(super) fn sweeps(self) -> Sweeps {
        let rows = self.best.into_sorted_vec();
        Sweeps { wanted: rows.into_iter().map(|(_, _, number)| number).collect(), taken: 0 }
    }
}

/// Rows in parts, each of which is read from front to back: reading them as they are wanted would read the run again
/// and again.
#[derive(Debug)]
pub(super) struct Sweeps {
    wanted: Vec<u64>,
    taken: usize,
}

impl Sweeps {
    /// The next part, in the order of the rows' numbers, where there is room for about so many.
    ///
    /// It takes half of the room, so that what there is no room for is never something wanted more than what went in
    /// before; the last of the room is filled in small parts.
    pub(super) fn next(&mut self, room: Option<u64>) -> Option<Vec<u64>> {
        let room = usize::try_from(room.unwrap_or_default()).unwrap_or(usize::MAX);
        let rest = &self.wanted[self.taken..];
        let part = if rest.len() < room / 2 { rest.len() } else { (room / 2).max(LEAST) };
        let mut part = rest[..part.min(rest.len())].to_vec();
        self.taken += part.len();
        part.sort_unstable();
        (!part.is_empty()).then_some(part)
    }
}

fn worth(answers: &[Option<Kept>], baseline: Option<usize>) -> Worth {
    let base = baseline.and_then(|at| answers.get(at)?.as_ref());
    let mut worth = Worth::Other;
    for (at, answer) in answers.iter().enumerate().skip(1) {
        let Some(answer) = answer else { continue };
        if answer.outcome != Outcome::Answered {
            worth = worth.min(Worth::Unusual);
        }
        for (scorer, verdict) in answer.verdicts.iter().enumerate() {
            let (Some(Verdict::Pass(pass)), true) = (verdict, Some(at) != baseline) else {
                continue;
            };
            let of_base = base.and_then(|base| base.verdicts.get(scorer)?.as_ref());
            if matches!(of_base, Some(Verdict::Pass(other)) if other != pass) {
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
    use super::*;

    fn kept(outcome: Outcome, pass: bool) -> Kept {
        Kept { outcome, verdicts: vec![Some(Verdict::Pass(pass))] }
    }

    #[test]
    fn flips_come_before_failures_and_those_before_the_rest() {
        let mut picks = Picks::default();
        let logged = || Some(kept(Outcome::Answered, true));
        picks.offer(0, &[logged(), Some(kept(Outcome::Answered, true))], Some(0));
        picks.offer(
            1,
            &[Some(kept(Outcome::Answered, false)), Some(kept(Outcome::Answered, false))],
            Some(0),
        );
        picks.offer(2, &[None, Some(kept(Outcome::Blocked, true))], Some(0));
        picks.offer(3, &[logged(), Some(kept(Outcome::Answered, false))], Some(0));
        assert_eq!(picks.sweeps().wanted, [3, 2, 1, 0]);
    }

    #[test]
    fn the_rest_is_drawn_from_everywhere() {
        let mut picks = Picks::default();
        (0..400_000).for_each(|number| picks.offer(number, &[], None));
        let rows = picks.sweeps().wanted;
        assert_eq!(rows.len(), MOST);
        let late = rows.iter().filter(|row| **row >= 200_000).count();
        assert!((120_000..130_000).contains(&late), "{late}");
    }

    #[test]
    fn sweeps_go_from_front_to_back_and_never_take_all_the_room() {
        let wanted: Vec<u64> = (0..50_000).map(|at| at * 7919 % 50_000).collect();
        let mut sweeps = Sweeps { wanted: wanted.clone(), taken: 0 };
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
        let mut sweeps = Sweeps { wanted, taken: 0 };
        assert_eq!(sweeps.next(None).unwrap().len(), 512);
        assert_eq!(sweeps.next(Some(1 << 20)).unwrap().len(), 49_488);
        assert_eq!(sweeps.next(Some(1 << 20)), None);
    }
}
