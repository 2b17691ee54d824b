//! The client: a cheap handle on one HTTP client, one address, one key and their policies.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use batch_backend::Operation;
use reqwest::Url;
use reqwest::header::HeaderValue;

use crate::address::{ApiVersion, BaseUrl};
use crate::budget::Budget;
use crate::builder::ClientBuilder;
use crate::clock::Clock;
use crate::error::{About, Thing};
use crate::policy::Policies;
use crate::secret::ApiKey;
use crate::settings::{Timeouts, Transfers};

/// A client of the Gemini Files and Batch APIs. Cloning it is cheap; clones share connections and
/// the budget for retries.
///
/// It is a [`BatchBackend`](batch_backend::BatchBackend); besides it gives jobs, files and models
/// whole, as the JSON that came, and asks models directly. Its futures need a tokio runtime and may
/// be dropped at any point: what that leaves behind stands in the
/// [crate's documentation](crate#dropped-futures).
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) http: reqwest::Client,
    pub(crate) base: BaseUrl,
    pub(crate) version: ApiVersion,
    pub(crate) key: ApiKey,
    pub(crate) key_header: HeaderValue,
    pub(crate) policies: Policies,
    pub(crate) timeouts: Timeouts,
    pub(crate) transfers: Transfers,
    pub(crate) media_type: String,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) budget: Mutex<Budget>,
}

impl Client {
    /// A client of the public service with default settings, to be changed before it is built.
    pub fn builder(key: ApiKey) -> ClientBuilder {
        ClientBuilder::new(key)
    }

    pub(crate) fn from_inner(inner: Inner) -> Self {
        Self(Arc::new(inner))
    }

    /// Where calls go.
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.base
    }

    pub(crate) fn http(&self) -> &reqwest::Client {
        &self.0.http
    }

    pub(crate) fn key_header(&self) -> HeaderValue {
        self.0.key_header.clone()
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.0.policies
    }

    pub(crate) fn timeouts(&self) -> Timeouts {
        self.0.timeouts
    }

    pub(crate) fn transfers(&self) -> Transfers {
        self.0.transfers
    }

    pub(crate) fn media_type(&self) -> &str {
        &self.0.media_type
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    pub(crate) fn budget(&self) -> MutexGuard<'_, Budget> {
        self.0.budget.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `/{version}/{rest}` at the service.
    pub(crate) fn at(&self, rest: &str) -> Url {
        self.0.base.at(&format!("/{}/{rest}", self.0.version.as_str()))
    }

    /// `/upload/{version}/files` at the service.
    pub(crate) fn upload_address(&self) -> Url {
        self.0.base.at(&format!("/upload/{}/files", self.0.version.as_str()))
    }

    pub(crate) fn about<'a>(&'a self, operation: Operation, subject: &'a str) -> About<'a> {
        About { operation, subject, thing: Thing::Other, key: self.0.key.expose() }
    }

    pub(crate) fn about_file<'a>(&'a self, operation: Operation, subject: &'a str) -> About<'a> {
        About { thing: Thing::File, ..self.about(operation, subject) }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("base_url", &self.0.base)
            .field("version", &self.0.version.as_str())
            .finish_non_exhaustive()
    }
}
