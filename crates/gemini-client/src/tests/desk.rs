//! A server side of the resumable protocol, small and independent, that fails as told.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

use super::server::{Reply, Request, Server, refusal};

/// What goes wrong with one data request or one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mishap {
    None,
    /// Nothing is taken; this status is answered.
    Status(u16),
    /// Only so many bytes are taken, and said to be.
    Short(usize),
    /// Everything is taken, and the connection drops.
    TakenThenDropped,
    /// Nothing is taken, and the connection drops.
    Dropped,
    /// Taken, and answered without a word about the upload.
    Wordless,
    /// Taken, and answered with more bytes than there are.
    Boast,
    /// No answer, ever.
    Silence,
    /// The session is forgotten.
    Lost,
    /// Nothing is taken; a gateway answers with a page and this status.
    Page(u16),
    /// Over for good, with a status.
    Final(u16),
}

/// What the desk holds.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) taken: Vec<u8>,
    pub(crate) mishaps: VecDeque<Mishap>,
    pub(crate) label: String,
    /// Files as the list shows them.
    pub(crate) files: Vec<String>,
    pub(crate) finished: bool,
    cancelled: bool,
    /// The digest that is told, in place of the true one.
    pub(crate) false_digest: Option<String>,
    granularity: usize,
}

/// What the desk answers to.
pub(crate) const SESSION: &str =
    "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=SECRETID";

pub(crate) struct Desk {
    pub(crate) server: Server,
    pub(crate) state: Arc<Mutex<State>>,
}

impl Desk {
    pub(crate) async fn open(mishaps: &[Mishap]) -> Self {
        let state = Arc::new(Mutex::new(State::with(mishaps)));
        let held = Arc::clone(&state);
        let server = Server::start(move |request| held.lock().unwrap().answer(request)).await;
        Self { server, state }
    }

    /// Command and offset of each request with an upload id.
    pub(crate) fn commands(&self) -> Vec<String> {
        let requests = self.server.requests();
        let data = requests.iter().filter(|r| r.target.contains("upload_id"));
        data.map(|r| {
            let command = r.header("x-goog-upload-command").unwrap();
            match r.header("x-goog-upload-offset") {
                Some(offset) => format!("{command} {offset}+{}", r.body.len()),
                None => command.to_owned(),
            }
        })
        .collect()
    }

    pub(crate) fn taken(&self) -> Vec<u8> {
        self.state.lock().unwrap().taken.clone()
    }
}

impl State {
    pub(crate) fn with(mishaps: &[Mishap]) -> Self {
        Self { mishaps: mishaps.iter().copied().collect(), granularity: 4, ..Self::default() }
    }

    pub(crate) fn answer(&mut self, request: &Request) -> Reply {
        match (request.method.as_str(), request.header("x-goog-upload-command")) {
            ("POST", Some("start")) => self.start(request),
            ("POST", Some("cancel")) => match self.mishaps.pop_front().unwrap_or(Mishap::None) {
                Mishap::None => {
                    self.cancelled = true;
                    self.status()
                }
                mishap => self.mishap(mishap, 0),
            },
            ("POST", Some("query")) => match self.mishaps.pop_front().unwrap_or(Mishap::None) {
                Mishap::None => self.status(),
                mishap => self.mishap(mishap, 0),
            },
            ("POST", Some(command)) => {
                let offset = request.header("x-goog-upload-offset");
                self.data(command, offset, &request.body)
            }
            ("GET", _) => Reply::json(200, &format!(r#"{{"files":[{}]}}"#, self.files.join(","))),
            ("DELETE", _) => {
                self.files.clear();
                Reply::json(200, "{}")
            }
            _ => Reply::json(418, "not at this desk"),
        }
    }

    fn start(&mut self, request: &Request) -> Reply {
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        body["file"]["displayName"].as_str().unwrap().clone_into(&mut self.label);
        let length = request.header("x-goog-upload-header-content-length").unwrap();
        assert_eq!(body["file"]["sizeBytes"], length);
        assert_eq!(request.header("x-goog-upload-protocol"), Some("resumable"));
        // The real host: a client with its own base must come back to its base.
        Reply::json(200, "")
            .with("X-Goog-Upload-URL", SESSION)
            .with("X-Goog-Upload-Status", "active")
            .with("X-Goog-Upload-Chunk-Granularity", &self.granularity.to_string())
    }

    fn data(&mut self, command: &str, offset: Option<&str>, body: &[u8]) -> Reply {
        let mishap = self.mishaps.pop_front().unwrap_or(Mishap::None);
        let offset: usize = offset.unwrap().parse().unwrap();
        let refused = matches!(
            mishap,
            Mishap::Status(_)
                | Mishap::Page(_)
                | Mishap::Dropped
                | Mishap::Lost
                | Mishap::Final(_)
                | Mishap::Silence
        );
        if refused {
            return self.mishap(mishap, 0);
        }
        if offset != self.taken.len() {
            return Reply::json(400, "offset").with("X-Goog-Upload-Status", "active");
        }
        let last = command.contains("finalize");
        assert!(last || body.len().is_multiple_of(self.granularity), "{} bytes", body.len());
        if let Mishap::Short(kept) = mishap {
            self.taken.extend_from_slice(&body[..kept.min(body.len())]);
            return self.status();
        }
        self.taken.extend_from_slice(body);
        if last {
            self.finish();
        }
        match mishap {
            Mishap::None => self.status(),
            mishap => self.mishap(mishap, self.taken.len()),
        }
    }

    fn finish(&mut self) {
        let true_digest = self.digest();
        let digest = self.false_digest.clone().unwrap_or(true_digest);
        self.finished = true;
        self.files.push(format!(
            r#"{{"name":"files/k3v9qh2m7x1c","displayName":"{}","sizeBytes":"{}","sha256Hash":"{digest}",
                "expirationTime":"2026-11-24T15:52:15.580Z","state":"ACTIVE"}}"#,
            self.label,
            self.taken.len()
        ));
    }

    fn digest(&self) -> String {
        let bytes = Sha256::digest(&self.taken);
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    }

    fn status(&self) -> Reply {
        if self.cancelled {
            return Reply::json(200, "").with("X-Goog-Upload-Status", "cancelled");
        }
        if self.finished {
            let body = format!(r#"{{"file":{}}}"#, self.files.last().unwrap());
            return Reply::json(200, &body).with("X-Goog-Upload-Status", "final");
        }
        Reply::json(200, "")
            .with("X-Goog-Upload-Status", "active")
            .with("X-Goog-Upload-Size-Received", &self.taken.len().to_string())
    }

    fn mishap(&mut self, mishap: Mishap, taken: usize) -> Reply {
        match mishap {
            Mishap::Status(status) => refusal(status, "X", "no", ""),
            Mishap::TakenThenDropped | Mishap::Dropped => Reply::Drop,
            Mishap::Wordless => Reply::json(200, "<html>ok</html>"),
            Mishap::Boast => Reply::json(200, "")
                .with("X-Goog-Upload-Status", "active")
                .with("X-Goog-Upload-Size-Received", &(taken + 1_000).to_string()),
            Mishap::Page(status) => Reply::json(status, "<html>Log in"),
            Mishap::Silence => Reply::Hang,
            Mishap::Lost => Reply::json(404, ""),
            Mishap::Final(status) => {
                refusal(status, "X", "no", "").with("X-Goog-Upload-Status", "final")
            }
            Mishap::None | Mishap::Short(_) => self.status(),
        }
    }
}
