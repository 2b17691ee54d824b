//! Why a row has no usable answer, as far as it matters for sending it again.

use clap::ValueEnum;
use scoring::Outcome;

/// A kind of row that can be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Class {
    /// It never came: its job expired, was stopped, or left it out
    Missing,
    /// The service failed at it, and may not the next time
    Transient,
    /// A quota stood in the way
    Quota,
    /// The service refused the request; it will refuse it again
    Invalid,
    /// The model's answer was blocked
    Blocked,
    /// The answer was cut off at its token limit
    Truncated,
    /// The answer was empty
    Empty,
    /// Its job was stopped or given up by hand; it may be paid for twice
    Stopped,
}

impl Class {
    /// What is sent again without being asked for: what may end otherwise the next time.
    pub(crate) const RETRIED: [Self; 3] = [Self::Missing, Self::Transient, Self::Quota];

    /// The class of a row by its outcome; `None` for one whose answer stands, and for one whose
    /// result file has to be fetched again rather than its row sent. `code` is that of a failed
    /// row's error.
    pub(crate) fn of(outcome: Outcome, code: Option<&str>) -> Option<Self> {
        Some(match outcome {
            Outcome::Missing => Self::Missing,
            Outcome::Error => Self::of_code(code),
            Outcome::Blocked => Self::Blocked,
            Outcome::Truncated => Self::Truncated,
            Outcome::Empty => Self::Empty,
            _ => return None,
        })
    }

    /// By the code of the row's error: a gRPC code, an HTTP status, or a status name. An unknown
    /// one is taken for the service's own trouble.
    fn of_code(code: Option<&str>) -> Self {
        match code.unwrap_or_default() {
            "8" | "429" | "RESOURCE_EXHAUSTED" => Self::Quota,
            "3"
            | "5"
            | "6"
            | "7"
            | "9"
            | "11"
            | "12"
            | "16"
            | "400"
            | "401"
            | "403"
            | "404"
            | "409"
            | "INVALID_ARGUMENT"
            | "NOT_FOUND"
            | "PERMISSION_DENIED"
            | "FAILED_PRECONDITION"
            | "OUT_OF_RANGE"
            | "UNIMPLEMENTED"
            | "UNAUTHENTICATED"
            | "ALREADY_EXISTS" => Self::Invalid,
            _ => Self::Transient,
        }
    }

    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Transient => "transient",
            Self::Quota => "quota",
            Self::Invalid => "invalid",
            Self::Blocked => "blocked",
            Self::Truncated => "truncated",
            Self::Empty => "empty",
            Self::Stopped => "stopped",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_end_otherwise_is_sent_again_unasked() {
        let retried = |outcome, code| {
            Class::of(outcome, code).is_some_and(|class| Class::RETRIED.contains(&class))
        };
        assert!(retried(Outcome::Missing, None));
        for code in [None, Some("13"), Some("14"), Some("503"), Some("8"), Some("429"), Some("99")]
        {
            assert!(retried(Outcome::Error, code), "{code:?}");
        }
        for code in ["3", "400", "INVALID_ARGUMENT", "7"] {
            assert!(!retried(Outcome::Error, Some(code)), "{code}");
        }
        for outcome in [Outcome::Answered, Outcome::Blocked, Outcome::Truncated, Outcome::Empty] {
            assert!(!retried(outcome, None), "{outcome:?}");
        }
        assert_eq!(Class::of(Outcome::Conflict, None), None, "fetched again, not sent again");
    }
}
