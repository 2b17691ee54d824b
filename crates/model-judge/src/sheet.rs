//! What a judge said of one column's answers, a byte for each question, and the verdicts that follow from it.

use scoring::Verdict;

use crate::kind::{Kind, Opinion, Order, Relation, Winner};
use crate::said::{Lack, Said};

const UNASKED: u8 = 0;
const FIRST_LACK: u8 = 1;
const FAIL: u8 = 16;
const PASS: u8 = 17;
/// Grade 1 stands one above.
const GRADES: u8 = 20;
const FIRST: u8 = 31;
const SECOND: u8 = 32;
const TIE: u8 = 33;
const RELATIONS: u8 = 40;
const LABELS: u8 = 100;

/// What a judge said of the answers of one column: one byte a row, two for pairwise judges.
///
/// ```
/// use model_judge::{Kind, Opinion, Order, Sheet, Winner};
/// use scoring::Verdict;
/// let mut sheet = Sheet::new(Kind::Pairwise, 1);
/// for order in [Order::Forward, Order::Backward] {
///     sheet.ask(0, order);
///     // Whatever stands first is said to be better: that is no preference, but a tie.
///     sheet.note(0, order, Ok(Opinion::Winner(Winner::First)));
/// }
/// assert_eq!(sheet.verdict(0), Verdict::Value(0.5));
/// assert_eq!((sheet.tally().ties, sheet.tally().split), (1, 1));
/// ```
#[derive(Debug, Clone)]
pub struct Sheet {
    kind: Kind,
    said: Vec<u8>,
}

/// How often a judge said what, of one column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SheetTally {
    /// Questions: a row asked about in both orders is two.
    pub asked: u64,
    /// Those that were answered with something that counts.
    pub answered: u64,
    /// Those that were not, by reason.
    pub lacks: Vec<(Lack, u64)>,
    /// Rows that were asked about.
    pub rows: u64,
    /// Rows with a verdict.
    pub judged: u64,
    /// Pairwise: rows won in both orders, or in one with a tie in the other.
    pub wins: u64,
    /// Rows lost likewise.
    pub losses: u64,
    /// Rows that are neither.
    pub ties: u64,
    /// Ties because the two orders gave different winners.
    pub split: u64,
    /// Pairwise, of the questions of rows with a verdict: those answered with what stood first.
    pub first: u64,
    /// With what stood second.
    pub second: u64,
    /// With a tie.
    pub neither: u64,
    /// Factuality: rows of each relation, in the order of [`Relation::ALL`].
    pub relations: [u64; 5],
}

impl Sheet {
    /// For `rows` rows, of which none has been asked about.
    pub fn new(kind: Kind, rows: u64) -> Self {
        let length =
            usize::try_from(rows).unwrap_or(usize::MAX).saturating_mul(kind.orders().len());
        Self { said: vec![UNASKED; length], kind }
    }

    /// Notes that the judge is asked about a row: until something comes, no answer came.
    pub fn ask(&mut self, row: u64, order: Order) {
        self.set(row, order, FIRST_LACK);
    }

    /// Notes what it said.
    pub fn note(&mut self, row: u64, order: Order, said: Said) {
        let code = match said {
            Ok(opinion) => code(opinion),
            Err(lack) => {
                FIRST_LACK + Lack::ALL.iter().position(|known| *known == lack).map_or(0, small)
            }
        };
        self.set(row, order, code);
    }

    /// What the judge said of a row in one order; `None` if it was not asked.
    pub fn said(&self, row: u64, order: Order) -> Option<Said> {
        of_code(self.code(row, order)?)
    }

    /// The verdict on a row.
    ///
    /// For pairwise judges it is 1 for a win, ½ for a tie and 0 for a loss; where the orders disagree it is a tie, and
    /// where one of them has no answer that counts the row is unscorable.
    pub fn verdict(&self, row: u64) -> Verdict {
        let mut opinions = Vec::new();
        for order in self.kind.orders() {
            match self.said(row, *order) {
                None => return Verdict::unscorable("the judge was not asked about this answer"),
                Some(Err(lack)) => return Verdict::unscorable(lack.reason()),
                Some(Ok(opinion)) => opinions.push(opinion),
            }
        }
        match opinions.as_slice() {
            [Opinion::Winner(forward), Opinion::Winner(backward)] => {
                Verdict::Value(f64::from(points(*forward, *backward).signum() + 1) / 2.0)
            }
            [opinion] => self.kind.verdict(*opinion),
            _ => Verdict::unscorable("the judge's answer is of another kind"),
        }
    }

    /// How often the judge said what.
    pub fn tally(&self) -> SheetTally {
        let orders = self.kind.orders();
        let mut tally = SheetTally::default();
        let mut lacks = [0_u64; Lack::ALL.len()];
        for asked in self.said.chunks_exact(orders.len()) {
            let said: Vec<Said> = asked.iter().filter_map(|code| of_code(*code)).collect();
            tally.rows += u64::from(!said.is_empty());
            tally.asked += said.len() as u64;
            for one in &said {
                match one {
                    Ok(_) => tally.answered += 1,
                    Err(lack) => {
                        if let Some(at) = Lack::ALL.iter().position(|known| known == lack) {
                            lacks[at] += 1;
                        }
                    }
                }
            }
            let opinions: Vec<Opinion> = said.iter().filter_map(|said| said.ok()).collect();
            if opinions.len() == orders.len() {
                tally.judged += 1;
                tally.add(&opinions);
            }
        }
        tally.lacks = Lack::ALL.into_iter().zip(lacks).filter(|(_, count)| *count > 0).collect();
        tally
    }

    fn slot(&self, row: u64, order: Order) -> Option<usize> {
        let orders = self.kind.orders().len();
        let at = usize::try_from(row).ok()?.checked_mul(orders)?.checked_add(order.index())?;
        (order.index() < orders).then_some(at)
    }

    fn set(&mut self, row: u64, order: Order, code: u8) {
        if let Some(slot) = self.slot(row, order).and_then(|at| self.said.get_mut(at)) {
            *slot = code;
        }
    }

    fn code(&self, row: u64, order: Order) -> Option<u8> {
        self.said.get(self.slot(row, order)?).copied()
    }
}

impl SheetTally {
    fn add(&mut self, opinions: &[Opinion]) {
        for opinion in opinions {
            match opinion {
                Opinion::Winner(Winner::First) => self.first += 1,
                Opinion::Winner(Winner::Second) => self.second += 1,
                Opinion::Winner(Winner::Tie) => self.neither += 1,
                Opinion::Relation(relation) => {
                    let at = Relation::ALL.iter().position(|(known, _)| known == relation);
                    if let Some(count) = at.and_then(|at| self.relations.get_mut(at)) {
                        *count += 1;
                    }
                }
                _ => {}
            }
        }
        if let [Opinion::Winner(forward), Opinion::Winner(backward)] = opinions {
            match points(*forward, *backward) {
                1.. => self.wins += 1,
                ..0 => self.losses += 1,
                0 => {
                    self.ties += 1;
                    self.split += u64::from(*forward != Winner::Tie);
                }
            }
        }
    }

    /// Answers that came and cannot be used.
    pub fn unparsable(&self) -> u64 {
        self.lacks.iter().filter(|(lack, _)| lack.is_unparsable()).map(|(_, count)| count).sum()
    }

    /// Adds another column's.
    pub fn absorb(&mut self, other: &Self) {
        for (count, more) in [
            (&mut self.asked, other.asked),
            (&mut self.answered, other.answered),
            (&mut self.rows, other.rows),
            (&mut self.judged, other.judged),
            (&mut self.wins, other.wins),
            (&mut self.losses, other.losses),
            (&mut self.ties, other.ties),
            (&mut self.split, other.split),
            (&mut self.first, other.first),
            (&mut self.second, other.second),
            (&mut self.neither, other.neither),
        ] {
            *count += more;
        }
        for (count, more) in self.relations.iter_mut().zip(other.relations) {
            *count += more;
        }
        for (lack, more) in &other.lacks {
            match self.lacks.iter_mut().find(|(known, _)| known == lack) {
                Some((_, count)) => *count += more,
                None => self.lacks.push((*lack, *more)),
            }
        }
        self.lacks.sort_unstable_by_key(|(lack, _)| *lack);
    }
}

/// What the judged answer has from both orders: it stands first in the one and second in the other.
fn points(forward: Winner, backward: Winner) -> i8 {
    let first = |winner| match winner {
        Winner::First => 1,
        Winner::Second => -1,
        Winner::Tie => 0,
    };
    first(forward) - first(backward)
}

fn small(at: usize) -> u8 {
    u8::try_from(at).unwrap_or(u8::MAX)
}

fn code(opinion: Opinion) -> u8 {
    match opinion {
        Opinion::Pass(false) => FAIL,
        Opinion::Pass(true) => PASS,
        Opinion::Grade(grade) => GRADES + grade.clamp(1, 5),
        Opinion::Winner(Winner::First) => FIRST,
        Opinion::Winner(Winner::Second) => SECOND,
        Opinion::Winner(Winner::Tie) => TIE,
        Opinion::Relation(relation) => {
            RELATIONS
                + Relation::ALL.iter().position(|(known, _)| *known == relation).map_or(0, small)
        }
        Opinion::Label(at) => LABELS.saturating_add(at),
    }
}

fn of_code(code: u8) -> Option<Said> {
    Some(Ok(match code {
        UNASKED => return None,
        FAIL => Opinion::Pass(false),
        PASS => Opinion::Pass(true),
        21..=25 => Opinion::Grade(code - GRADES),
        FIRST => Opinion::Winner(Winner::First),
        SECOND => Opinion::Winner(Winner::Second),
        TIE => Opinion::Winner(Winner::Tie),
        RELATIONS..LABELS => {
            let (relation, _) = Relation::ALL.get(usize::from(code - RELATIONS))?;
            Opinion::Relation(*relation)
        }
        LABELS.. => Opinion::Label(code - LABELS),
        lack => return Lack::ALL.get(usize::from(lack - FIRST_LACK)).map(|lack| Err(*lack)),
    }))
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
