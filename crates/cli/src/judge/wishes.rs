//! What a report is to conclude: asked for by flags, kept with the run, or written in the settings file.

use std::io::Write as _;

use eval_report::{Gate, Report};
use run_store::RunPaths;
use scoring::SpecError;
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};

/// The file in the run folder that keeps what the run was made with.
const KEPT: &str = "conclusions.json";

/// The column of the answers that stand in the dataset.
pub(super) const LOGGED: &str = "logged";

/// What is compared with what, by which rows, and what decides.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Judging {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) baseline: Option<String>,
    /// JSON Pointers into dataset rows.
    #[serde(default)]
    pub(crate) slices: Vec<String>,
    /// A JSON Pointer into dataset rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cluster: Option<String>,
    /// Gates in their own grammar.
    #[serde(default)]
    pub(crate) gates: Vec<String>,
}

impl Judging {
    /// What the settings file says.
    pub(crate) fn of(config: &Config) -> Self {
        Self {
            baseline: config.baseline.clone(),
            slices: config.slices.clone(),
            cluster: config.cluster.clone(),
            gates: config.gates.clone(),
        }
    }

    /// These, and `lower`'s where these say nothing; lists are taken whole.
    #[must_use]
    fn over(self, lower: Self) -> Self {
        let list = |upper: Vec<String>, lower| if upper.is_empty() { lower } else { upper };
        Self {
            baseline: self.baseline.or(lower.baseline),
            slices: list(self.slices, lower.slices),
            cluster: self.cluster.or(lower.cluster),
            gates: list(self.gates, lower.gates),
        }
    }

    /// The wishes of this call: flags before what a run keeps before the settings file; gates of a run stay.
    pub(crate) fn wished(context: &Context, run: Option<&RunPaths>) -> Outcome<Self> {
        let kept = run.map_or_else(|| Ok(Self::default()), kept)?;
        let held = kept.gates.clone();
        let mut wished = context.judging.clone().over(kept).over(Self::of(&context.config));
        wished.hold(held);
        wished.check_pointers()?;
        Ok(wished)
    }

    /// Puts the gates that a run was made with first: they decide whatever else is asked.
    fn hold(&mut self, gates: Vec<String>) {
        let asked = std::mem::replace(&mut self.gates, gates);
        for gate in asked {
            if !self.gates.contains(&gate) {
                self.gates.push(gate);
            }
        }
    }

    /// The gates, read.
    pub(crate) fn gates(&self) -> Outcome<Vec<Gate>> {
        self.gates.iter().map(|text| Gate::parse(text).map_err(|error| bad_gate(&error))).collect()
    }

    /// Finds out what is wrong before anything is made or sent: `columns` are the names of the models to come.
    pub(crate) fn check(&self, columns: &[String], scorers: &[String]) -> Outcome<()> {
        self.check_pointers()?;
        for gate in self.gates()? {
            gate.check(columns, scorers).map_err(|error| bad_gate(&error))?;
        }
        let under = |name: &String| {
            let is_of = |column: &&String| {
                column.strip_prefix(name).is_some_and(|rest| rest.starts_with('/'))
            };
            columns.iter().filter(is_of).count()
        };
        let known = |name: &String| name == LOGGED || columns.contains(name) || under(name) == 1;
        let Some(baseline) = self.baseline.as_ref().filter(|name| !known(name)) else {
            return Ok(());
        };
        let names =
            || columns.iter().map(String::as_str).filter(|name| *name != LOGGED).chain([LOGGED]);
        let near = scoring::nearest(baseline, names());
        let next = match near {
            Some(near) => format!("did you mean --baseline {near}?"),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        let shown = eval_report::sanitize(baseline);
        Err(Failure::usage(format!("the baseline {shown} is no column of the run")).next(next))
    }

    /// Finds out what wants logged answers where no row has one.
    pub(crate) fn check_logged(&self, rows_with_answer: u64) -> Outcome<()> {
        if rows_with_answer > 0 {
            return Ok(());
        }
        for gate in self.gates()? {
            gate.check_logged().map_err(|error| bad_gate(&error))?;
        }
        if self.baseline.as_deref() == Some(LOGGED) {
            let what = "the baseline is logged, and no row of the dataset has a logged answer";
            return Err(Failure::usage(what).next("--baseline MODEL, a model of the run"));
        }
        Ok(())
    }

    /// The same for a report that has its columns.
    pub(crate) fn check_against(&self, report: &Report) -> Outcome<()> {
        let titles: Vec<String> = report.models.iter().map(eval_report::Column::title).collect();
        self.check(&titles, &report.scorers)
    }

    fn check_pointers(&self) -> Outcome<()> {
        let mut pointers = self.slices.iter().chain(&self.cluster);
        match pointers.find(|pointer| !pointer.starts_with('/')) {
            Some(pointer) => {
                let shown = eval_report::sanitize(pointer);
                Err(Failure::usage(format!("{shown} is no JSON Pointer into a row of the dataset"))
                    .next(format!("it begins with a slash: /{shown}")))
            }
            None => Ok(()),
        }
    }

    /// Writes them into a run that is being made.
    pub(crate) fn keep(&self, paths: &RunPaths) -> Outcome<()> {
        if *self == Self::default() {
            return Ok(());
        }
        let text =
            serde_json::to_vec_pretty(self).map_err(|error| Failure::of(Exit::Bug, &error))?;
        let mut file =
            paths.create_file(&paths.root().join(KEPT)).map_err(|error| store(&error))?;
        file.write_all(&text).map_err(|error| {
            Failure::io("failed to keep what the report is to conclude", &error)
        })?;
        file.commit().map_err(|error| store(&error))
    }
}

pub(super) fn bad_gate(error: &SpecError) -> Failure {
    let failure = Failure::usage(format!("bad gate: {error}\n{}", error.caret()));
    match error.hint() {
        Some(hint) => failure.next(hint),
        None => failure,
    }
}

/// What a run keeps; nothing where there is no such file.
fn kept(paths: &RunPaths) -> Outcome<Judging> {
    let path = paths.root().join(KEPT);
    if !path.is_file() {
        return Ok(Judging::default());
    }
    let file = paths.open_file(&path).map_err(|error| store(&error))?;
    serde_json::from_reader(std::io::BufReader::new(file))
        .map_err(|error| Failure::of(Exit::RunFolder, &error).next(format!("remove its {KEPT}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_come_before_what_a_run_keeps() {
        let flags = Judging { gates: vec!["a >= 0.5".into()], ..Judging::default() };
        let kept = Judging {
            baseline: Some("b".into()),
            gates: vec!["b >= 0.9".into(), "b >= 0.8".into()],
            ..Judging::default()
        };
        let merged = flags.over(kept);
        assert_eq!(merged.gates, ["a >= 0.5"]);
        assert_eq!(merged.baseline.as_deref(), Some("b"));
    }

    #[test]
    fn gates_of_a_run_decide_whatever_else_is_asked() {
        let gates = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let mut wished = Judging { gates: gates(&["a >= 0.5", "b >= 0.9"]), ..Judging::default() };
        wished.hold(gates(&["b >= 0.9", "b >= 0.8"]));
        assert_eq!(wished.gates, ["b >= 0.9", "b >= 0.8", "a >= 0.5"]);
    }

    #[test]
    fn logged_answers_are_only_wanted_where_some_are() {
        let gates = vec!["a >= 0.5".into(), "a >= logged".into()];
        let gated = Judging { gates, ..Judging::default() };
        let based = Judging { baseline: Some("logged".into()), ..Judging::default() };
        for wishes in [&gated, &based] {
            assert!(wishes.check_logged(1).is_ok());
            let failure = wishes.check_logged(0).unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.what.contains("no row of the dataset has a logged answer"));
        }
        assert!(Judging::default().check_logged(0).is_ok());
    }

    #[test]
    fn names_and_pointers_that_do_not_fit_are_usage_errors() {
        let names = [["sim-pro".to_owned()], ["function-call".to_owned()]];
        let check =
            |wishes: Judging| wishes.check(&names[0], &names[1]).map_err(|failure| failure.what);
        let baseline = Judging { baseline: Some("sim-pri".into()), ..Judging::default() };
        assert_eq!(check(baseline).unwrap_err(), "the baseline sim-pri is no column of the run");
        let slice = Judging { slices: vec!["country".into()], ..Judging::default() };
        assert!(check(slice).unwrap_err().starts_with("country is no JSON Pointer"));
        let gate = Judging { gates: vec!["sim-pr >= logged".into()], ..Judging::default() };
        assert_eq!(
            check(gate).unwrap_err(),
            "bad gate: there is no column `sim-pr`\nsim-pr >= logged\n^^^^^^"
        );
    }
}
