//! Scorers made of scorers: `not`, `all`, `any`, `weighted`.

use std::borrow::Cow;

use crate::fingerprint::bearable;
use crate::{Needs, Row, Scorer, ScorerError, Verdict};

mod weighted;

pub use weighted::Weighted;

/// The opposite of a scorer: passes what it fails, and `1 - value`; a label has no opposite and is unscorable.
#[derive(Debug)]
pub struct Not {
    name: String,
    inner: Box<dyn Scorer>,
}

impl Not {
    /// The opposite of `inner`.
    pub fn new(inner: Box<dyn Scorer>) -> Self {
        let name = bearable(format!("not({})", inner.name()));
        Self { name, inner }
    }
}

impl Scorer for Not {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        self.inner.needs()
    }

    fn version(&self) -> Cow<'_, str> {
        self.inner.version()
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        opposite(self.inner.score(row))
    }

    fn prefers_batches(&self) -> bool {
        self.inner.prefers_batches()
    }

    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        Ok(self.inner.score_all(rows)?.into_iter().map(opposite).collect())
    }
}

fn opposite(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Pass(pass) => Verdict::Pass(!pass),
        Verdict::Value(value) => Verdict::Value(1.0 - value),
        Verdict::Label(_) => Verdict::unscorable("a label has no opposite"),
        Verdict::Choice { given, truth } => Verdict::Pass(given != truth),
        unscorable @ Verdict::Unscorable(_) => unscorable,
    }
}

/// Passes where every scorer passes; with graded scorers it is the lowest grade.
///
/// One failure decides even where another scorer cannot tell; otherwise a row that one cannot tell is unscorable.
#[derive(Debug)]
pub struct All {
    name: String,
    inner: Vec<Box<dyn Scorer>>,
}

impl All {
    /// All of `inner`; with no scorer every row passes.
    pub fn new(inner: Vec<Box<dyn Scorer>>) -> Self {
        let name = joined("all", &inner);
        Self { name, inner }
    }
}

impl Scorer for All {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        needs_of(&self.inner)
    }

    fn version(&self) -> Cow<'_, str> {
        versions_of(&self.inner)
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        fold(each(&self.inner, row), Extreme::Lowest)
    }

    fn prefers_batches(&self) -> bool {
        prefer_batches(&self.inner)
    }

    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        in_batches(&self.inner, rows, |verdicts| fold(verdicts, Extreme::Lowest))
    }
}

/// Passes where at least one scorer passes; with graded scorers it is the highest grade.
///
/// One pass decides even where another scorer cannot tell; otherwise a row that one cannot tell is unscorable.
#[derive(Debug)]
pub struct Any {
    name: String,
    inner: Vec<Box<dyn Scorer>>,
}

impl Any {
    /// Any of `inner`; with no scorer no row passes.
    pub fn new(inner: Vec<Box<dyn Scorer>>) -> Self {
        let name = joined("any", &inner);
        Self { name, inner }
    }
}

impl Scorer for Any {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        needs_of(&self.inner)
    }

    fn version(&self) -> Cow<'_, str> {
        versions_of(&self.inner)
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        fold(each(&self.inner, row), Extreme::Highest)
    }

    fn prefers_batches(&self) -> bool {
        prefer_batches(&self.inner)
    }

    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        in_batches(&self.inner, rows, |verdicts| fold(verdicts, Extreme::Highest))
    }
}

#[derive(Clone, Copy)]
enum Extreme {
    Lowest,
    Highest,
}

impl Extreme {
    /// The grade that decides alone.
    fn decisive(self) -> f64 {
        match self {
            Self::Lowest => 0.0,
            Self::Highest => 1.0,
        }
    }

    fn of(self, one: f64, other: f64) -> f64 {
        match self {
            Self::Lowest => one.min(other),
            Self::Highest => one.max(other),
        }
    }
}

/// Passes as grades; with whether it is one. Otherwise why there is none.
fn grade_of(verdict: Verdict) -> Result<(f64, bool), Verdict> {
    let pass = |pass: bool| (f64::from(u8::from(pass)), false);
    match verdict {
        Verdict::Pass(right) => Ok(pass(right)),
        Verdict::Choice { given, truth } => Ok(pass(given == truth)),
        Verdict::Value(value) if (0.0..=1.0).contains(&value) => Ok((value, true)),
        Verdict::Value(_) => Err(Verdict::unscorable("a value outside 0..=1")),
        Verdict::Label(_) => Err(Verdict::unscorable("a label cannot be combined")),
        unscorable @ Verdict::Unscorable(_) => Err(unscorable),
    }
}

/// What each of them says of a row.
fn each(scorers: &[Box<dyn Scorer>], row: &Row<'_>) -> impl Iterator<Item = Verdict> {
    scorers.iter().map(|scorer| scorer.score(row))
}

fn prefer_batches(scorers: &[Box<dyn Scorer>]) -> bool {
    scorers.iter().any(|scorer| scorer.prefers_batches())
}

/// Has each scorer judge all rows at once, and folds what they said of each row.
fn in_batches(
    scorers: &[Box<dyn Scorer>],
    rows: &[Row<'_>],
    fold: impl Fn(&mut dyn Iterator<Item = Verdict>) -> Verdict,
) -> Result<Vec<Verdict>, ScorerError> {
    let columns: Result<Vec<_>, _> = scorers.iter().map(|scorer| scorer.score_all(rows)).collect();
    let mut columns: Vec<_> = columns?.into_iter().map(Vec::into_iter).collect();
    Ok(rows.iter().map(|_| fold(&mut columns.iter_mut().filter_map(Iterator::next))).collect())
}

fn fold(verdicts: impl IntoIterator<Item = Verdict>, extreme: Extreme) -> Verdict {
    let mut grade = 1.0 - extreme.decisive();
    let mut graded = false;
    let mut unscorable = None;
    for verdict in verdicts {
        match grade_of(verdict) {
            Ok((value, is_grade)) => {
                graded |= is_grade;
                grade = extreme.of(grade, value);
            }
            Err(verdict) => unscorable = Some(verdict),
        }
    }
    let decided = (grade - extreme.decisive()).abs() < f64::EPSILON;
    match unscorable {
        Some(verdict) if !decided => verdict,
        _ if graded => Verdict::Value(grade),
        _ => Verdict::Pass(grade > 0.5),
    }
}

fn needs_of(scorers: &[Box<dyn Scorer>]) -> Needs {
    scorers.iter().fold(Needs::NOTHING, |needs, scorer| needs.or(scorer.needs()))
}

fn versions_of(scorers: &[Box<dyn Scorer>]) -> Cow<'_, str> {
    let versions: Vec<_> = scorers.iter().map(|scorer| scorer.version()).collect();
    format!("1({})", versions.join(",")).into()
}

fn joined(word: &str, scorers: &[Box<dyn Scorer>]) -> String {
    let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name()).collect();
    bearable(format!("{word}({})", names.join(",")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    pub(super) struct Says(pub(super) Verdict);

    impl Scorer for Says {
        fn name(&self) -> &'static str {
            "says"
        }
        fn needs(&self) -> Needs {
            Needs::NOTHING.and_logged()
        }
        fn score(&self, _row: &Row<'_>) -> Verdict {
            self.0.clone()
        }
    }

    fn says(verdicts: &[Verdict]) -> Vec<Box<dyn Scorer>> {
        let boxed = |verdict: &Verdict| Box::new(Says(verdict.clone())) as Box<dyn Scorer>;
        verdicts.iter().map(boxed).collect()
    }

    pub(super) fn judge(scorer: &dyn Scorer) -> Verdict {
        let line = serde_json::from_str("{}").unwrap();
        scorer.score(&Row::of_line(0, line))
    }

    #[track_caller]
    fn check(verdicts: &[Verdict], all: &Verdict, any: &Verdict) {
        assert_eq!(&judge(&All::new(says(verdicts))), all, "all of {verdicts:?}");
        assert_eq!(&judge(&Any::new(says(verdicts))), any, "any of {verdicts:?}");
    }

    #[test]
    fn all_and_any_follow_three_valued_logic() {
        let (yes, no, dunno) =
            (Verdict::Pass(true), Verdict::Pass(false), Verdict::unscorable("?"));
        check(&[], &yes, &no);
        check(&[yes.clone(), yes.clone()], &yes, &yes);
        check(&[yes.clone(), no.clone()], &no, &yes);
        check(&[no.clone(), no.clone()], &no, &no);
        check(&[dunno.clone(), no.clone()], &no, &dunno);
        check(&[yes.clone(), dunno.clone()], &dunno, &yes);
        check(&[yes.clone(), Verdict::Value(0.25)], &Verdict::Value(0.25), &Verdict::Value(1.0));
    }

    #[test]
    fn not_turns_passes_and_grades_and_keeps_doubt() {
        let not = |verdict: Verdict| judge(&Not::new(Box::new(Says(verdict))));
        assert_eq!(not(Verdict::Pass(true)), Verdict::Pass(false));
        assert_eq!(not(Verdict::Value(0.25)), Verdict::Value(0.75));
        assert_eq!(not(Verdict::unscorable("?")), Verdict::unscorable("?"));
        assert!(!not(Verdict::Label("spam".into())).is_scored());
    }

    #[test]
    fn names_and_needs_come_from_within() {
        let any = Any::new(says(&[Verdict::Pass(true), Verdict::Pass(true)]));
        assert_eq!(any.name(), "any(says,says)");
        assert!(any.needs().logged && !any.needs().request);
    }

    /// Judges only many rows at once.
    #[derive(Debug)]
    struct Batched(Verdict);

    impl Scorer for Batched {
        fn name(&self) -> &'static str {
            "batched"
        }
        fn needs(&self) -> Needs {
            Needs::NOTHING
        }
        fn score(&self, _row: &Row<'_>) -> Verdict {
            Verdict::unscorable("asked alone")
        }
        fn prefers_batches(&self) -> bool {
            true
        }
        fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
            Ok(vec![self.0.clone(); rows.len()])
        }
    }

    #[test]
    fn whoever_prefers_batches_gets_them_within_others_too() {
        let batched = |pass| Box::new(Batched(Verdict::Pass(pass))) as Box<dyn Scorer>;
        let says = |pass| Box::new(Says(Verdict::Pass(pass))) as Box<dyn Scorer>;
        let line = serde_json::from_str("{}").unwrap();
        let rows = [Row::of_line(0, line), Row::of_line(1, line)];
        let judge = |scorer: &dyn Scorer| {
            assert!(scorer.prefers_batches());
            scorer.score_all(&rows).unwrap()
        };
        let pass = |pass| vec![Verdict::Pass(pass); 2];
        assert_eq!(judge(&Not::new(batched(true))), pass(false));
        assert_eq!(judge(&All::new(vec![says(true), batched(true)])), pass(true));
        assert_eq!(
            judge(&Any::new(vec![says(false), Box::new(Not::new(batched(true)))])),
            pass(false)
        );
        let weighted = Weighted::new(vec![(3.0, batched(true)), (1.0, says(false))]);
        assert_eq!(judge(&weighted), vec![Verdict::Value(0.75); 2]);
        assert!(!All::new(vec![says(true)]).prefers_batches());
    }
}
