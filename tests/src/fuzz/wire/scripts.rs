//! The service's side of an upload that goes by a script of letters, and watches what it gets.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::desk::{Reply, Request, Service};
use super::{FILE, KEY};

/// The label of the upload.
pub(super) const LABEL: &str = "be1.run.s0001";

/// What stands in the address of the session.
pub(super) const SECRET: &str = "SECRETID";

/// Three looks of a hundred pages, and five tries for each of few bytes, each of few pieces: an upload that
/// takes more has no end.
const MOST: usize = 2000;

/// A session of an upload.
#[derive(Debug, Clone)]
pub(super) struct Script {
    /// One for each request, over and over: see [`Script::play`].
    letters: Vec<u8>,
    payload: Vec<u8>,
    /// As it is told when the session is opened.
    granularity: &'static str,
    pub(super) taken: Vec<u8>,
    /// Whether the upload was ever said to be over.
    pub(super) said_final: bool,
    /// Whether a file was told that nothing can be held against.
    pub(super) forged: bool,
    /// What the client did that it must not.
    pub(super) faults: Vec<String>,
    requests: usize,
    /// The end of the farthest piece that came or may have come before.
    farthest: usize,
    finished: bool,
}

impl Service for Script {
    fn answer(&mut self, request: &Request) -> Reply {
        self.requests += 1;
        if self.requests > MOST {
            self.faults.push("there is no end".to_owned());
            return Reply::new(410, "");
        }
        // The request that opens the session has no letter.
        let played = self.requests.saturating_sub(2);
        let place = played.checked_rem(self.letters.len()).unwrap_or_default();
        let letter = self.letters.get(place).map_or(b'a', |byte| {
            b'a' + byte.wrapping_sub(b'a') % 26 // so that any byte is a letter
        });
        match (request.method.as_str(), request.header("x-goog-upload-command")) {
            ("POST", Some("start")) => {
                let address = format!("http://127.0.0.1/upload/v1beta/files?upload_id={SECRET}");
                let reply = Reply::new(200, "").with("X-Goog-Upload-URL", address);
                reply.with("X-Goog-Upload-Chunk-Granularity", self.granularity)
            }
            ("POST", command) => {
                self.watch(request, command.unwrap_or_default());
                self.play(letter, request)
            }
            _ => self.answer_about_files(letter, &request.method),
        }
    }
}

impl Script {
    pub(super) fn new(
        letters: Vec<u8>,
        payload: Vec<u8>,
        granularity: &'static str,
        resumed: bool,
    ) -> Self {
        Self {
            letters,
            granularity,
            farthest: if resumed { payload.len() } else { 0 },
            payload,
            taken: Vec::new(),
            said_final: false,
            forged: false,
            faults: Vec::new(),
            requests: 0,
            finished: false,
        }
    }

    /// What must hold of every request of a session.
    fn watch(&mut self, request: &Request, command: &str) {
        let mut fault = |what: &str| self.faults.push(format!("{what}: {request:?}"));
        if request.header("x-goog-api-key").is_some_and(|key| key.contains(KEY)) {
            fault("the key went to the address of a session");
        }
        if !request.target.contains(SECRET) {
            fault("this is not the session");
        }
        if command == "query" {
            return;
        }
        let offset = request.header("x-goog-upload-offset").and_then(|text| text.parse().ok());
        let Some(offset): Option<usize> = offset else {
            return fault("no offset");
        };
        let end = offset.saturating_add(request.body.len());
        if self.payload.get(offset..end) != Some(&request.body) {
            return fault("this is no piece of the payload");
        }
        if offset > self.farthest {
            fault("bytes were left out");
        }
        if command.contains("finalize") != (end == self.payload.len()) {
            fault("the end is not where the bytes end");
        }
        let granularity: usize = self.granularity.parse().unwrap_or(1);
        let is_last = end == self.payload.len();
        if !is_last && !request.body.len().is_multiple_of(granularity.max(1)) {
            fault("a piece is cut in the middle of a grain");
        }
        self.farthest = self.farthest.max(end);
    }

    /// One answer; most letters are for something that goes wrong.
    fn play(&mut self, letter: u8, request: &Request) -> Reply {
        let total = self.payload.len();
        let wordless = || Reply::new(200, "");
        let active = |size: &str| {
            wordless().with("X-Goog-Upload-Status", "active").with(SIZE, size.as_bytes())
        };
        match letter {
            b'b' => active("0"),
            b'c' => active(&total.to_string()),
            b'd' => active(&(total + 1).to_string()),
            b'e' => active(&u64::MAX.to_string()),
            b'f' => active("-1"),
            b'g' => active("many"),
            b'h' => wordless().with("X-Goog-Upload-Status", "active"),
            b'i' => self.over(String::new()),
            b'j' => self.over(format!(r#"{{"file":{{"name":"{FILE}","sizeBytes":"99"}}}}"#)),
            b'k' => {
                self.forged = true;
                self.over(format!(r#"{{"file":{{"name":"{FILE}"}}}}"#))
            }
            b'q' => {
                self.take(request, request.body.len());
                Reply::Drop
            }
            b'r' => Reply::new(400, r#"{"error":{"message":"no"}}"#),
            b's' => Reply::new(416, ""),
            b't' => active(&self.taken.len().saturating_sub(1).to_string()),
            b'v' => wordless().with("X-Goog-Upload-Status", "cancelled"),
            b'w' => wordless(),
            b'y' => Reply::new(400, "").with("X-Goog-Upload-Status", "final"),
            b'z' => {
                self.take(request, request.body.len() / 2);
                self.truth()
            }
            _ => trouble(letter).unwrap_or_else(|| {
                self.take(request, request.body.len());
                self.truth()
            }),
        }
    }

    /// What a list or a removal gets; where nothing goes wrong, a list has the file that there is.
    fn answer_about_files(&self, letter: u8, method: &str) -> Reply {
        let odd = match letter {
            // No page is the last one.
            b'h' => Some(format!(r#"{{"nextPageToken":"{}"}}"#, self.requests)),
            b'w' => Some("?".to_owned()),
            b'j' => Some(r#"{"files":[{"name":"files/../x"},7]}"#.to_owned()),
            _ if method == "DELETE" || !self.finished => Some("{}".to_owned()),
            _ => None,
        };
        let body = odd.unwrap_or_else(|| format!(r#"{{"files":[{}]}}"#, self.file()));
        trouble(letter).unwrap_or_else(|| Reply::new(200, body))
    }

    /// Takes bytes that begin where the ones that are there end.
    fn take(&mut self, request: &Request, len: usize) {
        let offset = request.header("x-goog-upload-offset").and_then(|text| text.parse().ok());
        if self.finished || offset != Some(self.taken.len()) {
            return;
        }
        self.taken.extend_from_slice(&request.body[..len]);
        let command = request.header("x-goog-upload-command").unwrap_or_default();
        self.finished = command.contains("finalize") && len == request.body.len();
    }

    fn truth(&mut self) -> Reply {
        if self.finished {
            return self.over(format!(r#"{{"file":{}}}"#, self.file()));
        }
        let reply = Reply::new(200, "").with("X-Goog-Upload-Status", "active");
        reply.with(SIZE, self.taken.len().to_string())
    }

    fn over(&mut self, body: String) -> Reply {
        self.said_final = true;
        Reply::new(200, body).with("X-Goog-Upload-Status", "final")
    }

    /// What was made of the bytes that were taken.
    fn file(&self) -> String {
        format!(
            r#"{{"name":"{FILE}","displayName":"{LABEL}","sizeBytes":"{}","sha256Hash":"{}"}}"#,
            self.taken.len(),
            sha256(&self.taken)
        )
    }
}

const SIZE: &str = "X-Goog-Upload-Size-Received";

/// Trouble that any request can meet; nothing is taken.
fn trouble(letter: u8) -> Option<Reply> {
    Some(match letter {
        b'l' => Reply::new(404, ""),
        b'm' => Reply::new(410, ""),
        b'n' => Reply::new(500, ""),
        b'o' => Reply::new(503, "").with("Retry-After", "7200"),
        b'p' => Reply::Drop,
        b'u' => Reply::new(404, "<html>Log in"),
        b'x' => Reply::new(429, "").with("Retry-After", "1"),
        _ => return None,
    })
}

/// As lower-case hex.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
