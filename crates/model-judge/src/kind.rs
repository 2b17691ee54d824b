//! What a judge is asked for, and what it may say.

use scoring::Verdict;
use serde_json::{Value, json};

/// What a judge is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// One answer, by a rubric.
    Rubric(Scale),
    /// Which of two answers is better.
    Pairwise,
    /// Whether an answer agrees with a reference.
    Factuality,
}

/// How a rubric is graded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scale {
    /// It meets the rubric or it does not.
    Pass,
    /// 1 to 5, kept as 0 to 1 in steps of a quarter.
    Grade,
    /// One of these, at least two and at most [`MOST_LABELS`].
    Labels(Vec<String>),
}

/// More labels than that are no choice any more.
pub const MOST_LABELS: usize = 100;

/// In which order the two answers of a pairwise judgement stand; other kinds only have [`Forward`](Self::Forward).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// The answer that is judged stands first.
    Forward,
    /// It stands second.
    Backward,
}

impl Order {
    pub(crate) fn index(self) -> usize {
        usize::from(self == Self::Backward)
    }
}

/// What a judge said of one answer or pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opinion {
    /// Whether it passes.
    Pass(bool),
    /// A grade in 1..=5.
    Grade(u8),
    /// A label by its place in the scale.
    Label(u8),
    /// Which of two is better, by its place in the prompt.
    Winner(Winner),
    /// How an answer stands to its reference.
    Relation(Relation),
}

/// Which of two answers is better, by its place in the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Winner {
    /// The one that stands first.
    First,
    /// The one that stands second.
    Second,
    /// Neither.
    Tie,
}

/// How the facts of an answer stand to those of its reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// They are the same.
    Same,
    /// All of the reference's, and others that do not contradict it.
    Superset,
    /// Some of the reference's, and none that contradicts it.
    Subset,
    /// At least one contradicts the reference.
    Contradicts,
    /// The answer says nothing of what the reference says.
    Unrelated,
}

impl Relation {
    /// Every relation with its name on the wire.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Same, "same"),
        (Self::Superset, "superset"),
        (Self::Subset, "subset"),
        (Self::Contradicts, "contradicts"),
        (Self::Unrelated, "unrelated"),
    ];

    /// Whether the answer is right: it says all that the reference says, and nothing against it.
    pub fn passes(self) -> bool {
        matches!(self, Self::Same | Self::Superset)
    }
}

impl Kind {
    /// The word for it in a scorer's text.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Rubric(_) => "rubric",
            Self::Pairwise => "pairwise",
            Self::Factuality => "factuality",
        }
    }

    /// The orders that are asked.
    pub fn orders(&self) -> &'static [Order] {
        match self {
            Self::Pairwise => &[Order::Forward, Order::Backward],
            _ => &[Order::Forward],
        }
    }

    /// The field of the judge's JSON that holds what it says.
    pub(crate) fn field(&self) -> &'static str {
        match self {
            Self::Rubric(Scale::Pass) => "pass",
            Self::Rubric(Scale::Grade) => "grade",
            Self::Rubric(Scale::Labels(_)) => "label",
            Self::Pairwise => "winner",
            Self::Factuality => "relation",
        }
    }

    /// The `responseSchema` of the judge's answer: a reason first, so that it is thought of before the verdict.
    pub(crate) fn schema(&self) -> Value {
        let field = self.field();
        let verdict = match self {
            Self::Rubric(Scale::Pass) => json!({"type": "BOOLEAN"}),
            Self::Rubric(Scale::Grade) => json!({"type": "INTEGER", "minimum": 1, "maximum": 5}),
            Self::Rubric(Scale::Labels(labels)) => json!({"type": "STRING", "enum": labels}),
            Self::Pairwise => json!({"type": "STRING", "enum": ["A", "B", "tie"]}),
            Self::Factuality => {
                json!({"type": "STRING", "enum": Relation::ALL.map(|(_, name)| name)})
            }
        };
        json!({
            "type": "OBJECT",
            "properties": {"reason": {"type": "STRING"}, field: verdict},
            "required": ["reason", field],
            "propertyOrdering": ["reason", field],
        })
    }

    /// The sentence in a prompt that says what may be said.
    pub(crate) fn scale_text(&self) -> String {
        match self {
            Self::Rubric(Scale::Pass) => {
                "Give a short reason first, then `pass`: true if the answer meets the rubric, else false.".to_owned()
            }
            Self::Rubric(Scale::Grade) => "Give a short reason first, then a `grade` from 1 (the answer fails the \
                 rubric entirely) to 5 (it meets the rubric entirely)."
                .to_owned(),
            Self::Rubric(Scale::Labels(labels)) => {
                format!("Give a short reason first, then the `label` that fits best: {}.", labels.join(", "))
            }
            Self::Pairwise => "Give a short reason first, then the `winner`: A, B, or tie if neither is better."
                .to_owned(),
            Self::Factuality => "Give a short reason first, then the `relation` of the answer to the reference: same \
                 (the same facts), superset (all of them and more, without contradiction), subset (only some of \
                 them, without contradiction), contradicts (at least one fact contradicts the reference), or \
                 unrelated (it says nothing of what the reference says)."
                .to_owned(),
        }
    }

    /// What one opinion means for a row; the winner of one order alone means nothing yet.
    pub(crate) fn verdict(&self, opinion: Opinion) -> Verdict {
        match (self, opinion) {
            (_, Opinion::Pass(pass)) => Verdict::Pass(pass),
            (_, Opinion::Grade(grade)) => Verdict::Value((f64::from(grade) - 1.0) / 4.0),
            (_, Opinion::Relation(relation)) => Verdict::Pass(relation.passes()),
            (Self::Rubric(Scale::Labels(labels)), Opinion::Label(at)) => {
                match labels.get(usize::from(at)) {
                    Some(label) => Verdict::Label(label.clone().into()),
                    None => Verdict::unscorable("the judge's label is not in its scale"),
                }
            }
            _ => Verdict::unscorable("the judge's answer is of another kind"),
        }
    }
}
