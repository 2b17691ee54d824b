//! Scorers that look for texts in the text of an answer.

use std::borrow::Cow;

use regex::RegexBuilder;

use super::answer::Answer;
use super::target::Target;
use super::{Builtin, EXPECTED, IGNORE_CASE, Made, VALUE, param, rule};
use crate::{ExpectedFrom, ParamError, Params, Row, Verdict};

pub(super) const ALL: &[Builtin] = &[
    Builtin {
        name: "equals",
        about: "the text of the answer is the expected one, or one of several; white space around it is nothing",
        params: &[
            VALUE,
            EXPECTED,
            IGNORE_CASE,
            param("exact", "switch", "", "white space around the text counts"),
        ],
        example: r#"equals(expected="/metadata/answer", ignore-case)"#,
        make: equals,
    },
    Builtin {
        name: "contains",
        about: "the text of the answer contains the expected one, or any or all of several",
        params: &[
            VALUE,
            EXPECTED,
            param("any", "texts", "", "at least one of these must be in the text"),
            param("all", "texts", "", "each of these must be in the text"),
            IGNORE_CASE,
        ],
        example: r#"contains(all=["refund", "14 days"], ignore-case)"#,
        make: contains,
    },
    Builtin {
        name: "starts-with",
        about: "the text of the answer begins with the expected one, or one of several",
        params: &[VALUE, EXPECTED, IGNORE_CASE],
        example: r#"starts-with(value=["Yes", "No"])"#,
        make: |params| affix(params, |text, affix| text.trim_start().starts_with(affix)),
    },
    Builtin {
        name: "ends-with",
        about: "the text of the answer ends with the expected one, or one of several",
        params: &[VALUE, EXPECTED, IGNORE_CASE],
        example: r#"ends-with(value=".")"#,
        make: |params| affix(params, |text, affix| text.trim_end().ends_with(affix)),
    },
    Builtin {
        name: "regex",
        about: "the text of the answer matches a regular expression, somewhere or as a whole",
        params: &[
            param("pattern", "regular expression", "", "in the syntax of Rust's regex; needed"),
            param("full", "switch", "", "the whole text must match, but for white space around it"),
            IGNORE_CASE,
        ],
        example: r#"regex(pattern="[A-Z]{3}-[0-9]+")"#,
        make: regex,
    },
];

/// Texts as they are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    ignored: bool,
}

impl Case {
    /// Upper and lower case are two.
    #[cfg(test)]
    pub(super) const EXACT: Self = Self { ignored: false };

    pub(super) fn take(params: &mut Params) -> Result<Self, ParamError> {
        Ok(Self { ignored: params.flag("ignore-case")? })
    }

    pub(super) fn of(self, text: Cow<'_, str>) -> Cow<'_, str> {
        if self.ignored { text.to_lowercase().into() } else { text }
    }

    pub(super) fn all(self, texts: &[String]) -> Vec<String> {
        texts.iter().map(|text| self.of(text.into()).into_owned()).collect()
    }
}

/// The text of the answer to a row; the verdict of a row that has none.
pub(super) fn text_of<'a>(row: &Row<'a>) -> Result<Cow<'a, str>, Verdict> {
    Answer::of(row).text().ok_or(Verdict::Pass(false))
}

fn equals(params: &mut Params) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    target.check_texts()?;
    let case = Case::take(params)?;
    let exact = params.flag("exact")?;
    rule(params, target.needs(), move |row| {
        let wanted = target.texts(row)?;
        let text = case.of(text_of(row)?);
        let is_it = |wanted: Cow<'_, str>| {
            let wanted = case.of(wanted);
            if exact { text == wanted } else { text.trim() == wanted.trim() }
        };
        Ok(Verdict::Pass(wanted.into_iter().any(is_it)))
    })
}

fn contains(params: &mut Params) -> Made {
    let target = Target::given(params, Some(&ExpectedFrom::Given))?;
    let (any, all) = (params.texts("any")?, params.texts("all")?);
    let case = Case::take(params)?;
    let is_listed = any.is_some() || all.is_some();
    if target.is_some() && is_listed {
        let problem = "`any` and `all` stand in place of `value` and `expected`";
        return Err(ParamError::new(if any.is_some() { "any" } else { "all" }, problem));
    }
    if is_listed {
        let (any, all) = (any.map(|any| case.all(&any)), case.all(&all.unwrap_or_default()));
        return rule(params, crate::Needs::NOTHING, move |row| {
            let text = case.of(text_of(row)?);
            let is_in = |part: &String| text.contains(part.as_str());
            let some = any.as_ref().is_none_or(|any| any.iter().any(is_in));
            Ok(Verdict::Pass(some && all.iter().all(is_in)))
        });
    }
    let target = target.unwrap_or(Target::From(ExpectedFrom::Given));
    target.check_texts()?;
    rule(params, target.needs(), move |row| {
        let wanted = target.texts(row)?;
        let text = case.of(text_of(row)?);
        Ok(Verdict::Pass(wanted.into_iter().any(|part| text.contains(case.of(part).as_ref()))))
    })
}

fn affix(params: &mut Params, has: fn(&str, &str) -> bool) -> Made {
    let target = Target::take(params, &ExpectedFrom::Given)?;
    target.check_texts()?;
    let case = Case::take(params)?;
    rule(params, target.needs(), move |row| {
        let wanted = target.texts(row)?;
        let text = case.of(text_of(row)?);
        Ok(Verdict::Pass(wanted.into_iter().any(|affix| has(&text, case.of(affix).trim()))))
    })
}

fn regex(params: &mut Params) -> Made {
    let Some(pattern) = params.text("pattern")? else {
        return Err(ParamError::new("pattern", "`pattern` is needed"));
    };
    let full = params.flag("full")?;
    let ignore_case = params.flag("ignore-case")?;
    let whole = if full { format!(r"\A\s*(?:{pattern})\s*\z") } else { pattern.clone() };
    let compile = |pattern: &str| RegexBuilder::new(pattern).case_insensitive(ignore_case).build();
    // Alone first, so that what is wrong is said of it and not of what stands around it.
    let compiled = compile(&pattern).and_then(|_| compile(&whole)).map_err(|error| {
        let error = error.to_string();
        let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        ParamError::new("pattern", format!("`pattern` is no regular expression: {last}"))
    })?;
    rule(params, crate::Needs::NOTHING, move |row| {
        Ok(Verdict::Pass(compiled.is_match(&text_of(row)?)))
    })
}
