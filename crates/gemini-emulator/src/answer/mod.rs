//! Who answers rows: one narrow trait, and the answers that an emulator can be told to give.

mod args;
mod canonical;
mod echo;
mod judging;
mod replay;
mod rules;
mod signal;
mod text;
mod view;
mod words;

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use serde_json::value::RawValue;

use echo::Echo;
pub use judging::Judging;
use replay::Replay;
use rules::Rules;

pub(crate) use view::prompt_tokens;

/// Where the answers to rows and to single calls come from.
///
/// ```
/// use gemini_emulator::{Answers, Emulator};
///
/// let builder = Emulator::builder().answers(Answers::Echo);
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Answers {
    /// Simple rules, seeded by the model's name and the request.
    #[default]
    Rules,
    /// The last user text said again, or a function called with it where the request asks for a
    /// call.
    Echo,
    /// The responses logged in this JSONL file, whose rows have `request` and `response` (or
    /// `error`); a request that is not in it is a row error with code 5.
    ///
    /// Requests are compared as JSON without `model`, member order and white space; numbers are
    /// compared by their text. Of equal requests the first answers.
    Replay(PathBuf),
    /// A server with real models behind it.
    #[cfg(feature = "upstream")]
    Upstream(crate::upstream::UpstreamConfig),
}

/// What the service gives for one row.
#[derive(Debug, Clone)]
pub(crate) enum RowAnswer {
    Response(Value),
    /// A response that keeps its bytes.
    Verbatim(Box<RawValue>),
    /// A `google.rpc.Status` in place of a response.
    Error {
        code: i32,
        message: String,
    },
}

impl RowAnswer {
    pub(crate) fn error(code: i32, message: impl Into<String>) -> Self {
        Self::Error { code, message: message.into() }
    }
}

/// One request to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RowAsk<'a> {
    /// Without `models/`.
    pub(crate) model: &'a str,
    /// A `GenerateContentRequest` as it came.
    pub(crate) request: &'a RawValue,
    /// What the response is to be called, if the answerer knows no better.
    pub(crate) response_id: &'a str,
}

impl RowAsk<'_> {
    pub(crate) fn parsed(&self) -> Result<Value, RowAnswer> {
        serde_json::from_str(self.request.get())
            .map_err(|error| RowAnswer::error(3, format!("Invalid JSON: {error}")))
    }
}

/// How long answers take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// They are made at once, without waiting for anything; jobs end by the clock.
    MadeUp,
    #[cfg_attr(
        not(feature = "upstream"),
        expect(dead_code, reason = "only the upstream takes its own time")
    )]
    /// Someone else is asked, so many rows at a time; jobs end when all rows are answered.
    Real { concurrency: usize },
}

/// Answers one row after the other; equal rows of a made-up pace get equal answers.
#[async_trait]
pub(crate) trait Answerer: Debug + Send + Sync {
    /// What the answers are called in a job's record.
    fn name(&self) -> &'static str;

    /// What the service's list says of each model.
    fn description(&self) -> &'static str;

    /// The models that answer, where that is not for the emulator's settings to say.
    async fn models(&self) -> Option<Result<Vec<String>, RowAnswer>> {
        None
    }

    fn pace(&self) -> Pace {
        Pace::MadeUp
    }

    /// Answers a row; whatever goes wrong is the row's error.
    async fn answer(&self, row: RowAsk<'_>) -> RowAnswer;
}

/// Makes ready who answers; reads the whole dataset for a replay.
pub(crate) fn open(
    answers: &Answers,
    seed: u64,
    judging: Judging,
) -> Result<Arc<dyn Answerer>, OpenError> {
    Ok(match answers {
        Answers::Rules => Arc::new(Rules { seed, judging }),
        Answers::Echo => Arc::new(Echo),
        Answers::Replay(path) => Arc::new(Replay::open(path)?),
        #[cfg(feature = "upstream")]
        Answers::Upstream(config) => Arc::new(crate::upstream::Upstream::open(config.clone())?),
    })
}

/// The answers of this name, where they need nothing but the name.
pub(crate) fn by_name(name: &str, seed: u64, judging: Judging) -> Option<Arc<dyn Answerer>> {
    match name {
        "rules" => Some(Arc::new(Rules { seed, judging })),
        "echo" => Some(Arc::new(Echo)),
        _ => None,
    }
}

/// Why nobody can answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("failed to read the dataset")]
    Replay(#[from] std::io::Error),
    #[cfg(feature = "upstream")]
    #[error(transparent)]
    Upstream(#[from] crate::upstream::UpstreamError),
}
