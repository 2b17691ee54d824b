//! Files at the service: looking at them, listing, removing.

use std::time::SystemTime;

use batch_backend::{BackendError, ErrorKind, InputName, Operation, PageToken};
use reqwest::{Method, Url};
use serde_json::value::RawValue;

use crate::client::Client;
use crate::digest::hex_of_field;
use crate::error::About;
use crate::exchange::Call;
use crate::failure::{Answer, Failure};
use crate::lenient::{count, text, time};
use crate::name;
use crate::policy::CallClass;
use crate::wire::{self, Nonsense, Page};

/// Items asked for in one page of a list: the most the service gives.
pub(crate) const PAGE_SIZE: &str = "100";

/// A file at the service.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RemoteFile {
    /// Its name there.
    pub name: InputName,
    /// The display name it was given; others may have the same.
    pub label: Option<String>,
    /// Its media type.
    pub media_type: Option<String>,
    /// Its length in bytes.
    pub bytes: Option<u64>,
    /// Its SHA-256 as lower-case hex.
    pub sha256: Option<String>,
    /// `ACTIVE`, `PROCESSING` or `FAILED`, as the service spells it.
    pub state: Option<String>,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// When the service will forget it.
    pub expires: Option<SystemTime>,
    /// All of it, as it came.
    pub json: Box<RawValue>,
}

/// One page of a list of files.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct FilePage {
    /// The files, in the service's order.
    pub files: Vec<RemoteFile>,
    /// The next page, if there is one.
    pub next: Option<PageToken>,
}

impl RemoteFile {
    pub(crate) fn read(json: &RawValue) -> Result<Self, Nonsense> {
        let file: wire::File<'_> = wire::object(json.get().as_bytes())?;
        let given = text(file.name).unwrap_or_default();
        let odd = || Nonsense(format!("unexpected name of a file: {given}"));
        Ok(Self {
            name: name::input(&given).ok_or_else(odd)?,
            label: text(file.display_name),
            media_type: text(file.mime_type),
            bytes: count(file.size_bytes),
            sha256: text(file.sha256_hash).and_then(|field| hex_of_field(&field)),
            state: text(file.state),
            created: time(file.create_time),
            expires: time(file.expiration_time),
            json: json.to_owned(),
        })
    }
}

impl Client {
    /// Looks at one file.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] when it is gone, expired or of another project: the service tells
    /// these apart from each other no more than from a wrong name. [`ErrorKind::Rejected`] for a
    /// file of results, which the service cannot be asked about.
    pub async fn get_file(&self, file: &InputName) -> Result<RemoteFile, BackendError> {
        let about = self.about_file(Operation::Get, file.as_str());
        let call = Call::new(CallClass::Read, Method::GET, self.file_address(file, about)?);
        let tries = self.call(&call, |answer| whole(answer, RemoteFile::read)).await;
        tries.result.map_err(|failure| about.failed(failure))
    }

    /// One page of the files of this project; `None` asks for the first page.
    ///
    /// # Errors
    /// Any [`BackendError`]; a page that failed says nothing about which files exist.
    pub async fn list_files(&self, page: Option<&PageToken>) -> Result<FilePage, BackendError> {
        self.file_page(page, self.about(Operation::List, "files")).await
    }

    pub(crate) async fn file_page(
        &self,
        page: Option<&PageToken>,
        about: About<'_>,
    ) -> Result<FilePage, BackendError> {
        let call = Call::new(CallClass::Read, Method::GET, paged(self.at("files"), page));
        let tries = self.call(&call, |answer| sense(read_files(&answer.body))).await;
        tries.result.map_err(|failure| about.failed(failure))
    }

    /// Removes a file; that it is gone after a try whose answer was lost is a success.
    ///
    /// # Errors
    /// Those of [`get_file`](Self::get_file): a file that was not there to begin with is
    /// [`ErrorKind::NotFound`].
    pub async fn delete_file(&self, file: &InputName) -> Result<(), BackendError> {
        let about = self.about_file(Operation::Discard, file.as_str());
        let call = Call::new(CallClass::Change, Method::DELETE, self.file_address(file, about)?);
        let tries = self.call(&call, |_| Ok(())).await;
        match tries.result.map_err(|failure| about.failed(failure)) {
            Err(error) if tries.doubtful && error.kind() == &ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn file_address(&self, file: &InputName, about: About<'_>) -> Result<Url, BackendError> {
        if name::input(file.as_str()).is_none() {
            return Err(about.odd("this is no name of a file"));
        }
        if name::is_result_file(file.as_str()) {
            return Err(about.odd("a file of results can only be downloaded; it goes by itself"));
        }
        Ok(self.at(file.as_str()))
    }
}

/// The address of one page of a list.
pub(crate) fn paged(mut url: Url, page: Option<&PageToken>) -> Url {
    url.query_pairs_mut().append_pair("pageSize", PAGE_SIZE);
    if let Some(token) = page {
        url.query_pairs_mut().append_pair("pageToken", token.as_str());
    }
    url
}

/// Nonsense as a failure of the exchange that brought it.
pub(crate) fn sense<T>(read: Result<T, Nonsense>) -> Result<T, Failure> {
    read.map_err(|Nonsense(why)| Failure::Unreadable(why))
}

/// An answer that is one JSON value.
pub(crate) fn raw(answer: &Answer) -> Result<&RawValue, Failure> {
    serde_json::from_slice(&answer.body)
        .map_err(|error| Failure::Unreadable(format!("the answer cannot be read: {error}")))
}

/// An answer that is one JSON value, read by `read`.
pub(crate) fn whole<T>(
    answer: &Answer,
    read: fn(&RawValue) -> Result<T, Nonsense>,
) -> Result<T, Failure> {
    sense(read(raw(answer)?))
}

fn read_files(body: &[u8]) -> Result<FilePage, Nonsense> {
    let page = Page::read(body)?;
    let files = sensible(page.files(), RemoteFile::read);
    Ok(FilePage { files, next: page.next().map(PageToken::new) })
}

/// The items of a list that make sense. One of a kind that came after this client must not hide
/// the others.
pub(crate) fn sensible<T>(
    items: &[&RawValue],
    read: impl Fn(&RawValue) -> Result<T, Nonsense>,
) -> Vec<T> {
    let known = |json: &&RawValue| match read(json) {
        Ok(item) => Some(item),
        Err(Nonsense(why)) => {
            tracing::warn!(target: "exchange", ?why, "an item of a list is left out");
            None
        }
    };
    items.iter().filter_map(known).collect()
}
