//! Which call is repeated after which failure, and after what wait: a table, as values.
//!
//! | call | nothing sent | lost or silent | 408, 429, 500, 502, 503, 504 | other answers |
//! |---|---|---|---|---|
//! | read, change, open upload, download | again | again | again (not 429 when storage is full) | no |
//! | upload | asks where the service stands, goes on | same | same | see `upload` |
//! | generate | again | **no** | 429 and 503 only | no |
//! | create | again | **no** | **no** | no |

use std::time::Duration;

/// The kinds of calls that differ in what a repetition may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallClass {
    /// Get and list.
    Read,
    /// Cancel and delete: the same end state however often.
    Change,
    /// An upload session that is not used costs nothing.
    OpenUpload,
    /// Bytes, and the question how many have arrived.
    Upload,
    /// An answer that is paid for: again only when none can have been given.
    Generate,
    /// A job: never twice.
    Create,
    /// A stream of results.
    Download,
}

/// How a call failed, as far as a repetition is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// No connection came about: the service saw nothing.
    NotSent,
    /// The service's certificate is not trusted: nothing was sent, and nothing would be.
    Distrust,
    /// The request may have arrived; no whole answer came back.
    Lost,
    /// An answer came that makes no sense.
    Unreadable,
    /// One that would make none the next time either.
    Senseless,
    /// A status that is no success.
    Status {
        code: u16,
        /// The least wait the service asked for.
        floor: Option<Duration>,
        /// Waiting does not help: something must be freed first.
        stuck: bool,
    },
    /// This machine failed.
    Local,
}

impl Outcome {
    /// Whether the service was reached and went quiet: asking again costs it the most.
    pub(crate) fn is_silence(self) -> bool {
        self == Self::Lost
    }

    /// Whether the same request may fare better later.
    pub(crate) fn is_passing(self) -> bool {
        match self {
            Self::NotSent | Self::Lost | Self::Unreadable => true,
            Self::Status { code, stuck, .. } => is_passing_status(code) && !stuck,
            Self::Local | Self::Distrust | Self::Senseless => false,
        }
    }

    fn floor(self) -> Duration {
        match self {
            Self::Status { floor, .. } => floor.unwrap_or_default(),
            _ => Duration::ZERO,
        }
    }
}

pub(crate) fn is_passing_status(code: u16) -> bool {
    matches!(code, 408 | 429 | 500 | 502 | 503 | 504)
}

impl CallClass {
    fn repeats(self, outcome: Outcome) -> bool {
        match self {
            Self::Create => outcome == Outcome::NotSent,
            Self::Generate => match outcome {
                Outcome::NotSent => true,
                Outcome::Status { code: 429 | 503, stuck, .. } => !stuck,
                _ => false,
            },
            _ => outcome.is_passing(),
        }
    }
}

/// How often and how patiently a call is repeated.
///
/// The wait before try n + 1 is drawn evenly from zero to `first` × 2ⁿ⁻¹, at most `cap`; a wait that
/// the service asks for is the least, and one above `longest` ends the tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Tries in all, the first one counted. For an upload or a download: tries without a new byte.
    pub attempts: u32,
    /// The longest first wait.
    pub first: Duration,
    /// The longest drawn wait.
    pub cap: Duration,
    /// The longest wait the service may ask for. A longer one ends the tries, as does one that
    /// leads beyond `total`; the error then tells it.
    pub longest: Duration,
    /// No try starts later than this after the first one, so that a call is over at the latest
    /// after this and the limit of one try. An upload or a download is only bound by its tries:
    /// gigabytes may take as long as they take, as long as they move.
    pub total: Duration,
}

impl RetryPolicy {
    /// `attempts` tries with the usual waits: 1 s doubled to 60 s, up to 10 minutes if asked for.
    pub const fn tries(attempts: u32) -> Self {
        Self {
            attempts,
            first: Duration::from_secs(1),
            cap: Duration::from_mins(1),
            longest: Duration::from_mins(10),
            total: Duration::from_mins(10),
        }
    }

    /// The same for transfers, which no `total` bounds: up to an hour if asked for.
    const fn of_transfers(attempts: u32) -> Self {
        Self { longest: Duration::from_hours(1), ..Self::tries(attempts) }
    }

    /// How long to wait after failed try `attempt` (from 1), or `None` to give up.
    pub(crate) fn wait(
        &self,
        class: CallClass,
        outcome: Outcome,
        attempt: u32,
        draw: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts || !class.repeats(outcome) {
            return None;
        }
        let floor = outcome.floor();
        if floor > self.longest {
            return None;
        }
        let doublings = attempt.saturating_sub(1).min(31);
        let most = self.first.saturating_mul(1 << doublings).min(self.cap);
        Some(floor.max(most.mul_f64(draw.clamp(0.0, 1.0))))
    }
}

/// The retry policy of each class of call.
///
/// | class | calls | tries | one try ([`Timeouts`](crate::Timeouts)) | over at the latest after |
/// |---|---|---|---|---|
/// | `read` | get and list of jobs, files and models; `countTokens` | 6 | `call` | `total` + `call`: 11 min |
/// | `change` | cancel, delete, end of an upload session | 4 | `call` | 11 min |
/// | `open_upload` | start of an upload session | 6 | `call` | 11 min |
/// | `generate` | `generateContent` | 4 | `create` | `total` + `create`: 15 min |
/// | `create` | creation of a job | 6, only while nothing was sent | `create` | 15 min |
/// | `upload` | bytes, and questions about them | 5 without a new byte | `idle` without a byte moved | – |
/// | `download` | results | 5 without a new byte | `call` to the first byte, then `idle` | – |
///
/// All clones of a client share a budget of repetitions besides: 20 in a row of failures (10 of
/// silences), and every success gives a fifth of one back.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policies {
    /// Looking at jobs, files and models. Default 6 tries.
    pub read: RetryPolicy,
    /// Cancelling and deleting. Default 4 tries.
    pub change: RetryPolicy,
    /// Opening an upload session. Default 6 tries.
    pub open_upload: RetryPolicy,
    /// Sending bytes. Default 5 tries without progress.
    pub upload: RetryPolicy,
    /// Generating one answer, repeated when none can have been given. Default 4 tries.
    pub generate: RetryPolicy,
    /// Creating a job, repeated only when no connection came about. Default 6 tries.
    pub create: RetryPolicy,
    /// Downloading. Default 5 tries without progress.
    pub download: RetryPolicy,
}

impl Default for Policies {
    fn default() -> Self {
        Self {
            read: RetryPolicy::tries(6),
            change: RetryPolicy::tries(4),
            open_upload: RetryPolicy::tries(6),
            upload: RetryPolicy::of_transfers(5),
            generate: RetryPolicy::tries(4),
            create: RetryPolicy::tries(6),
            download: RetryPolicy::of_transfers(5),
        }
    }
}

impl Policies {
    /// The same tries with another longest first wait: milliseconds against a server on this
    /// machine.
    #[must_use]
    pub fn with_first_wait(mut self, first: Duration) -> Self {
        for policy in [
            &mut self.read,
            &mut self.change,
            &mut self.open_upload,
            &mut self.upload,
            &mut self.generate,
            &mut self.create,
            &mut self.download,
        ] {
            policy.first = first;
        }
        self
    }

    pub(crate) fn of(&self, class: CallClass) -> &RetryPolicy {
        match class {
            CallClass::Read => &self.read,
            CallClass::Change => &self.change,
            CallClass::OpenUpload => &self.open_upload,
            CallClass::Upload => &self.upload,
            CallClass::Generate => &self.generate,
            CallClass::Create => &self.create,
            CallClass::Download => &self.download,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CallClass, Outcome, RetryPolicy};
    use std::time::Duration;

    fn status(code: u16) -> Outcome {
        Outcome::Status { code, floor: None, stuck: false }
    }

    /// One line per class: which outcomes are tried again.
    fn row(class: CallClass) -> String {
        let policy = RetryPolicy::tries(3);
        let again = |outcome| policy.wait(class, outcome, 1, 0.5).is_some();
        let mut row = String::new();
        for (word, outcome) in [
            ("not-sent", Outcome::NotSent),
            ("lost", Outcome::Lost),
            ("unreadable", Outcome::Unreadable),
            ("senseless", Outcome::Senseless),
            ("local", Outcome::Local),
            ("distrust", Outcome::Distrust),
        ] {
            if again(outcome) {
                row += word;
                row += " ";
            }
        }
        let codes = [
            300, 301, 400, 401, 403, 404, 408, 409, 410, 412, 413, 416, 429, 500, 501, 502, 503,
            504, 505,
        ];
        for code in codes.into_iter().filter(|&code| again(status(code))) {
            row += code.to_string().as_str();
            row += " ";
        }
        row
    }

    #[test]
    fn table_of_retries() {
        let all = "not-sent lost unreadable 408 429 500 502 503 504 ";
        for class in [
            CallClass::Read,
            CallClass::Change,
            CallClass::OpenUpload,
            CallClass::Upload,
            CallClass::Download,
        ] {
            assert_eq!(row(class), all, "{class:?}");
        }
        assert_eq!(row(CallClass::Generate), "not-sent 429 503 ");
        assert_eq!(row(CallClass::Create), "not-sent ");
    }

    #[test]
    fn waits_double_up_to_the_cap_and_end() {
        let policy = RetryPolicy::tries(10);
        let waits: Vec<_> = (1..=10)
            .map(|n| policy.wait(CallClass::Read, Outcome::Lost, n, 1.0).map(|w| w.as_secs()))
            .collect();
        let expected = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(Some);
        assert_eq!(waits[..9], expected);
        assert_eq!(waits[9], None);
        let none = policy.wait(CallClass::Read, Outcome::Lost, 1, 0.0);
        assert_eq!(none, Some(Duration::ZERO), "full jitter reaches down to nothing");
        let far = RetryPolicy::tries(u32::MAX);
        let wait = far.wait(CallClass::Read, Outcome::Lost, u32::MAX - 1, 1.0);
        assert_eq!(wait, Some(far.cap));
    }

    #[test]
    fn asked_waits_are_floors_up_to_a_bound() {
        let policy = RetryPolicy::of_transfers(3);
        let asked = |secs| Outcome::Status {
            code: 429,
            floor: Some(Duration::from_secs(secs)),
            stuck: false,
        };
        let wait = |secs| policy.wait(CallClass::Read, asked(secs), 1, 0.5);
        assert_eq!(wait(3), Some(Duration::from_secs(3)));
        assert_eq!(wait(0), Some(Duration::from_millis(500)));
        assert_eq!(wait(3_600), Some(Duration::from_hours(1)));
        assert_eq!(wait(3_601), None);
        let full = Outcome::Status { code: 429, floor: None, stuck: true };
        assert_eq!(policy.wait(CallClass::OpenUpload, full, 1, 0.5), None);
    }
}
