//! What a test may ask of the fake server, in Rust or as words on a command line.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// How one create goes; creates beyond the list go well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CreateFault {
    /// Answers as it should.
    None,
    /// Hangs up; no job comes of it.
    DropUnapplied,
    /// Hangs up; the job comes into being this much later.
    DropThenApply(Duration),
    /// Answers with this status; no job comes of it.
    Refuse(u16),
    /// Answers with this status although the job comes into being this much later.
    RefuseThenApply(u16, Duration),
}

/// How every job ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// All rows answered but for the odd failed one.
    Succeeded,
    /// With an error and no results.
    Failed,
    /// As if somebody had cancelled it.
    Cancelled,
    /// Too old; no results.
    Expired,
    /// Half of the rows answered.
    PartiallySucceeded,
    /// A state nobody has heard of, with `done: true` and no results.
    Unheard,
}

impl End {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::PartiallySucceeded => "PARTIALLY_SUCCEEDED",
            Self::Unheard => "EVAPORATED",
        }
    }

    pub(crate) fn has_results(self) -> bool {
        matches!(self, Self::Succeeded | Self::PartiallySucceeded)
    }
}

/// The settings of one fake server.
#[derive(Debug, Clone)]
pub struct Knobs {
    /// How the first, second, … create goes.
    pub creates: VecDeque<CreateFault>,
    /// How long a job is missing from lists although it can be had by name.
    pub list_lag: Duration,
    /// How often a job is seen PENDING, and then RUNNING, before it has ended.
    pub looks: (u32, u32),
    /// How every job ends.
    pub end: End,
    /// So many first looks at an ended job show no result file yet.
    pub late_output: u32,
    /// So many first data chunks are stored half and answered with 503.
    pub half_chunks: u32,
    /// So many first downloads break off in the middle.
    pub cut_downloads: u32,
    /// So many first gets of a job are answered with 503.
    pub busy_gets: u32,
    /// Every so-many-th result row is left out; 0 leaves none out.
    pub missing_every: usize,
    /// The model whose every answer is followed by another to the same row.
    pub contradicts: Option<String>,
    /// The largest page a list gives.
    pub page: usize,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            creates: VecDeque::new(),
            list_lag: Duration::ZERO,
            looks: (1, 1),
            end: End::Succeeded,
            late_output: 0,
            half_chunks: 0,
            cut_downloads: 0,
            busy_gets: 0,
            missing_every: 0,
            contradicts: None,
            page: 3,
        }
    }
}

/// A word that is no setting of the fake server.
#[derive(Debug)]
pub struct NotAKnob(String);

impl fmt::Display for NotAKnob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no setting of the fake server", self.0)
    }
}

impl std::error::Error for NotAKnob {}

impl Knobs {
    /// Reads settings as words: `create=drop+400ms`, `create=503`, `end=expired`, `list-lag=1s`, …
    ///
    /// # Errors
    ///
    /// On a word that is none of them.
    pub fn from_words<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, NotAKnob> {
        let mut knobs = Self::default();
        for word in words {
            knobs.set(word).ok_or_else(|| NotAKnob(word.to_owned()))?;
        }
        Ok(knobs)
    }

    fn set(&mut self, word: &str) -> Option<()> {
        let (name, value) = word.split_once('=')?;
        match name {
            "create" => self.creates.push_back(create_fault(value)?),
            "list-lag" => self.list_lag = duration(value)?,
            "looks" => {
                let (pending, running) = value.split_once(',')?;
                self.looks = (number(pending)?, number(running)?);
            }
            "end" => self.end = end(value)?,
            "late-output" => self.late_output = number(value)?,
            "half-chunks" => self.half_chunks = number(value)?,
            "cut-downloads" => self.cut_downloads = number(value)?,
            "busy-gets" => self.busy_gets = number(value)?,
            "missing-every" => self.missing_every = number(value)?,
            "contradicts" => self.contradicts = Some(value.to_owned()),
            "page" => self.page = number(value)?,
            _ => return None,
        }
        Some(())
    }
}

fn create_fault(value: &str) -> Option<CreateFault> {
    let (what, late) = match value.split_once('+') {
        Some((what, late)) => (what, Some(duration(late)?)),
        None => (value, None),
    };
    Some(match (what, late) {
        ("ok", None) => CreateFault::None,
        ("drop", None) => CreateFault::DropUnapplied,
        ("drop", Some(late)) => CreateFault::DropThenApply(late),
        (status, None) => CreateFault::Refuse(number(status)?),
        (status, Some(late)) => CreateFault::RefuseThenApply(number(status)?, late),
    })
}

fn end(value: &str) -> Option<End> {
    Some(match value {
        "succeeded" => End::Succeeded,
        "failed" => End::Failed,
        "cancelled" => End::Cancelled,
        "expired" => End::Expired,
        "partial" => End::PartiallySucceeded,
        "unheard" => End::Unheard,
        _ => return None,
    })
}

fn duration(value: &str) -> Option<Duration> {
    match value.strip_suffix("ms") {
        Some(millis) => Some(Duration::from_millis(number(millis)?)),
        None => Some(Duration::from_secs(number(value.strip_suffix('s')?)?)),
    }
}

fn number<N: FromStr>(value: &str) -> Option<N> {
    value.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_settings() {
        let knobs = Knobs::from_words([
            "create=drop+400ms",
            "create=ok",
            "create=503",
            "create=500+2s",
            "end=expired",
            "looks=0,5",
        ])
        .unwrap();
        assert_eq!(
            Vec::from(knobs.creates),
            [
                CreateFault::DropThenApply(Duration::from_millis(400)),
                CreateFault::None,
                CreateFault::Refuse(503),
                CreateFault::RefuseThenApply(500, Duration::from_secs(2)),
            ]
        );
        assert_eq!((knobs.end, knobs.looks), (End::Expired, (0, 5)));
    }

    #[test]
    fn other_words_are_refused_by_name() {
        for word in ["", "end", "end=dead", "creates=ok", "list-lag=5", "create=drop+"] {
            let error = Knobs::from_words([word]).unwrap_err().to_string();
            assert!(error.contains(&format!("{word:?}")), "{error}");
        }
    }
}
