//! Scorers from outside, as the program runs them: what they may see, and who is told of their troubles.

use std::sync::Arc;

use eval_report::sanitize;
use scorer_plugins::{Plugin, PluginEvent, Settings};
use scoring::{Scorer, SpecError};

use crate::exit::{Exit, Failure, Outcome};
use crate::ui::Ui;

/// The scorer that `text` names, if it is one from outside.
///
/// The outer error is of the text, the inner one of what was started.
pub(crate) fn scorer(ui: Ui, text: &str) -> Result<Option<Outcome<Box<dyn Scorer>>>, SpecError> {
    let Some(plugin) = Plugin::parse(text).transpose()? else { return Ok(None) };
    let started = plugin.start(settings(ui)).map_err(|error| Failure::of(Exit::Usage, &error));
    Ok(Some(started))
}

/// Without the key: plugins see `PATH`, `HOME` and `LANG`.
pub(crate) fn settings(ui: Ui) -> Settings {
    let mut settings = Settings::default().allowed_of(std::env::vars_os());
    settings.observer = Arc::new(move |event| match event {
        PluginEvent::Stderr(line) => ui.note(&format!("scorer     {}", sanitize(line))),
        PluginEvent::Restarted { why } => {
            ui.alarm(&format!("scorer     started again: it {}", sanitize(why)));
        }
        PluginEvent::RowLost { number, why } => {
            ui.alarm(&format!(
                "scorer     row {number} is unscorable: the scorer {}",
                sanitize(why)
            ));
        }
        _ => {}
    });
    settings
}
