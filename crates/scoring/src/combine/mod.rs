//! Scorers made of scorers: `not`, `all`, `any`, `weighted`.

use std::borrow::Cow;

use crate::fingerprint::bearable;
use crate::{Needs, Row, Scorer, ScorerError, Verdict};

mod how;

use how::How;

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

/// Several scorers whose verdicts on a row make one.
#[derive(Debug)]
pub struct Combined {
    name: String,
    inner: Vec<Box<dyn Scorer>>,
    how: How,
}

impl Combined {
    /// Passes where every scorer passes; with graded scorers it is the lowest grade. With no scorer every row passes.
    ///
    /// One failure decides even where another scorer cannot tell; otherwise a row that one cannot tell is unscorable.
    pub fn all(inner: Vec<Box<dyn Scorer>>) -> Self {
        Self::new("all", inner, How::Lowest)
    }

    /// Passes where at least one scorer passes; with graded scorers it is the highest grade. With no scorer no row
    /// passes.
    ///
    /// One pass decides even where another scorer cannot tell; otherwise a row that one cannot tell is unscorable.
    pub fn any(inner: Vec<Box<dyn Scorer>>) -> Self {
        Self::new("any", inner, How::Highest)
    }

    /// The mean of scorers' grades, each with its weight, where a pass is 1 and a fail 0; unscorable where one of them
    /// is. Weights that are no numbers above 0 count as 1.
    ///
    /// ```
    /// use scoring::{Registry, Row, Verdict};
    /// let line = serde_json::from_str(r#"{"response": {"candidates": [{"content": {"parts": [{"text": "ab"}]}}]}}"#)?;
    /// let scorer = Registry::builtin().build(r#"weighted(3*contains(value="a"), contains(value="x"))"#)?;
    /// assert_eq!(scorer.score(&Row::of_line(0, line)), Verdict::Value(0.75));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn weighted(inner: Vec<(f64, Box<dyn Scorer>)>) -> Self {
        let sound = |weight: f64| {
            if weight.is_finite() && weight > 0.0 { weight } else { 1.0 }
        };
        let (weights, inner) =
            inner.into_iter().map(|(weight, scorer)| (sound(weight), scorer)).unzip();
        Self::new("weighted", inner, How::Mean(weights))
    }

    fn new(word: &str, inner: Vec<Box<dyn Scorer>>, how: How) -> Self {
        let names = inner.iter().map(|scorer| scorer.name()).enumerate();
        let names: Vec<String> = names.map(|(at, name)| how.times(at) + name).collect();
        let name = bearable(format!("{word}({})", names.join(",")));
        Self { name, inner, how }
    }
}

impl Scorer for Combined {
    fn name(&self) -> &str {
        &self.name
    }

    fn needs(&self) -> Needs {
        self.inner.iter().fold(Needs::NOTHING, |needs, scorer| needs.or(scorer.needs()))
    }

    fn version(&self) -> Cow<'_, str> {
        let versions: Vec<_> = self.inner.iter().map(|scorer| scorer.version()).collect();
        format!("1({})", versions.join(",")).into()
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        self.how.fold(self.inner.iter().map(|scorer| scorer.score(row)))
    }

    fn prefers_batches(&self) -> bool {
        self.inner.iter().any(|scorer| scorer.prefers_batches())
    }

    /// Has each scorer judge all rows at once, and folds what they said of each row.
    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        let columns = self.inner.iter().map(|scorer| scorer.score_all(rows).map(Vec::into_iter));
        let mut columns = columns.collect::<Result<Vec<_>, _>>()?;
        let mut next = |_| self.how.fold(columns.iter_mut().filter_map(Iterator::next));
        Ok(rows.iter().map(&mut next).collect())
    }
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
        assert_eq!(&judge(&Combined::all(says(verdicts))), all, "all of {verdicts:?}");
        assert_eq!(&judge(&Combined::any(says(verdicts))), any, "any of {verdicts:?}");
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
        let any = Combined::any(says(&[Verdict::Pass(true), Verdict::Pass(true)]));
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
        assert_eq!(judge(&Combined::all(vec![says(true), batched(true)])), pass(true));
        assert_eq!(
            judge(&Combined::any(vec![says(false), Box::new(Not::new(batched(true)))])),
            pass(false)
        );
        let weighted = Combined::weighted(vec![(3.0, batched(true)), (1.0, says(false))]);
        assert_eq!(judge(&weighted), vec![Verdict::Value(0.75); 2]);
        assert!(!Combined::all(vec![says(true)]).prefers_batches());
    }

    #[test]
    fn weights_make_means_and_doubt_stays_doubt() {
        let weighted = |parts: &[(f64, Verdict)]| {
            let boxed = |(weight, verdict): &(f64, Verdict)| {
                (*weight, Box::new(Says(verdict.clone())) as Box<dyn Scorer>)
            };
            Combined::weighted(parts.iter().map(boxed).collect())
        };
        let right = Verdict::Choice { given: "a".into(), truth: "a".into() };
        let scorer =
            weighted(&[(2.0, right), (1.0, Verdict::Value(0.25)), (1.0, Verdict::Pass(false))]);
        assert_eq!(scorer.name(), "weighted(2*says,says,says)");
        assert_eq!(judge(&scorer), Verdict::Value(0.5625));
        let doubt = [(1.0, Verdict::Pass(true)), (9.0, Verdict::unscorable("?"))];
        assert_eq!(judge(&weighted(&doubt)), Verdict::unscorable("?"));
        assert!(!judge(&weighted(&[])).is_scored());
        // Weights whose sum is beyond all numbers make no mean.
        let heavy = || (f64::MAX, Verdict::Pass(true));
        assert!(!judge(&weighted(&[heavy(), heavy()])).is_scored());
    }
}
