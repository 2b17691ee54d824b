//! Prompts as templates: text with `{{slots}}`, filled in one go, so that nothing filled in is a slot again.

use std::fmt::Write as _;

use scoring::nearest;

use crate::Kind;

/// A place in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    Rubric,
    Scale,
    Request,
    Answer,
    AnswerA,
    AnswerB,
    Reference,
}

const SLOTS: [(&str, Slot); 7] = [
    ("rubric", Slot::Rubric),
    ("scale", Slot::Scale),
    ("request", Slot::Request),
    ("answer", Slot::Answer),
    ("answer_a", Slot::AnswerA),
    ("answer_b", Slot::AnswerB),
    ("reference", Slot::Reference),
];

/// The prompt of a judge: text with slots.
///
/// ```
/// use model_judge::{Kind, Template};
/// let error = Template::parse("Is this good?\n{{anwser}}", &Kind::Factuality).unwrap_err();
/// assert_eq!(error.to_string(), "line 2 has an unknown slot {{anwser}}; did you mean {{answer}}?");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Slot(Slot),
}

/// Why a text is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// A slot that nothing fills.
    #[error("line {line} has an unknown slot {{{{{name}}}}}{}", hint.as_deref().map(|name| format!("; did you mean {{{{{name}}}}}?")).unwrap_or_default())]
    Unknown {
        /// Counted from 1.
        line: usize,
        /// What stands between the braces.
        name: String,
        /// The slot that is spelled most alike.
        hint: Option<String>,
    },
    /// `{{` without `}}`.
    #[error("line {line} opens a slot with {{{{ and does not close it")]
    Open {
        /// Counted from 1.
        line: usize,
    },
    /// What is judged does not come in.
    #[error("it lacks {{{{{0}}}}}: what is judged would not stand in the prompt")]
    Lacks(&'static str),
    /// What another kind of judge is given.
    #[error("a judge of this kind has no {{{{{0}}}}}")]
    Foreign(&'static str),
}

impl Template {
    /// The template that a kind of judge has unless it is given another.
    pub fn default_text(kind: &Kind) -> &'static str {
        match kind {
            Kind::Rubric(_) => include_str!("../templates/rubric.txt"),
            Kind::Pairwise => include_str!("../templates/pairwise.txt"),
            Kind::Factuality => include_str!("../templates/factuality.txt"),
        }
    }

    /// Reads a template for judges of this kind.
    ///
    /// # Errors
    /// [`TemplateError`] for slots that are unknown, open, of another kind, or lacking.
    pub fn parse(text: &str, kind: &Kind) -> Result<Self, TemplateError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            let line = text[..text.len() - after.len()].matches('\n').count() + 1;
            let (name, after) = after.split_once("}}").ok_or(TemplateError::Open { line })?;
            let name = name.trim();
            let Some((_, slot)) = SLOTS.iter().find(|(known, _)| *known == name) else {
                let name: String = name.chars().take(40).collect();
                let hint = nearest(&name, SLOTS.iter().map(|(known, _)| *known)).map(str::to_owned);
                return Err(TemplateError::Unknown { line, name, hint });
            };
            pieces.push(Piece::Text(before.to_owned()));
            pieces.push(Piece::Slot(*slot));
            rest = after;
        }
        pieces.push(Piece::Text(rest.to_owned()));
        let template = Self { text: text.to_owned(), pieces };
        template.check(kind).map(|()| template)
    }

    fn check(&self, kind: &Kind) -> Result<(), TemplateError> {
        let (needed, foreign): (&[Slot], &[Slot]) = match kind {
            Kind::Rubric(_) => (&[Slot::Answer], &[Slot::AnswerA, Slot::AnswerB]),
            Kind::Pairwise => (&[Slot::AnswerA, Slot::AnswerB], &[Slot::Answer]),
            Kind::Factuality => (&[Slot::Answer, Slot::Reference], &[Slot::AnswerA, Slot::AnswerB]),
        };
        let name = |slot: &Slot| {
            SLOTS.iter().find(|(_, known)| known == slot).map_or("", |(name, _)| *name)
        };
        if let Some(lacking) = needed.iter().find(|slot| !self.has(**slot)) {
            return Err(TemplateError::Lacks(name(lacking)));
        }
        match foreign.iter().find(|slot| self.has(**slot)) {
            Some(foreign) => Err(TemplateError::Foreign(name(foreign))),
            None => Ok(()),
        }
    }

    /// The text that it was read from.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn has(&self, slot: Slot) -> bool {
        self.pieces.contains(&Piece::Slot(slot))
    }

    /// The text with its slots filled.
    pub(crate) fn fill<'a>(&self, filling: impl Fn(Slot) -> std::borrow::Cow<'a, str>) -> String {
        let mut filled = String::new();
        for piece in &self.pieces {
            // Writing to a string cannot fail.
            let _ = match piece {
                Piece::Text(text) => filled.write_str(text),
                Piece::Slot(slot) => filled.write_str(&filling(*slot)),
            };
        }
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Scale;

    #[test]
    fn every_default_is_a_template_of_its_kind() {
        for kind in [Kind::Rubric(Scale::Pass), Kind::Pairwise, Kind::Factuality] {
            Template::parse(Template::default_text(&kind), &kind).unwrap();
        }
    }

    #[test]
    fn what_is_wrong_with_a_template_is_said() {
        let rubric = Kind::Rubric(Scale::Grade);
        for (text, kind, want) in [
            ("{{answer", &rubric, "line 1 opens a slot with {{ and does not close it"),
            ("a\nb {{x y}} {{answer}}", &rubric, "line 2 has an unknown slot {{x y}}"),
            (
                "{{rubric}}",
                &rubric,
                "it lacks {{answer}}: what is judged would not stand in the prompt",
            ),
            ("{{answer}} {{ answer_a }}", &rubric, "a judge of this kind has no {{answer_a}}"),
            (
                "{{answer_a}}",
                &Kind::Pairwise,
                "it lacks {{answer_b}}: what is judged would not stand in the prompt",
            ),
        ] {
            assert_eq!(Template::parse(text, kind).unwrap_err().to_string(), want);
        }
    }

    #[test]
    fn what_is_filled_in_is_no_slot_again() {
        let template =
            Template::parse("{{ rubric }}|{{answer}}|{{rubric}}", &Kind::Rubric(Scale::Pass))
                .unwrap();
        let filled = template.fill(|slot| match slot {
            Slot::Answer => "{{rubric}} }} {{".into(),
            _ => "r".into(),
        });
        assert_eq!(filled, "r|{{rubric}} }} {{|r");
    }
}
