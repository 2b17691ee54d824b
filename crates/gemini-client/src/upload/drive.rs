//! Driving an upload: the machine says what to do, this does it, until the file lies at the service.

use std::time::Duration;

use batch_backend::{BackendError, Operation, StoredInput, Upload, UploadSession};

use crate::client::Client;
use crate::digest::Hashing;
use crate::error::About;
use crate::failure::Failure;
use crate::files::RemoteFile;
use crate::policy::{CallClass, Outcome};
use crate::upload::exchange::Heard;
use crate::upload::machine::{Step, Transfer, Turn};
use crate::upload::session::Session;
use crate::wire::Uploaded;

/// The trouble met last, for the wait and for the error.
struct Trouble {
    outcome: Outcome,
    failure: Failure,
    /// A refusal that is only believed when asking shows no progress.
    doubtful: bool,
}

impl Trouble {
    fn of(failure: Failure) -> Self {
        // A page is not the service's word: it may pass, and the session is asked again.
        let outcome = if failure.is_page() { Outcome::Unreadable } else { failure.outcome() };
        Self { outcome, failure, doubtful: false }
    }

    fn odd(why: &str) -> Self {
        Self::of(Failure::Unreadable(why.to_owned()))
    }

    fn doubtful(failure: Failure) -> Self {
        Self { outcome: Outcome::Unreadable, failure, doubtful: true }
    }
}

/// What is to be sent, and what is known of it.
struct Sending<'a> {
    upload: &'a Upload<'a>,
    session: Session,
    total: u64,
    about: About<'a>,
}

impl Client {
    /// Opens a session.
    pub(crate) async fn start(&self, label: &str, len: u64) -> Result<UploadSession, BackendError> {
        let about = self.about(Operation::OpenUpload, label);
        let call = self.start_call(label, len).map_err(|f| about.failed(f))?;
        let tries = self.call(&call, |answer| self.read_start(answer, label)).await;
        let session = tries.result.map_err(|failure| about.failed(failure))?;
        Ok(session.to_handle())
    }

    /// Sends a payload from wherever the service stands.
    pub(crate) async fn send(&self, upload: &Upload<'_>) -> Result<StoredInput, BackendError> {
        let total = upload.payload.len();
        let subject = format!("{total} bytes");
        let about = self.about(Operation::Upload, &subject);
        let session = self.session_of(upload.session, about)?;
        let subject = session.label.clone().unwrap_or(subject.clone());
        let sending =
            Sending { upload, session, total, about: self.about(Operation::Upload, &subject) };
        let local = |error| sending.about.failed(Failure::Local(error));
        let mut hashing = Hashing::default();
        let last_words = self.send_all(&sending, &mut hashing).await?;
        hashing.reach(upload.payload, total).await.map_err(local)?;
        let sha256 = hashing.hex();
        let file = match told_file(&last_words) {
            Some(file) => file,
            None => self.locate(&sending.session, total, &sha256, sending.about).await?,
        };
        self.check(&file, total, &sha256, sending.about).await?;
        upload.progress.bytes(total, total);
        Ok(StoredInput { name: file.name, bytes: total, sha256, expires: file.expires })
    }

    /// Ends an upload that is not wanted any more; what arrived of it is thrown away. A session
    /// that is over in any way, a finished one too, is no error: then there is nothing to end.
    ///
    /// # Errors
    /// Any [`BackendError`]. A session that is left alone ends by itself, some day, and costs
    /// nothing.
    pub async fn cancel_upload(&self, session: &UploadSession) -> Result<(), BackendError> {
        let about = self.about(Operation::Cancel, "an upload");
        let session = self.session_of(session, about)?;
        let subject = session.label.as_deref().map(|label| format!("the upload of {label}"));
        let about = self.about(Operation::Cancel, subject.as_deref().unwrap_or("an upload"));
        self.end_session(&session).await.map_err(|failure| about.failed(failure))
    }

    fn session_of(
        &self,
        handle: &UploadSession,
        about: About<'_>,
    ) -> Result<Session, BackendError> {
        let mut session = Session::from_handle(handle)
            .ok_or_else(|| about.not_found("the upload session is no address"))?;
        session.url = self
            .base_url()
            .adopt(&session.url)
            .map_err(|why| about.nonsense(&format!("the upload address is refused: {why}")))?;
        Ok(session)
    }

    /// Sends until the service says that it has all; returns the body in which it said so.
    async fn send_all(
        &self,
        sending: &Sending<'_>,
        hashing: &mut Hashing,
    ) -> Result<Vec<u8>, BackendError> {
        let upload = sending.upload;
        let request = self.transfers().request_bytes;
        let open = if upload.resumed { Transfer::resumed } else { Transfer::fresh };
        let mut transfer = open(sending.total, sending.session.granularity, request);
        let mut refusal = None;
        loop {
            let (turn, trouble) = match self.step(sending, &mut transfer, hashing).await? {
                Stepped::Over(body) => return Ok(body),
                Stepped::Turned(turn, trouble) => (turn, trouble),
            };
            upload.progress.bytes(transfer.confirmed(), sending.total);
            let stalls = match turn {
                Turn::GoOn => {
                    self.budget().success();
                    continue;
                }
                Turn::Refused => {
                    return Err(sending.about.failed(refusal.unwrap_or(trouble.failure)));
                }
                Turn::Stalled(stalls) => stalls,
            };
            let wait = self.pause(CallClass::Upload, trouble.outcome, stalls, Duration::ZERO);
            let Some(wait) = wait else {
                return Err(sending.about.failed(trouble.failure));
            };
            tracing::debug!(target: "exchange", outcome = ?trouble.outcome, stalls, ?wait, "asking again");
            self.clock().sleep(wait).await;
            if trouble.doubtful {
                refusal = Some(trouble.failure);
            }
        }
    }

    async fn step(
        &self,
        sending: &Sending<'_>,
        transfer: &mut Transfer,
        hashing: &mut Hashing,
    ) -> Result<Stepped, BackendError> {
        let payload = sending.upload.payload;
        let step = transfer.next();
        let heard = match step {
            Step::Ask => self.ask(&sending.session).await,
            Step::Send(piece) => {
                let local = |error| sending.about.failed(Failure::Local(error));
                hashing.reach(payload, piece.offset).await.map_err(local)?;
                self.send_piece(&sending.session, payload, piece, hashing).await
            }
        };
        let (turn, trouble) = match (heard, step) {
            (Heard::Final(body), _) => return Ok(Stepped::Over(body)),
            (Heard::Gone, _) => {
                return Err(sending
                    .about
                    .not_found("the upload session is no more")
                    .with_hint("open another one"));
            }
            (Heard::Over(failure), _) => return Err(sending.about.failed(failure)),
            (Heard::Active(received), Step::Ask) => (
                transfer.answered(received),
                Trouble::odd("the service does not say how many bytes it has"),
            ),
            (Heard::Active(received), Step::Send(piece)) => (
                transfer.acknowledged(piece, received),
                Trouble::odd("the service takes no more bytes"),
            ),
            (Heard::Trouble(failure) | Heard::Doubt(failure), Step::Ask) => {
                (transfer.unanswered(), Trouble::of(failure))
            }
            (Heard::Trouble(failure), Step::Send(piece)) => {
                (transfer.troubled(piece), Trouble::of(failure))
            }
            (Heard::Doubt(failure), Step::Send(piece)) => {
                (transfer.doubted(piece), Trouble::doubtful(failure))
            }
        };
        Ok(Stepped::Turned(turn, trouble))
    }

    /// Compares what the service stored with what was sent; what differs is removed again.
    async fn check(
        &self,
        file: &RemoteFile,
        total: u64,
        sha256: &str,
        about: About<'_>,
    ) -> Result<(), BackendError> {
        let size_fits = file.bytes.is_none_or(|bytes| bytes == total);
        let digest_fits = file.sha256.as_deref().is_none_or(|digest| digest == sha256);
        if size_fits && digest_fits {
            return Ok(());
        }
        // A file that nobody can use takes room; that it stays is no further harm.
        let _ = self.delete_file(&file.name).await;
        let stored = file.bytes.map_or("?".to_owned(), |bytes| bytes.to_string());
        let digest = file.sha256.as_deref().unwrap_or("?");
        Err(about
            .nonsense(&format!(
                "{total} bytes with sha256 {sha256} were sent, {stored} with {digest} were stored"
            ))
            .with_hint("upload it again; the damaged file was removed"))
    }
}

enum Stepped {
    Over(Vec<u8>),
    Turned(Turn, Trouble),
}

/// The file in the answer that ended the upload, if it came whole.
fn told_file(body: &[u8]) -> Option<RemoteFile> {
    let uploaded: Uploaded<'_> = crate::wire::object(body).ok()?;
    RemoteFile::read(uploaded.file).ok()
}
