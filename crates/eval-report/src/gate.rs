//! A gate as it is written: `MODEL[/VARIANT][@SCORER] >= (MODEL[/VARIANT]|logged|NUMBER) [- MARGIN]`.

use std::ops::Range;

use scoring::SpecError;

use crate::Report;

/// A condition on a report's figures that decides whether to go on.
///
/// ```
/// let gate = eval_report::Gate::parse("gemini-x/terse@json-valid >= logged - 0.02")?;
/// assert_eq!(gate.to_string(), "gemini-x/terse@json-valid >= logged - 0.02");
/// let error = eval_report::Gate::parse("gemini-x > logged").unwrap_err();
/// assert_eq!(error.caret(), "gemini-x > logged\n         ^");
/// # Ok::<(), scoring::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    text: String,
    /// The column it is about.
    pub(crate) candidate: Name,
    /// The scorer it is about; where there is but one it may be left out.
    pub(crate) scorer: Option<Name>,
    pub(crate) against: Against,
    /// In 0..=1.
    pub(crate) margin: f64,
}

/// A name and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: Range<usize>,
}

/// What the candidate is held against.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Against {
    Column(Name),
    /// In 0..=1.
    Number(f64),
}

impl std::fmt::Display for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

impl Gate {
    /// Reads a gate.
    ///
    /// # Errors
    /// What is wrong and where, with a caret.
    pub fn parse(text: &str) -> Result<Self, SpecError> {
        let Some(sign) = text.find(">=") else {
            let at = text.find(['>', '<', '=']).map_or(text.len()..text.len(), |at| at..at + 1);
            return Err(misshapen(text, at, "a gate says `>=` once"));
        };
        let (candidate, scorer) = left(text, sign)?;
        let (against, margin) = right(text, sign + 2)?;
        Ok(Self { text: text.trim().to_owned(), candidate, scorer, against, margin })
    }

    /// Whether the columns and the scorer that it names are among these, which may still be without results.
    /// `logged` always is: [`Self::check_logged`] is for a dataset without logged answers.
    ///
    /// # Errors
    /// Which name is not there, with the nearest one; or that a column is held against itself.
    pub fn check(&self, columns: &[String], scorers: &[String]) -> Result<(), SpecError> {
        let candidate = self.meant(&self.candidate, columns, "column", true)?;
        if let Against::Column(name) = &self.against {
            // A bare model means the candidate's own variant of it.
            let variant = candidate.split_once('/').map(|(_, variant)| variant);
            let own = variant.map(|variant| format!("{}/{variant}", name.text));
            let against = match own.filter(|own| columns.contains(own)) {
                Some(own) => own,
                None => self.meant(name, columns, "column", variant.is_none())?.to_owned(),
            };
            if against == candidate {
                let problem = "a column is never better or worse than itself";
                let hint = "another model, `logged`, or a number, as in `gemini-x >= 0.9`";
                let error = SpecError::new(&self.text, name.at.clone(), problem);
                return Err(error.with_hint(Some(hint.to_owned())));
            }
        }
        self.meant_scorer(scorers).map(drop)
    }

    /// The scorer among these that it names, if it names one.
    pub(crate) fn meant_scorer<'a>(
        &'a self,
        scorers: &'a [String],
    ) -> Result<Option<&'a str>, SpecError> {
        let meant = |name| self.meant(name, scorers, "scorer", true);
        self.scorer.as_ref().map(meant).transpose()
    }

    /// Which of these a name means: the one called so, or with `or_more` the only one that is called so with more behind
    /// it, a variant of a model or what a scorer is set to. Of several one has to be named.
    fn meant<'a>(
        &'a self,
        name: &'a Name,
        names: &'a [String],
        what: &str,
        or_more: bool,
    ) -> Result<&'a str, SpecError> {
        let is_column = what == "column";
        if names.contains(&name.text) || name.text == "logged" && is_column {
            return Ok(&name.text);
        }
        let sign = if is_column { '/' } else { '(' };
        let is_own = |one: &&str| {
            one.strip_prefix(name.text.as_str()).is_some_and(|rest| rest.starts_with(sign))
        };
        let all = || names.iter().map(String::as_str);
        let own: Vec<&str> = all().filter(is_own).collect();
        if let ([only], true) = (own.as_slice(), or_more) {
            return Ok(only);
        }
        let mut problem = format!("there is no {what} `{}`", name.text);
        let hint = if let Some((name, margin)) = unspaced_margin(&name.text, names) {
            format!("a space stands before the margin: `{name} - {margin}`")
        } else if !own.is_empty() {
            let several = if is_column { "is asked under variants" } else { "is several scorers" };
            problem = format!("`{}` {several}", name.text);
            format!("name one of {}", own.join(", "))
        } else if let Some(near) = scoring::nearest(&name.text, all()) {
            format!("did you mean `{near}`?")
        } else {
            format!("there are {}", names.join(", "))
        };
        Err(SpecError::new(&self.text, name.at.clone(), problem).with_hint(Some(hint)))
    }

    /// Whether it can be decided where no row has a logged answer.
    ///
    /// # Errors
    /// Where it names `logged`.
    pub fn check_logged(&self) -> Result<(), SpecError> {
        let against = match &self.against {
            Against::Column(name) => Some(name),
            Against::Number(_) => None,
        };
        let mut named = [Some(&self.candidate), against].into_iter().flatten();
        match named.find(|name| name.text == "logged") {
            None => Ok(()),
            Some(name) => {
                let problem = "no row of the dataset has a logged answer".to_owned();
                let hint = "a model of the run, or a number, as in `gemini-x >= 0.9`".to_owned();
                let error = SpecError::new(&self.text, name.at.clone(), problem);
                Err(error.with_hint(Some(hint)))
            }
        }
    }
}

/// A name that is there and the margin that was written without a space after it.
fn unspaced_margin<'a>(text: &'a str, names: &[String]) -> Option<(&'a str, &'a str)> {
    let (name, margin) = text.rsplit_once('-')?;
    let known = name == "logged" || names.iter().any(|one| one == name);
    (known && margin.parse::<f64>().is_ok()).then_some((name, margin))
}

/// What a gate looks like.
const SHAPE: &str = "as in `gemini-x >= logged - 0.02` or `gemini-x@SCORER >= 0.9`";

/// What is wrong with the part of a gate.
fn misshapen(text: &str, at: Range<usize>, problem: &str) -> SpecError {
    SpecError::new(text, at, problem).with_hint(Some(SHAPE.to_owned()))
}

/// The part of the text without the spaces around it.
fn trimmed(text: &str, within: Range<usize>) -> Range<usize> {
    let part = &text[within.clone()];
    let start = within.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

fn name(text: &str, within: Range<usize>, what: &str) -> Result<Name, SpecError> {
    let at = trimmed(text, within);
    if at.is_empty() {
        return Err(misshapen(text, at, &format!("{what} is missing")));
    }
    Ok(Name { text: text[at.clone()].to_owned(), at })
}

fn left(text: &str, end: usize) -> Result<(Name, Option<Name>), SpecError> {
    let Some(sign) = text[..end].find('@') else {
        return Ok((one_word(text, name(text, 0..end, "the model")?)?, None));
    };
    let candidate = one_word(text, name(text, 0..sign, "the model")?)?;
    Ok((candidate, Some(name(text, sign + 1..end, "the scorer")?)))
}

fn one_word(text: &str, name: Name) -> Result<Name, SpecError> {
    match name.text.find(char::is_whitespace) {
        None => Ok(name),
        Some(at) => {
            let at = name.at.start + at..name.at.end;
            Err(misshapen(text, at, "one model is expected here"))
        }
    }
}

fn right(text: &str, start: usize) -> Result<(Against, f64), SpecError> {
    let whole = trimmed(text, start..text.len());
    // Names hold `-` too; the one before the margin stands behind a space.
    let minus = text[whole.clone()].find(" -").map(|at| whole.start + at);
    let operand = name(text, whole.start..minus.unwrap_or(whole.end), "what it is held against")?;
    let margin = match minus {
        None => 0.0,
        Some(at) => share(text, trimmed(text, at + 2..text.len()), "the margin")?,
    };
    let looks_like_number =
        operand.text.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '+');
    let parses = operand.text.parse::<f64>().is_ok();
    if parses || (looks_like_number && operand.text.ends_with('%')) {
        let number = share(text, operand.at, "the number")?;
        return Ok((Against::Number(number), margin));
    }
    Ok((Against::Column(one_word(text, operand)?), margin))
}

fn share(text: &str, at: Range<usize>, what: &str) -> Result<f64, SpecError> {
    let number = text[at.clone()].parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| {
        let hint = "2 points are 0.02, and 90 % are 0.9".to_owned();
        SpecError::new(text, at, format!("{what} is a share from 0 to 1")).with_hint(Some(hint))
    })
}

impl Report {
    /// The position of the column that `MODEL`, `MODEL/VARIANT` or `logged` names.
    ///
    /// # Errors
    /// In words, when there is none, or more than one.
    pub fn find(&self, name: &str) -> Result<usize, String> {
        let named = self.models.iter().position(|column| column.title() == name);
        if let Some(at) = named {
            return Ok(at);
        }
        let of_label = || self.models.iter().enumerate().filter(|(_, column)| column.label == name);
        match of_label().count() {
            0 if name == "logged" => Err("there are no logged answers".to_owned()),
            0 => Err(format!("there is no column {name}")),
            1 => of_label().next().map(|(at, _)| at).ok_or_else(String::new),
            _ => {
                let names: Vec<String> = of_label().map(|(_, column)| column.title()).collect();
                Err(format!("{name} is several columns: {}", names.join(", ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;

    #[test]
    fn gates_are_read_as_they_are_written() {
        for (text, candidate, scorer, against, margin) in [
            ("a>=b", "a", None, Against::Column(named("b", 3)), 0.0),
            (
                "gemini-2.5-pro >= logged - 0.02",
                "gemini-2.5-pro",
                None,
                Against::Column(named("logged", 18)),
                0.02,
            ),
            (
                "a/terse@not(function-call) >= 0.9 -0.05",
                "a/terse",
                Some("not(function-call)"),
                Against::Number(0.9),
                0.05,
            ),
            (
                " a  >=  sim-pro/base  -  1 ",
                "a",
                None,
                Against::Column(named("sim-pro/base", 8)),
                1.0,
            ),
        ] {
            let gate = Gate::parse(text).unwrap();
            assert_eq!(gate.candidate.text, candidate);
            assert_eq!(gate.scorer.as_ref().map(|name| name.text.as_str()), scorer);
            assert_eq!(gate.against, against);
            assert!((gate.margin - margin).abs() < 1e-15);
        }
    }

    fn named(text: &str, start: usize) -> Name {
        Name { text: text.to_owned(), at: start..start + text.len() }
    }

    fn complaint(text: &str) -> String {
        let error = Gate::parse(text).unwrap_err();
        format!("{error}\n{}\n{}", error.caret(), error.hint().unwrap_or_default())
    }

    #[test]
    fn mistakes_have_a_caret_and_a_hint() {
        assert_snapshot!(complaint("a > logged"), @r"
        a gate says `>=` once
        a > logged
          ^
        as in `gemini-x >= logged - 0.02` or `gemini-x@SCORER >= 0.9`
        ");
        assert_snapshot!(complaint("a >= logged - 2"), @r"
        the margin is a share from 0 to 1
        a >= logged - 2
                      ^
        2 points are 0.02, and 90 % are 0.9
        ");
        assert_snapshot!(complaint("a >= 90%"), @r"
        the number is a share from 0 to 1
        a >= 90%
             ^^^
        2 points are 0.02, and 90 % are 0.9
        ");
        assert_snapshot!(complaint("@x >= 0.9"), @r"
        the model is missing
        @x >= 0.9
        ^
        as in `gemini-x >= logged - 0.02` or `gemini-x@SCORER >= 0.9`
        ");
        assert_snapshot!(complaint("a b >= c"), @r"
        one model is expected here
        a b >= c
         ^^
        as in `gemini-x >= logged - 0.02` or `gemini-x@SCORER >= 0.9`
        ");
    }

    #[test]
    fn names_that_are_not_there_are_found_before_the_run() {
        let gate = Gate::parse("sim-prp >= logged").unwrap();
        let [columns, scorers] = [["sim-pro".to_owned()], ["function-call".to_owned()]];
        let error = gate.check(&columns, &scorers).unwrap_err();
        assert_eq!(error.caret(), "sim-prp >= logged\n^^^^^^^");
        assert_eq!(error.hint(), Some("did you mean `sim-pro`?"));
        let gate = Gate::parse("sim-pro >= logged-0.02").unwrap();
        let error = gate.check(&columns, &scorers).unwrap_err();
        assert_eq!(error.hint(), Some("a space stands before the margin: `logged - 0.02`"));
        let gate = Gate::parse("sim-pro@function-cal >= 0.5").unwrap();
        assert_eq!(
            gate.check(&columns, &scorers).unwrap_err().to_string(),
            "there is no scorer `function-cal`"
        );
        Gate::parse("sim-pro@function-call >= logged - 0.1")
            .unwrap()
            .check(&columns, &scorers)
            .unwrap();
    }

    #[test]
    fn of_several_variants_one_is_named() {
        let columns = ["a/base", "a/terse", "b/base"].map(str::to_owned);
        let check = |text: &str| Gate::parse(text).unwrap().check(&columns, &[]);
        let error = check("a >= logged").unwrap_err();
        assert_eq!(error.to_string(), "`a` is asked under variants");
        assert_eq!(error.hint(), Some("name one of a/base, a/terse"));
        assert_eq!(check("a/base >= b"), Ok(()), "b under the same variant");
        assert_eq!(check("a/terse >= b").unwrap_err().hint(), Some("name one of b/base"));
        assert!(check("a/bas >= logged").is_err());
        // Of one there is no doubt.
        let columns = ["a/terse", "b/terse"].map(str::to_owned);
        let check = |text: &str| Gate::parse(text).unwrap().check(&columns, &[]);
        assert_eq!((check("a >= b"), check("logged >= a")), (Ok(()), Ok(())));
        assert_eq!(check("a/terse >= b"), Ok(()));
    }

    #[test]
    fn a_column_is_not_held_against_itself() {
        let columns = ["a/base", "a/terse", "b"].map(str::to_owned);
        for text in ["b >= b", "a/base >= a - 0.1", "a/base >= a/base", "logged >= logged"] {
            let error = Gate::parse(text).unwrap().check(&columns, &[]).unwrap_err();
            assert_eq!(error.to_string(), "a column is never better or worse than itself");
        }
        assert_eq!(Gate::parse("a/base >= a/terse").unwrap().check(&columns, &[]), Ok(()));
    }

    #[test]
    fn a_gate_on_logged_answers_wants_some() {
        assert_eq!(Gate::parse("a >= 0.9").unwrap().check_logged(), Ok(()));
        for (text, caret) in [
            ("a >= logged - 0.02", "a >= logged - 0.02\n     ^^^^^^"),
            ("logged >= 0.9", "logged >= 0.9\n^^^^^^"),
        ] {
            let error = Gate::parse(text).unwrap().check_logged().unwrap_err();
            assert_eq!(error.to_string(), "no row of the dataset has a logged answer");
            assert_eq!(error.caret(), caret);
        }
    }
}
