//! Finding an uploaded file again when the answer that named it was lost.

use std::time::Duration;

use batch_backend::{BackendError, PageToken};

use crate::client::Client;
use crate::error::About;
use crate::files::RemoteFile;
use crate::policy::{CallClass, Outcome};
use crate::upload::Session;

/// Pages looked at: 10,000 files of 48 hours.
const MAX_PAGES: usize = 100;

/// A list may lag behind; so often it is asked for.
const LOOKS: u32 = 3;

impl Client {
    /// The newest file of this name, length and digest.
    pub(crate) async fn locate(
        &self,
        session: &Session,
        total: u64,
        sha256: &str,
        about: About<'_>,
    ) -> Result<RemoteFile, BackendError> {
        let fits = |file: &RemoteFile| {
            let named = session.label.is_none() || file.label == session.label;
            named && file.bytes == Some(total) && file.sha256.as_deref() == Some(sha256)
        };
        for look in 1..=LOOKS {
            if let Some(file) = self.newest_file(fits, about).await? {
                return Ok(file);
            }
            let policy = self.policies().of(CallClass::Read);
            let draw = self.clock().draw();
            let wait = policy.wait(CallClass::Read, Outcome::Unreadable, look, draw);
            if look < LOOKS {
                self.clock().sleep(wait.unwrap_or(Duration::ZERO)).await;
            }
        }
        Err(about
            .not_found("the upload is over, and no file of its name, length and digest is there")
            .with_hint("open another session"))
    }

    async fn newest_file(
        &self,
        fits: impl Fn(&RemoteFile) -> bool,
        about: About<'_>,
    ) -> Result<Option<RemoteFile>, BackendError> {
        let mut newest: Option<RemoteFile> = None;
        let mut token: Option<PageToken> = None;
        for _ in 0..MAX_PAGES {
            let page = self.file_page(token.as_ref(), about).await?;
            for file in page.files.into_iter().filter(&fits) {
                if newest.as_ref().is_none_or(|known| known.created < file.created) {
                    newest = Some(file);
                }
            }
            if page.next.is_none() || page.next == token {
                break;
            }
            token = page.next;
        }
        Ok(newest)
    }
}
