//! The parts of the journal's lines: words of their own for what events carry, kept for ever.

use batch_backend::{JobCounts, JobState};
use batch_orchestrator::{InputId, Load, NewInput, Then, Why};
use serde::{Deserialize, Serialize};

use crate::Print;

/// A text that is written to the file and nowhere else.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Secret(pub(crate) String);

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum DoubtShape {
    Unanswered,
    Declined,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateShape {
    Queued,
    Running,
    Succeeded,
    PartiallySucceeded,
    Failed,
    Cancelled,
    Expired,
    Other,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ErrorShape {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i64>,
    pub(crate) message: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct CountsShape {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    succeeded: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ThenShape {
    Wait,
    Cancel,
    Split,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhyShape {
    Rows,
    Asked,
    Split,
}

/// One input that an attempt added.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NewInputShape {
    input: String,
    rows: u64,
    bytes: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    print: Option<Print>,
    #[serde(default)]
    tokens: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cost: Option<u64>,
}

impl ThenShape {
    pub(crate) fn of(then: Then) -> Self {
        match then {
            Then::Wait => Self::Wait,
            Then::Cancel => Self::Cancel,
            Then::Split => Self::Split,
        }
    }

    pub(crate) fn then(self) -> Then {
        match self {
            Self::Wait => Then::Wait,
            Self::Cancel => Then::Cancel,
            Self::Split => Then::Split,
        }
    }
}

impl WhyShape {
    pub(crate) fn of(why: Why) -> Self {
        match why {
            Why::Rows => Self::Rows,
            Why::Asked => Self::Asked,
            Why::Split => Self::Split,
        }
    }

    pub(crate) fn why(self) -> Why {
        match self {
            Self::Rows => Why::Rows,
            Self::Asked => Why::Asked,
            Self::Split => Why::Split,
        }
    }
}

impl NewInputShape {
    pub(crate) fn of(added: &NewInput) -> Self {
        let NewInput { id, rows, bytes, print, load: Load { tokens, cost } } = *added;
        Self { input: id.to_string(), rows, bytes, print: print.map(Print::new), tokens, cost }
    }

    pub(crate) fn input(self) -> Result<NewInput, String> {
        let Self { input, rows, bytes, print, tokens, cost } = self;
        let (id, load) = (input_id(&input)?, Load { tokens, cost });
        Ok(NewInput { id, rows, bytes, print: print.map(Print::get), load })
    }
}

impl CountsShape {
    pub(crate) fn into_counts(self) -> JobCounts {
        let Self { total, succeeded, failed, pending } = self;
        JobCounts { total, succeeded, failed, pending }
    }
}

pub(crate) fn counts_of(counts: JobCounts) -> CountsShape {
    let JobCounts { total, succeeded, failed, pending } = counts;
    CountsShape { total, succeeded, failed, pending }
}

/// The shape of a state, and the service's own spelling of one without a word here.
pub(crate) fn shape_of(state: &JobState) -> Result<(StateShape, Option<String>), String> {
    Ok((
        match state {
            JobState::Queued => StateShape::Queued,
            JobState::Running => StateShape::Running,
            JobState::Succeeded => StateShape::Succeeded,
            JobState::PartiallySucceeded => StateShape::PartiallySucceeded,
            JobState::Failed => StateShape::Failed,
            JobState::Cancelled => StateShape::Cancelled,
            JobState::Expired => StateShape::Expired,
            JobState::Other(spelled) => return Ok((StateShape::Other, Some(spelled.clone()))),
            other => return Err(format!("the journal has no word for the state {other}")),
        },
        None,
    ))
}

pub(crate) fn state_of(state: StateShape, spelled: Option<String>) -> JobState {
    match state {
        StateShape::Queued => JobState::Queued,
        StateShape::Running => JobState::Running,
        StateShape::Succeeded => JobState::Succeeded,
        StateShape::PartiallySucceeded => JobState::PartiallySucceeded,
        StateShape::Failed => JobState::Failed,
        StateShape::Cancelled => JobState::Cancelled,
        StateShape::Expired => JobState::Expired,
        StateShape::Other => JobState::Other(spelled.unwrap_or_default()),
    }
}

pub(crate) fn input_id(text: &str) -> Result<InputId, String> {
    InputId::parse(text).ok_or_else(|| format!("{text:?} is no input"))
}
