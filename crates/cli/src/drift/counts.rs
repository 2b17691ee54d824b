//! What drifted, in numbers, with the first rows of each kind.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::answered::{Answered, Change};
use super::sorted;

/// How a verdict changed from the logged answer to the model's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flip {
    BothPass,
    BothFail,
    Lost,
    Won,
}

impl Flip {
    pub(super) fn of(before: bool, after: bool) -> Self {
        match (before, after) {
            (true, true) => Self::BothPass,
            (false, false) => Self::BothFail,
            (true, false) => Self::Lost,
            (false, true) => Self::Won,
        }
    }

    pub(super) fn is_change(self) -> bool {
        matches!(self, Self::Lost | Self::Won)
    }
}

/// Rows of one kind: how many, and the first of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Kind {
    pub(super) rows: u64,
    pub(super) first: Vec<u64>,
}

impl Kind {
    fn add(&mut self, row: u64, most: usize) {
        self.rows += 1;
        if self.first.len() < most {
            self.first.push(row);
        }
    }

    fn json(&self) -> Value {
        json!({"rows": self.rows, "first": self.first})
    }
}

/// The verdicts of one scorer.
#[derive(Debug, Clone, Default)]
pub(super) struct Flips {
    pub(super) both_pass: u64,
    pub(super) both_fail: u64,
    pub(super) lost: Kind,
    pub(super) won: Kind,
}

impl Flips {
    /// Rows on which both have a verdict.
    pub(super) fn rows(&self) -> u64 {
        self.both_pass + self.both_fail + self.lost.rows + self.won.rows
    }
}

/// Rows with one value of a field.
#[derive(Debug, Clone, Default)]
pub(super) struct Slice {
    pub(super) rows: u64,
    pub(super) flipped: u64,
    pub(super) calls_changed: u64,
}

/// Sums of a length, logged and now.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Lengths {
    pub(super) rows: u64,
    pub(super) before: u64,
    pub(super) after: u64,
}

impl Lengths {
    fn add(&mut self, before: u64, after: u64) {
        self.rows += 1;
        self.before += before;
        self.after += after;
    }

    /// The means, logged and now; none without rows.
    #[expect(clippy::cast_precision_loss, reason = "a mean for people")]
    pub(super) fn means(self) -> Option<(f64, f64)> {
        let of = |sum: u64| sum as f64 / self.rows as f64;
        (self.rows > 0).then(|| (of(self.before), of(self.after)))
    }

    fn json(self) -> Value {
        let (before, after) = self.means().unzip();
        json!({"rows": self.rows, "logged_mean": before, "mean": after})
    }
}

/// How the answers of one column differ from the logged ones.
#[derive(Debug)]
pub(super) struct Drift {
    examples: usize,
    /// Rows with both answers.
    pub(super) compared: u64,
    /// Rows with a logged answer and none of the model.
    pub(super) unanswered: u64,
    pub(super) flips: Vec<Flips>,
    pub(super) calls_none: u64,
    pub(super) calls_same: u64,
    pub(super) name: Kind,
    pub(super) arguments: Kind,
    pub(super) gone: Kind,
    pub(super) new: Kind,
    /// Rows where both are text alone.
    pub(super) texts: u64,
    pub(super) text_changed: Kind,
    pub(super) tokens: Lengths,
    pub(super) letters: Lengths,
    /// Reasons for the end that changed.
    pub(super) ends: BTreeMap<(String, String), u64>,
    pub(super) blocked: Kind,
    pub(super) unblocked: Kind,
    pub(super) slices: BTreeMap<String, Slice>,
}

impl Drift {
    pub(super) fn new(scorers: usize, examples: usize) -> Self {
        Self {
            examples,
            compared: 0,
            unanswered: 0,
            flips: vec![Flips::default(); scorers],
            calls_none: 0,
            calls_same: 0,
            name: Kind::default(),
            arguments: Kind::default(),
            gone: Kind::default(),
            new: Kind::default(),
            texts: 0,
            text_changed: Kind::default(),
            tokens: Lengths::default(),
            letters: Lengths::default(),
            ends: BTreeMap::new(),
            blocked: Kind::default(),
            unblocked: Kind::default(),
            slices: BTreeMap::new(),
        }
    }

    /// Adds a row that both answered; whether its calls changed.
    pub(super) fn add(
        &mut self,
        row: u64,
        before: &Answered,
        after: &Answered,
        flips: &[Option<Flip>],
    ) -> bool {
        let most = self.examples;
        self.compared += 1;
        for (sums, flip) in self.flips.iter_mut().zip(flips) {
            match flip {
                Some(Flip::BothPass) => sums.both_pass += 1,
                Some(Flip::BothFail) => sums.both_fail += 1,
                Some(Flip::Lost) => sums.lost.add(row, most),
                Some(Flip::Won) => sums.won.add(row, most),
                None => {}
            }
        }
        let change = before.change(after);
        match change {
            Change::None => self.calls_none += 1,
            Change::Same => self.calls_same += 1,
            Change::Name => self.name.add(row, most),
            Change::Arguments => self.arguments.add(row, most),
            Change::Gone => self.gone.add(row, most),
            Change::New => self.new.add(row, most),
        }
        if change == Change::None && !before.text.is_empty() && !after.text.is_empty() {
            self.texts += 1;
            let letters = |text: &str| text.chars().count() as u64;
            self.letters.add(letters(&before.text), letters(&after.text));
            if before.text != after.text {
                self.text_changed.add(row, most);
            }
        }
        if let (Some(before), Some(after)) = (before.tokens, after.tokens) {
            self.tokens.add(before, after);
        }
        if before.end != after.end {
            // Such reasons are a handful of words; an odd service gets no more room than that.
            let pair = (before.end.clone(), after.end.clone());
            if self.ends.len() < 100 || self.ends.contains_key(&pair) {
                *self.ends.entry(pair).or_default() += 1;
            }
        }
        match (before.blocked, after.blocked) {
            (false, true) => self.blocked.add(row, most),
            (true, false) => self.unblocked.add(row, most),
            _ => {}
        }
        !matches!(change, Change::None | Change::Same)
    }

    pub(super) fn json(&self, column: &str, scorers: &[String]) -> Value {
        let verdicts = scorers.iter().zip(&self.flips).map(|(scorer, flips)| {
            json!({
                "scorer": scorer, "rows": flips.rows(), "both_pass": flips.both_pass,
                "both_fail": flips.both_fail, "lost": flips.lost.json(), "won": flips.won.json(),
            })
        });
        let ends = sorted(&self.ends)
            .into_iter()
            .map(|((before, after), rows)| json!({"logged": before, "now": after, "rows": rows}));
        let slices = self.slices.iter().map(|(value, slice)| {
            json!({
                "value": value, "rows": slice.rows, "flipped": slice.flipped,
                "calls_changed": slice.calls_changed,
            })
        });
        json!({
            "column": column, "compared": self.compared, "unanswered": self.unanswered,
            "verdicts": verdicts.collect::<Vec<_>>(),
            "calls": {
                "none": self.calls_none, "same": self.calls_same, "name": self.name.json(),
                "arguments": self.arguments.json(), "gone": self.gone.json(), "new": self.new.json(),
            },
            "texts": {"rows": self.texts, "changed": self.text_changed.json(), "letters": self.letters.json()},
            "tokens_out": self.tokens.json(),
            "ends": ends.collect::<Vec<_>>(),
            "blocked": {"new": self.blocked.json(), "gone": self.unblocked.json()},
            "slices": slices.collect::<Vec<_>>(),
        })
    }
}
