//! What the judges of a run were like: how often they could be used, what they preferred, whether people agree.

use eval_stats::{Agreement, Interval};
use serde::{Deserialize, Serialize};

use crate::cells::dollars;
use crate::numbers::{CONFIDENCE, grouped, percent, rows};
use crate::{Bounds, Cost, Count, Estimate, LabelCount, Method, Report};

/// One judge over all columns that it was asked about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgeResult {
    /// The scorer's name.
    pub scorer: String,
    /// `rubric`, `pairwise` or `factuality`.
    pub kind: String,
    /// The model that judged.
    pub model: String,
    /// What it was asked, in sixteen hex digits.
    pub fingerprint: String,
    /// Questions: a row asked about in both orders is two.
    pub asked: u64,
    /// Those that were answered with something that counts.
    pub answered: u64,
    /// Why the others do not count.
    pub lacks: Vec<Count>,
    /// The share of the answers that came and could not be used.
    pub unparsable: Option<Estimate>,
    /// What a pairwise judge makes of the places of the answers.
    pub position: Option<Position>,
    /// What it said, column by column.
    pub columns: Vec<JudgedColumn>,
    /// Whether people agree with it, where the dataset says what people think.
    pub agreement: Option<PeopleAgree>,
    /// What asking it cost; `None` where nothing is paid for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// How much a pairwise judge is drawn to what stands first: 1 for always, -1 for what stands second, 0 for neither.
///
/// Every pair that counts was asked about in both orders, so that which answer is better cancels out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Answers that chose what stood first.
    pub first: u64,
    /// Answers that chose what stood second.
    pub second: u64,
    /// Answers that chose neither.
    pub neither: u64,
    /// (first - second) / all of them.
    pub bias: f64,
    /// Its interval, as if answers were independent: that of pairs would be narrower.
    pub interval: Bounds,
}

/// What a judge said of one column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct JudgedColumn {
    /// The column's title.
    pub column: String,
    /// Rows that were asked about.
    pub rows: u64,
    /// Rows with a verdict.
    pub judged: u64,
    /// The wins of a pairwise judgement.
    pub wins: Option<Wins>,
    /// Rows of each relation to the reference.
    pub relations: Vec<LabelCount>,
}

/// How often the answers of a column were preferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wins {
    /// The title of the column they were compared with.
    pub against: String,
    /// Rows won.
    pub wins: u64,
    /// Rows lost.
    pub losses: u64,
    /// Rows that were neither.
    pub ties: u64,
    /// Ties because the two orders gave different winners.
    pub split: u64,
    /// (wins + ties / 2) / rows.
    pub rate: Estimate,
    /// wins / (wins + losses).
    pub decisive: Option<Estimate>,
    /// The sign test of wins against losses, mid-p.
    pub p: f64,
    /// The same, exact.
    pub exact_p: f64,
}

/// How far a judge agrees with people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PeopleAgree {
    /// The JSON Pointer of the people's labels in the dataset row.
    pub field: String,
    /// Rows that both graded.
    pub rows: u64,
    /// Rows that people labelled with something that the judge's scale does not have.
    pub strangers: u64,
    /// The share of rows with the same label.
    pub share: Estimate,
    /// Cohen's kappa; none where it says nothing.
    pub kappa: Option<f64>,
    /// Its interval; none for perfect agreement.
    pub interval: Option<Bounds>,
    /// The labels, in the order of the table.
    pub labels: Vec<String>,
    /// Rows by people's label and the judge's.
    pub table: Vec<Vec<u64>>,
}

/// Which count of wins, losses and ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WinCount {
    /// Won.
    pub wins: u64,
    /// Lost.
    pub losses: u64,
    /// Neither.
    pub ties: u64,
    /// Of the ties those where the two orders disagree.
    pub split: u64,
}

fn estimate(value: f64, interval: Interval, method: Method) -> Estimate {
    Estimate { value, low: interval.low, high: interval.high, confidence: CONFIDENCE, method }
}

impl Report {
    /// Whether a scorer is a judge that is never asked about a column: what others are compared with has no verdict.
    pub(crate) fn is_beside(&self, scorer: &str, title: &str) -> bool {
        let of = |judge: &&JudgeResult| judge.scorer == scorer && !judge.columns.is_empty();
        let judge = self.judges.iter().find(of);
        judge.is_some_and(|judge| judge.columns.iter().all(|column| column.column != title))
    }
}

impl JudgeResult {
    /// The share of `bad` answers among those that came, at 95 %; `None` where none came.
    pub fn share(bad: u64, came: u64) -> Option<Estimate> {
        Estimate::of(bad, came)
    }

    /// What a reader has to know of it, a sentence each.
    pub(crate) fn sentences(&self) -> Vec<String> {
        let mut sentences = vec![self.usable()];
        sentences.extend(self.columns.iter().filter_map(JudgedColumn::sentence));
        sentences.extend(self.position.as_ref().map(Position::sentence));
        sentences.extend(self.agreement.as_ref().map(PeopleAgree::sentence));
        sentences
    }

    fn usable(&self) -> String {
        let answers = if self.asked == 1 { "answer" } else { "answers" };
        let lacks: Vec<String> =
            self.lacks.iter().map(|lack| format!("{} {}", grouped(lack.rows), lack.name)).collect();
        let lacks =
            if lacks.is_empty() { String::new() } else { format!(" ({})", lacks.join("; ")) };
        let mut parts = vec![format!(
            "{}: {} was asked for {} {answers}, and {} count{lacks}",
            self.scorer,
            self.model,
            grouped(self.asked),
            grouped(self.answered)
        )];
        let share = |share| format!("{} of those that came cannot be used", with_interval(share));
        parts.extend(self.unparsable.as_ref().map(share));
        parts.extend(self.cost.as_ref().map(|cost| match cost.micros {
            Some(micros) => format!("it cost {}", dollars(micros)),
            None => "what it cost is not known".to_owned(),
        }));
        format!("{}.", parts.join("; "))
    }
}

fn with_interval(estimate: &Estimate) -> String {
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(percent);
    format!("{value}% ({low}-{high})")
}

impl Position {
    /// From the answers that count of pairs of which both do; `None` without any.
    ///
    /// ```
    /// use eval_report::Position;
    /// let position = Position::of(60, 40, 0).unwrap();
    /// assert!((position.bias - 0.2).abs() < 1e-12);
    /// assert!(position.interval.low < 0.2 && 0.2 < position.interval.high);
    /// ```
    pub fn of(first: u64, second: u64, neither: u64) -> Option<Self> {
        let rate = eval_stats::win_rate(first, second, neither, CONFIDENCE)?;
        let bias = |share: f64| 2.0 * share - 1.0;
        Some(Self {
            first,
            second,
            neither,
            bias: bias(rate.rate),
            interval: Bounds {
                low: bias(rate.interval.low),
                high: bias(rate.interval.high),
                confidence: CONFIDENCE,
                method: Method::Tango,
            },
        })
    }

    fn sentence(&self) -> String {
        format!(
            "Position bias {:+.3} ({:+.3} to {:+.3}): of {} answers {} chose what stood first and {} what stood second.",
            self.bias,
            self.interval.low,
            self.interval.high,
            grouped(self.first + self.second + self.neither),
            grouped(self.first),
            grouped(self.second),
        )
    }
}

impl Wins {
    /// The wins of a column against another; `None` without rows.
    pub fn of(against: &str, count: WinCount) -> Option<Self> {
        let WinCount { wins, losses, ties, split } = count;
        let rate = eval_stats::win_rate(wins, losses, ties, CONFIDENCE)?;
        let decisive = rate.decisive.zip(rate.decisive_interval);
        Some(Self {
            against: against.to_owned(),
            wins,
            losses,
            ties,
            split,
            rate: estimate(rate.rate, rate.interval, Method::Tango),
            decisive: decisive.map(|(value, interval)| estimate(value, interval, Method::Wilson)),
            p: rate.test.mid_p,
            exact_p: rate.test.exact_p,
        })
    }
}

impl JudgedColumn {
    fn sentence(&self) -> Option<String> {
        let relations: Vec<String> = self
            .relations
            .iter()
            .map(|relation| format!("{} {}", grouped(relation.rows), relation.name))
            .collect();
        if let (None, false) = (&self.wins, relations.is_empty()) {
            return Some(format!(
                "{}, {}: {}.",
                self.column,
                rows(self.judged),
                relations.join(", ")
            ));
        }
        let wins = self.wins.as_ref()?;
        Some(format!(
            "{} against {}, {}: {} won, {} lost, {} tied ({} because the two orders disagree); win rate {}, mid-p {}.",
            self.column,
            wins.against,
            rows(self.judged),
            grouped(wins.wins),
            grouped(wins.losses),
            grouped(wins.ties),
            grouped(wins.split),
            with_interval(&wins.rate),
            crate::phrases::p(wins.p),
        ))
    }
}

impl PeopleAgree {
    /// Adds the figures to the counts that they were made from.
    pub fn of(
        field: &str,
        agreement: &Agreement,
        strangers: u64,
        labels: Vec<String>,
        table: &[Vec<u64>],
    ) -> Self {
        let bounds = |interval: Interval| Bounds {
            low: interval.low,
            high: interval.high,
            confidence: CONFIDENCE,
            method: Method::Kappa,
        };
        Self {
            field: field.to_owned(),
            rows: agreement.n,
            strangers,
            share: estimate(agreement.share, agreement.share_interval, Method::Wilson),
            kappa: agreement.kappa,
            interval: agreement.interval.map(bounds),
            labels,
            table: table.to_vec(),
        }
    }

    fn sentence(&self) -> String {
        let kappa = match (self.kappa, &self.interval) {
            (Some(kappa), Some(bounds)) => {
                format!("kappa {kappa:.3} ({:.3} to {:.3})", bounds.low, bounds.high)
            }
            (Some(kappa), None) => format!("kappa {kappa:.3}"),
            (None, _) => "kappa says nothing, for labels hardly differ".to_owned(),
        };
        let strangers = match self.strangers {
            0 => String::new(),
            n => format!("; left out: {} with a label that the judge does not know", rows(n)),
        };
        format!(
            "People ({}) and the judge agree on {} of {}; {kappa}{strangers}.",
            self.field,
            with_interval(&self.share),
            rows(self.rows),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_is_told_with_what_it_is_of() {
        let counts = WinCount { wins: 31, losses: 17, ties: 12, split: 5 };
        let wins = Wins::of("logged", counts).unwrap();
        assert!((wins.rate.value - 0.6167).abs() < 1e-4);
        let decisive = wins.decisive.unwrap();
        assert!((decisive.low - 0.5044).abs() < 1e-4 && (decisive.high - 0.7657).abs() < 1e-4);
        let column = JudgedColumn {
            column: "m".into(),
            rows: 61,
            judged: 60,
            wins: Some(wins),
            relations: vec![],
        };
        let agreement =
            eval_stats::kappa(&[[40, 7], [5, 28]], eval_stats::Disagreement::Alike, 0.95).unwrap();
        let labels = vec!["fail".to_owned(), "pass".to_owned()];
        let judge = JudgeResult {
            scorer: "judge:pairwise".into(),
            kind: "pairwise".into(),
            model: "gemini-x".into(),
            fingerprint: "0".repeat(16),
            asked: 122,
            answered: 120,
            lacks: vec![Count { name: "not JSON".into(), rows: 2 }],
            unparsable: JudgeResult::share(2, 122),
            position: Position::of(70, 40, 10),
            columns: vec![column],
            agreement: Some(PeopleAgree::of(
                "/label",
                &agreement,
                1,
                labels,
                &[vec![40, 7], vec![5, 28]],
            )),
            cost: Some(Cost {
                micros: Some(12_345),
                unknown: None,
                rows_without_usage: 0,
                assumed_tokens: 0,
            }),
        };
        assert_eq!(
            judge.sentences(),
            [
                "judge:pairwise: gemini-x was asked for 122 answers, and 120 count (2 not JSON); 1.6% (0.5-5.8) of \
                 those that came cannot be used; it cost $0.0124.",
                "m against logged, 60 rows: 31 won, 17 lost, 12 tied (5 because the two orders disagree); win rate \
                 61.7% (50.4-71.7), mid-p 0.044.",
                "Position bias +0.250 (+0.079 to +0.406): of 120 answers 70 chose what stood first and 40 what stood \
                 second.",
                "People (/label) and the judge agree on 85.0% (75.6-91.2) of 80 rows; kappa 0.693 (0.534 to 0.853); left \
                 out: 1 row with a label that the judge does not know.",
            ]
        );
        let text = serde_json::to_string(&judge).unwrap();
        let again: JudgeResult = serde_json::from_str(&text).unwrap();
        assert_eq!(again.sentences(), judge.sentences());
    }

    #[test]
    fn without_answers_nothing_is_claimed() {
        assert!(Position::of(0, 0, 0).is_none() && JudgeResult::share(0, 0).is_none());
        assert!(Wins::of("x", WinCount { wins: 0, losses: 0, ties: 0, split: 0 }).is_none());
    }
}
