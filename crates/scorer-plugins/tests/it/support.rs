//! Rows to be judged, settings in seconds, and what the observer heard.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use scorer_plugins::{PluginEvent, ProcessPlan, ProcessScorer, Settings};
use scoring::{BatchScorer as _, Row, ScorerError, Verdict};
use serde_json::value::RawValue;

/// The Python that `python3` is in the end: on some machines a shell script that takes its time to find it.
pub(crate) fn python() -> &'static str {
    static PYTHON: OnceLock<String> = OnceLock::new();
    PYTHON.get_or_init(|| {
        let asked = ["-c", "import sys; print(sys.executable)"];
        let output = std::process::Command::new("python3").args(asked).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    })
}

/// What was told, in words.
#[derive(Clone, Default)]
pub(crate) struct Heard(Arc<Mutex<Vec<String>>>);

impl Heard {
    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn count(&self, start: &str) -> usize {
        self.all().iter().filter(|event| event.starts_with(start)).count()
    }
}

/// Limits that suit tests: long enough for a loaded machine where nothing is wrong.
pub(crate) fn settings(heard: &Heard) -> Settings {
    let heard = heard.clone();
    let mut settings = Settings::default().allowed_of(std::env::vars_os());
    settings.workers = NonZeroUsize::MIN;
    settings.python = python().into();
    settings.observer = Arc::new(move |event| {
        let event = match event {
            PluginEvent::Stderr(line) => format!("stderr {line}"),
            PluginEvent::Restarted { why } => format!("restarted {why}"),
            PluginEvent::RowLost { number, why } => format!("lost {number} {why}"),
            other => format!("{other:?}"),
        };
        heard.0.lock().unwrap().push(event);
    });
    settings
}

/// The same for plugins that are to be given up soon.
pub(crate) fn impatient(heard: &Heard) -> Settings {
    let mut settings = settings(heard);
    settings.row_limit = Duration::from_millis(700);
    settings.end_limit = Duration::from_millis(300);
    settings
}

/// A scorer that is a Python program speaking the protocol by itself.
pub(crate) fn program(code: &str, settings: Settings) -> ProcessScorer {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plugin.py");
    std::fs::write(&path, code).unwrap();
    let plan = ProcessPlan::exec(&format!("'{}' -B '{}'", python(), path.display()), 0).unwrap();
    // The process has read its program once it said hello, but its successors have not.
    let _ = folder.keep();
    plan.start(settings).unwrap()
}

/// A result line whose one part is a text.
pub(crate) fn line(number: u64, text: &str) -> String {
    let text = serde_json::Value::from(text);
    format!(
        r#"{{"key":"r{number:08}-1f9c03ab","response":{{"candidates":[{{"content":{{"parts":[{{"text":{text}}}]}}}}]}}}}"#
    )
}

pub(crate) fn judged(
    scorer: &mut ProcessScorer,
    lines: &[String],
) -> Result<Vec<Verdict>, ScorerError> {
    let raws: Vec<&RawValue> =
        lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let rows: Vec<Row<'_>> =
        raws.iter().zip(0..).map(|(raw, number)| Row::of_line(number, raw)).collect();
    scorer.score_batch(&rows)
}

/// Judges a row for each text.
pub(crate) fn judge(scorer: &mut ProcessScorer, texts: &[&str]) -> Vec<Verdict> {
    let lines: Vec<String> =
        texts.iter().zip(0..).map(|(text, number)| line(number, text)).collect();
    judged(scorer, &lines).unwrap()
}

/// `PF?` for a pass, a fail, and what is unscorable.
pub(crate) fn marks(verdicts: &[Verdict]) -> String {
    let mark = |verdict: &Verdict| match verdict {
        Verdict::Pass(true) => 'P',
        Verdict::Pass(false) => 'F',
        Verdict::Value(_) => 'V',
        Verdict::Label(_) => 'L',
        _ => '?',
    };
    verdicts.iter().map(mark).collect()
}

pub(crate) fn reason(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Unscorable(reason) => reason,
        other => panic!("{other:?} is scored"),
    }
}
