//! What a fault does to a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Action {
    /// Answers this instead; nothing is applied.
    Answer(Canned),
    /// Closes the connection without reading the body; nothing is applied.
    Drop,
    /// Applies the request, then closes the connection without an answer.
    ApplyThenDrop,
    /// Closes the connection at once and applies the request later: a job exists and is listed
    /// only from then on, whether the client lives or not, and also after a restart.
    Late {
        /// When, in real milliseconds after the request came.
        after_ms: u64,
    },
    /// Waits, then answers as ever.
    Delay {
        /// How long, in real milliseconds.
        ms: u64,
    },
    /// Never answers.
    Hang,
    /// Takes so many bytes of the request's body, then closes the connection (uploads keep them).
    CutUpload {
        /// How many bytes are taken.
        bytes: u64,
    },
    /// Sends only the beginning of the answer's body.
    Truncate {
        /// How many bytes are sent.
        bytes: u64,
        /// What the answer says about its length.
        length: LengthSaid,
    },
    /// An upload chunk is taken only in part, and the answer says so.
    ShortSizeReceived {
        /// How many bytes of the chunk's end are thrown away.
        by: u64,
    },
    /// The upload session is forgotten before the request is looked at (404).
    LoseSession,
    /// Answers a refusal as the service words it; nothing is applied.
    Refuse(Refusal),
    /// Applies the request, then answers this instead.
    ApplyThenAnswer(Canned),
    /// Answers as ever, with these headers set or replaced; a value of `""` takes one away.
    Headers(BTreeMap<String, String>),
    /// Sends the answer's body slowly.
    Drip {
        /// How many bytes are sent at a time.
        bytes: u64,
        /// How long it waits between them, in real milliseconds.
        every_ms: u64,
    },
    /// Takes the request's body slowly.
    SlowUpload {
        /// How many bytes are taken in each span, on the whole.
        bytes: u64,
        /// The span, in real milliseconds.
        every_ms: u64,
    },
    /// Sends only the beginning of the answer's body and then nothing more, without closing.
    Stall {
        /// How many bytes are sent.
        bytes: u64,
    },
}

/// A refusal in the service's own words, so that a script need not write the body out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Refusal {
    /// 429 with nothing but a link, as the service mostly gives it.
    TooManyRequests,
    /// 429 with a `RetryInfo` of 3 s, a `QuotaFailure` and `Retry-After`.
    RetryLater,
    /// 429: the model's enqueued tokens are used up.
    EnqueuedTokens,
    /// 429: file storage is full.
    StorageFull,
    /// 400 with `API_KEY_INVALID`.
    BadKey,
    /// 400 `FAILED_PRECONDITION`: billing is not set up.
    NoBilling,
    /// 403: the file is gone, never was, or belongs to another project.
    FileGone,
    /// 404: there is no such model.
    NoModel,
    /// 500.
    Internal,
    /// 503: the model is overloaded.
    Overloaded,
    /// 504.
    Deadline,
    /// 502 with a page of HTML, as proxies give it.
    HtmlPage,
    /// 400 as for a chunk at the wrong offset, the session staying open.
    OffsetMismatch,
}

/// What a truncated answer says about its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LengthSaid {
    /// The length of the whole; the connection closes before.
    Right,
    /// No length: chunked, and ended as if all were well.
    Absent,
    /// The length of what is sent.
    Short,
}

/// An answer that stands in the script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Canned {
    /// The status; without a body, a status of 400 or more brings Google's error body for it.
    pub status: u16,
    /// Headers by name.
    pub headers: BTreeMap<String, String>,
    /// The body, when it is text (HTML of a proxy, say).
    pub body: Option<String>,
    /// The body, when it is JSON.
    pub json: Option<serde_json::Value>,
}
