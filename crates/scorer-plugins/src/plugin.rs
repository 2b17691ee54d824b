//! The texts that name a plugin: `jq:EXPRESSION`, `python:FILE[:FUNCTION]`, `exec:COMMAND`.

use scoring::{Scorer, SpecError};

#[cfg(feature = "jq")]
use crate::JqScorer;
use crate::{PluginError, ProcessPlan, PythonFunction, Settings};

/// A plugin that a text names, checked as far as it can be without starting anything.
///
/// ```
/// use scorer_plugins::Plugin;
/// assert!(matches!(Plugin::parse("exec:node scorer.js"), Some(Ok(Plugin::Process(_)))));
/// assert!(Plugin::parse("function-call").is_none(), "what is no plugin is for others to name");
///
/// let error = Plugin::parse("jq:.a | lenght").unwrap().unwrap_err();
/// assert_eq!(error.caret(), "jq:.a | lenght\n        ^^^^^^");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Plugin {
    /// A jq expression.
    #[cfg(feature = "jq")]
    Jq(Box<JqScorer>),
    /// A command that speaks the protocol, the one that serves Python functions among them.
    Process(ProcessPlan),
}

impl Plugin {
    /// The plugin that `text` names; `None` if it does not begin as one.
    ///
    /// # Errors
    /// [`SpecError`] with the place in `text`.
    pub fn parse(text: &str) -> Option<Result<Self, SpecError>> {
        let trimmed = text.trim_start();
        let before = text.len() - trimmed.len();
        let (kind, _) = trimmed.split_once(':')?;
        let from = before + kind.len() + 1;
        match kind {
            #[cfg(feature = "jq")]
            "jq" => Some(JqScorer::parse(text, from).map(|scorer| Self::Jq(Box::new(scorer)))),
            "python" => {
                Some(PythonFunction::parse(text, from).map(|rule| Self::Process(rule.plan())))
            }
            "exec" => Some(ProcessPlan::exec(text, from).map(Self::Process)),
            _ => None,
        }
    }

    /// Whether it is a program, which can do what any program can; a jq expression sees nothing but its row.
    pub fn starts_programs(&self) -> bool {
        matches!(self, Self::Process(_))
    }

    /// The scorer; a process is started for it, and says hello.
    ///
    /// # Errors
    /// [`PluginError`] if it cannot be started.
    pub fn start(self, settings: Settings) -> Result<Box<dyn Scorer>, PluginError> {
        match self {
            #[cfg(feature = "jq")]
            Self::Jq(scorer) => Ok(scorer),
            Self::Process(plan) => Ok(Box::new(plan.start(settings)?)),
        }
    }
}
