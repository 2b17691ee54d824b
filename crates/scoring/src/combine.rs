//! Scorers made of scorers: `not`, `all`, `any`.

use crate::{Needs, Row, Scorer, Verdict};

/// The opposite of a scorer: passes what it fails, and `1 - value`; a label has no opposite and is unscorable.
#[derive(Debug)]
pub struct Not {
    name: String,
    inner: Box<dyn Scorer>,
}

impl Not {
    /// The opposite of `inner`.
    pub fn new(inner: Box<dyn Scorer>) -> Self {
        let name = format!("not({})", inner.name());
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

    fn score(&self, row: &Row<'_>) -> Verdict {
        match self.inner.score(row) {
            Verdict::Pass(pass) => Verdict::Pass(!pass),
            Verdict::Value(value) => Verdict::Value(1.0 - value),
            Verdict::Label(_) => Verdict::unscorable("a label has no opposite"),
            unscorable @ Verdict::Unscorable(_) => unscorable,
        }
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

    fn score(&self, row: &Row<'_>) -> Verdict {
        fold(&self.inner, row, Extreme::Lowest)
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

    fn score(&self, row: &Row<'_>) -> Verdict {
        fold(&self.inner, row, Extreme::Highest)
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

fn fold(scorers: &[Box<dyn Scorer>], row: &Row<'_>, extreme: Extreme) -> Verdict {
    let mut grade = 1.0 - extreme.decisive();
    let mut graded = false;
    let mut unscorable = None;
    for scorer in scorers {
        let value = match scorer.score(row) {
            Verdict::Pass(pass) => f64::from(u8::from(pass)),
            Verdict::Value(value) if (0.0..=1.0).contains(&value) => {
                graded = true;
                value
            }
            Verdict::Value(_) => {
                unscorable = Some(Verdict::unscorable("a value outside 0..=1"));
                continue;
            }
            Verdict::Label(_) => {
                unscorable = Some(Verdict::unscorable("a label cannot be combined"));
                continue;
            }
            verdict @ Verdict::Unscorable(_) => {
                unscorable = Some(verdict);
                continue;
            }
        };
        grade = extreme.of(grade, value);
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

fn joined(word: &str, scorers: &[Box<dyn Scorer>]) -> String {
    let names: Vec<&str> = scorers.iter().map(|scorer| scorer.name()).collect();
    format!("{word}({})", names.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Says(Verdict);

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

    fn judge(scorer: &dyn Scorer) -> Verdict {
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
}
