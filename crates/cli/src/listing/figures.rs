//! The few figures of a run that a list has room for: accuracies out of its report, and what it cost.

use std::fs::File;
use std::io::Read as _;
use std::time::Duration;

use batch_cost::Money;
use batch_orchestrator::RunState;
use run_store::{OwnName, RunFolder};
use serde_json::{Value, json};

/// A report is not read beyond this; ours are a small part of it.
const LONGEST: u64 = 16 << 20;

/// What a run's report says of each model by its first scorer.
#[derive(Debug, Default)]
pub(super) struct Figures {
    scorer: Option<String>,
    columns: Vec<Column>,
}

#[derive(Debug)]
struct Column {
    title: String,
    /// Passes of scored rows, or the mean of their values.
    share: Option<f64>,
    scored: u64,
}

impl Figures {
    /// Those of the run's report; none where there is none, or where it cannot be read.
    pub(super) fn of(folder: &RunFolder) -> Self {
        Self::read(folder).unwrap_or_default()
    }

    fn read(folder: &RunFolder) -> Option<Self> {
        let path = folder.paths().report(&OwnName::parse("report.json").ok()?);
        let file: File = folder.paths().open_file(&path).ok()?;
        let mut text = Vec::new();
        file.take(LONGEST).read_to_end(&mut text).ok()?;
        Self::parse(&serde_json::from_slice(&text).ok()?)
    }

    fn parse(report: &Value) -> Option<Self> {
        let models = report["models"].as_array()?.iter();
        let columns = models.filter(|column| column["role"] == "model").map(|column| {
            let (model, first) = (column["label"].as_str(), &column["scores"][0]);
            let share = first["accuracy"]["value"].as_f64().or_else(|| first["mean"].as_f64());
            let title = match column["variant"].as_str() {
                Some(variant) => format!("{}/{variant}", model.unwrap_or_default()),
                None => model.unwrap_or_default().to_owned(),
            };
            Column { title, share, scored: first["scored"].as_u64().unwrap_or(0) }
        });
        let scorer = report["scorers"][0].as_str().map(str::to_owned);
        Some(Self { scorer, columns: columns.collect() })
    }

    /// Every model with its figure, or just the models where there are none.
    pub(super) fn text(&self, models: &[String]) -> String {
        if self.columns.is_empty() {
            return models.join(", ");
        }
        let columns = self.columns.iter().map(|column| match column.share {
            Some(share) => format!("{} {:.1}% of {}", column.title, share * 100.0, column.scored),
            None => format!("{} no figure", column.title),
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn json(&self) -> Value {
        let columns = self.columns.iter().map(|column| {
            json!({
                "column": column.title, "scorer": self.scorer, "value": column.share,
                "scored": column.scored,
            })
        });
        columns.collect()
    }
}

/// What a run cost so far.
#[derive(Debug)]
pub(super) struct Costs {
    pub(super) text: String,
    /// `None` where it is not known in full.
    pub(super) micros: Option<u64>,
}

pub(super) fn costs(folder: &RunFolder, state: Option<&RunState>) -> Costs {
    if folder.manifest().made.forecast.is_none() {
        return Costs { text: "free".to_owned(), micros: Some(0) };
    }
    let Some(ledger) = state.map(RunState::ledger) else {
        return Costs { text: "?".to_owned(), micros: None };
    };
    let money = Money::from_micros(ledger.committed);
    match ledger.unknown {
        0 => Costs { text: money.to_string(), micros: Some(ledger.committed) },
        _ => Costs { text: format!("{money}+?"), micros: None },
    }
}

/// An age in one unit.
pub(super) fn short(age: Duration) -> String {
    let seconds = age.as_secs();
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_their_denominators() {
        let report = json!({"scorers": ["function-call"], "models": [
            {"label": "logged", "role": "logged", "scores": [{"scored": 9, "accuracy": {"value": 1}}]},
            {"label": "a", "role": "model", "scores": [{"scored": 84, "accuracy": {"value": 0.4286}}]},
            {"label": "b", "role": "model", "variant": "terse", "scores": [{"scored": 0}]},
        ]});
        let figures = Figures::parse(&report).unwrap();
        assert_eq!(figures.text(&[]), "a 42.9% of 84, b/terse no figure");
        assert_eq!(figures.json()[0]["scorer"], "function-call");
        assert_eq!(Figures::default().text(&["x".into(), "y".into()]), "x, y");
        assert!(Figures::parse(&json!([])).is_none());
    }

    #[test]
    fn ages_have_one_unit() {
        let shown = [7, 300, 9_000, 400_000].map(|s| short(Duration::from_secs(s)));
        assert_eq!(shown, ["7s", "5m", "2h", "4d"]);
    }
}
