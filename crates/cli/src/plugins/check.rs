//! `batch-eval plugin check`: whether a scorer from outside does all that it must, tried out on a real process.

use std::sync::{Arc, Mutex, PoisonError};

use eval_report::sanitize;
use scorer_plugins::{Findings, Plugin, PluginEvent, Settings, check as try_out};
use serde_json::json;

use super::{KINDS, broken, settings};
use crate::args::PluginCheckArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;
use crate::words::counted;

/// How many lines of its standard error are shown.
const SHOWN: usize = 12;
/// How many reasons for no verdict are shown.
const REASONS: usize = 3;

/// Checks a plugin and says what was found.
pub(crate) fn check(context: &Context, args: &PluginCheckArgs) -> Outcome<()> {
    let text = text(&args.plugin);
    let bad = |error: scoring::SpecError| {
        Failure::usage(format!("bad scorer: {error}\n{}", error.caret()))
    };
    let plugin = Plugin::parse(&text).transpose().map_err(bad)?;
    let plan = match plugin {
        Some(Plugin::Process(plan)) => plan,
        Some(_) => return compiled(context, &text),
        None => return Err(Failure::usage("no plugin is named")),
    };
    let said = Said::default();
    let tried = try_out(plan, said.listening(settings(context.ui, None)));
    said.show(context.ui);
    let findings = tried.map_err(|error| broken(&error))?;
    if context.ui.json {
        Ui::object(&as_json(&text, &findings))?;
    } else {
        Ui::result(&as_text(&text, &findings))?;
    }
    if findings.conforms() {
        return Ok(());
    }
    let failure = Failure::new(Exit::Scorer, "the plugin does not do all that it must")
        .safe("nothing but the plugin was started")
        .next("mend it; docs/scoring-plugins.md says what is asked of it");
    Err(if context.ui.json { failure.already_said() } else { failure })
}

/// What the plugin wrote to its standard error: of odd rows every process says the same again.
#[derive(Clone, Default)]
struct Said(Arc<Mutex<Vec<String>>>);

impl Said {
    fn listening(&self, mut settings: Settings) -> Settings {
        let said = self.0.clone();
        settings.observer = Arc::new(move |event| {
            if let PluginEvent::Stderr(line) = event {
                said.lock().unwrap_or_else(PoisonError::into_inner).push((*line).to_owned());
            }
        });
        settings
    }

    fn show(&self, ui: Ui) {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in said.iter().take(SHOWN) {
            ui.note(&format!("stderr     {}", sanitize(line)));
        }
        if said.len() > SHOWN {
            ui.note(&format!("stderr     (and {} lines more)", said.len() - SHOWN));
        }
    }
}

/// The plugin that the words name: a text as for `--scorer`, or a command, in one word or in several.
fn text(words: &[String]) -> String {
    let is_kind = |text: &str| text.split_once(':').is_some_and(|(kind, _)| KINDS.contains(&kind));
    match words {
        [text] if is_kind(text) => text.clone(),
        [command] => format!("exec:{command}"),
        words => format!("exec:{}", words.iter().map(|w| quoted(w)).collect::<Vec<_>>().join(" ")),
    }
}

/// A word as a shell would have to be given it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// A line of jq has no process that could misbehave.
fn compiled(context: &Context, text: &str) -> Outcome<()> {
    if context.ui.json {
        return Ui::object(&json!({
            "type": "plugin", "scorer": text, "name": null, "version": null, "batches": false,
            "needs": [], "conforms": true, "checks": [], "rows": 0, "scored": 0, "reasons": [],
        }));
    }
    Ui::result(&format!("{} compiles; it starts no process to be checked", sanitize(text)))
}

fn needs(findings: &Findings) -> Vec<&'static str> {
    let needs = findings.hello.needs;
    [("request", needs.request), ("logged", needs.logged), ("expected", needs.expected)]
        .into_iter()
        .filter_map(|(name, is_needed)| is_needed.then_some(name))
        .collect()
}

fn as_json(text: &str, findings: &Findings) -> serde_json::Value {
    let checks = findings.checks.iter().map(|check| {
        json!({"rule": check.rule, "passed": check.problem.is_none(), "problem": check.problem})
    });
    let reasons = findings.reasons.iter().map(|(why, rows)| json!({"reason": why, "rows": rows}));
    json!({
        "type": "plugin", "scorer": text, "name": findings.hello.name,
        "version": findings.hello.version, "batches": findings.hello.takes_batches,
        "needs": needs(findings), "conforms": findings.conforms(),
        "checks": checks.collect::<Vec<_>>(), "rows": findings.rows, "scored": findings.scored,
        "reasons": reasons.collect::<Vec<_>>(),
    })
}

/// What is said of a scorer that may keep all rules and still judges nothing.
fn unjudged(findings: &Findings) -> Option<String> {
    let Findings { rows, scored: 0, reasons, .. } = findings else { return None };
    let first: Vec<String> =
        reasons.iter().take(REASONS).map(|(why, n)| format!("{} ({n})", sanitize(why))).collect();
    let more = match reasons.len().saturating_sub(REASONS) {
        0 => String::new(),
        more => format!(", and {} more", counted(more as u64, "reason")),
    };
    (*rows > 0)
        .then(|| format!("none of {rows} odd rows got a verdict: {}{more}", first.join(", ")))
}

fn as_text(text: &str, findings: &Findings) -> String {
    let hello = &findings.hello;
    let or = |text: &str, none: &str| match text {
        "" => none.to_owned(),
        text => sanitize(text).into_owned(),
    };
    let mut lines = vec![
        format!("scorer     {}", sanitize(text)),
        format!(
            "says       {}, version {}",
            or(&hello.name, "no name"),
            or(&hello.version, "unstated")
        ),
        format!("rows come  {}", if hello.takes_batches { "many in a line" } else { "one by one" }),
    ];
    match needs(findings).as_slice() {
        [] => lines.push("needs      nothing but the result line".to_owned()),
        needs => lines.push(format!("needs      {}", needs.join(", "))),
    }
    for check in &findings.checks {
        match &check.problem {
            None => lines.push(format!("ok         {}", check.rule)),
            Some(problem) => {
                lines.push(format!("FAILED     {}", check.rule));
                lines.push(format!("           {}", sanitize(problem)));
            }
        }
    }
    lines.extend(unjudged(findings).map(|what| format!("note       {what}")));
    let kept = findings.checks.iter().filter(|check| check.problem.is_none()).count();
    lines.push(format!("{kept} of {} rules kept", findings.checks.len()));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_a_scorer_or_a_command() {
        let text = |words: &[&str]| text(&words.iter().map(|&w| w.to_owned()).collect::<Vec<_>>());
        assert_eq!(text(&["python:a.py"]), "python:a.py");
        assert_eq!(text(&["node 'my scorer.js'"]), "exec:node 'my scorer.js'");
        assert_eq!(text(&["node", "my scorer.js", "it's"]), r"exec:node 'my scorer.js' 'it'\''s'");
    }
}
