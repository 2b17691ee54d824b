//! How far a judge agrees with people, beyond chance.

use eval_stats::{Agreement, Disagreement, kappa};
use serde_json::Value;

use crate::kind::{Kind, Opinion, Scale};

/// Rows by what people said of them and what the judge said.
///
/// ```
/// use model_judge::{Humans, Kind, Opinion, Scale};
/// let mut humans = Humans::new(&Kind::Rubric(Scale::Pass));
/// humans.add(&serde_json::json!(true), Opinion::Pass(true));
/// humans.add(&serde_json::json!("fail"), Opinion::Pass(true));
/// humans.add(&serde_json::json!("perhaps"), Opinion::Pass(true));
/// assert_eq!((humans.rows(), humans.strangers()), (2, 1));
/// assert_eq!(humans.agreement(0.95).unwrap().share, 0.5);
/// ```
#[derive(Debug, Clone)]
pub struct Humans {
    kind: Kind,
    /// People's label first.
    table: Vec<Vec<u64>>,
    strangers: u64,
}

impl Humans {
    /// No rows yet, for a judge of this kind.
    pub fn new(kind: &Kind) -> Self {
        let labels = match kind {
            Kind::Rubric(Scale::Grade) => 5,
            Kind::Rubric(Scale::Labels(labels)) => labels.len(),
            _ => 2,
        };
        Self { kind: kind.clone(), table: vec![vec![0; labels]; labels], strangers: 0 }
    }

    /// Adds a row: what people said of it and what the judge said.
    ///
    /// People say pass or fail as true and false, 1 and 0, or `pass` and `fail`; a grade as a number from 1 to 5; a
    /// label by its name. Anything else is a stranger and counts for nothing.
    pub fn add(&mut self, human: &Value, judge: Opinion) {
        let cell = self.place(human).zip(judged(judge));
        match cell.and_then(|(human, judge)| self.table.get_mut(human)?.get_mut(judge)) {
            Some(count) => *count += 1,
            None => self.strangers += 1,
        }
    }

    /// Rows that both graded.
    pub fn rows(&self) -> u64 {
        self.table.iter().flatten().sum()
    }

    /// Rows whose human label the judge's scale does not have.
    pub fn strangers(&self) -> u64 {
        self.strangers
    }

    /// The names of the labels, in the order of the table.
    pub fn labels(&self) -> Vec<String> {
        match &self.kind {
            Kind::Rubric(Scale::Grade) => (1..=5).map(|grade| grade.to_string()).collect(),
            Kind::Rubric(Scale::Labels(labels)) => labels.clone(),
            _ => vec!["fail".to_owned(), "pass".to_owned()],
        }
    }

    /// The counts, people's label first.
    pub fn table(&self) -> &[Vec<u64>] {
        &self.table
    }

    /// Cohen's kappa with its interval, weighted by the distance squared for grades; `None` without rows.
    pub fn agreement(&self, confidence: f64) -> Option<Agreement> {
        let disagreement = match self.kind {
            Kind::Rubric(Scale::Grade) => Disagreement::Quadratic,
            _ => Disagreement::Alike,
        };
        kappa(&self.table, disagreement, confidence)
    }

    fn place(&self, human: &Value) -> Option<usize> {
        match &self.kind {
            Kind::Rubric(Scale::Grade) => {
                let grade = human.as_u64().or_else(|| human.as_str()?.trim().parse().ok())?;
                usize::try_from(grade).ok()?.checked_sub(1)
            }
            Kind::Rubric(Scale::Labels(labels)) => {
                let said = human.as_str()?.trim();
                labels.iter().position(|label| label == said)
            }
            _ => match human {
                Value::Bool(pass) => Some(usize::from(*pass)),
                Value::Number(number) => {
                    number.as_u64().filter(|n| *n <= 1).and_then(|n| usize::try_from(n).ok())
                }
                Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                    "pass" | "true" | "yes" | "1" => Some(1),
                    "fail" | "false" | "no" | "0" => Some(0),
                    _ => None,
                },
                _ => None,
            },
        }
    }
}

fn judged(opinion: Opinion) -> Option<usize> {
    match opinion {
        Opinion::Pass(pass) => Some(usize::from(pass)),
        Opinion::Grade(grade) => usize::from(grade).checked_sub(1),
        Opinion::Label(at) => Some(usize::from(at)),
        Opinion::Relation(relation) => Some(usize::from(relation.passes())),
        Opinion::Winner(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_textbook_table_gives_the_textbook_kappa() {
        let mut humans = Humans::new(&Kind::Rubric(Scale::Pass));
        for (human, judge, times) in
            [(false, false, 40), (false, true, 7), (true, false, 5), (true, true, 28)]
        {
            for _ in 0..times {
                humans.add(&json!(human), Opinion::Pass(judge));
            }
        }
        let agreement = humans.agreement(0.95).unwrap();
        assert!((agreement.kappa.unwrap() - 0.693_291).abs() < 1e-6);
        assert!((agreement.share - 0.85).abs() < 1e-12);
    }

    #[test]
    fn grades_that_are_close_agree_more_than_grades_that_are_far() {
        let of = |judge: u8| {
            let mut humans = Humans::new(&Kind::Rubric(Scale::Grade));
            for grade in 1..=5_u8 {
                humans.add(&json!(grade), Opinion::Grade(if grade == 1 { judge } else { grade }));
            }
            humans.agreement(0.95).unwrap().kappa.unwrap()
        };
        assert!(of(2) > of(5), "{} {}", of(2), of(5));
    }

    #[test]
    fn no_rows_agree_on_nothing() {
        assert!(Humans::new(&Kind::Factuality).agreement(0.95).is_none());
        let labels = Kind::Rubric(Scale::Labels(vec!["a".into(), "b".into()]));
        let mut humans = Humans::new(&labels);
        for odd in [json!("c"), json!(1), json!(null)] {
            humans.add(&odd, Opinion::Label(0));
        }
        humans.add(&json!("b"), Opinion::Label(0));
        assert_eq!((humans.rows(), humans.strangers(), humans.table()[1][0]), (1, 3, 1));
        assert_eq!(humans.labels(), ["a", "b"]);
    }
}
