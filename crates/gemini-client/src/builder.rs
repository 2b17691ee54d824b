//! Building of a client: every setting with its default, and the HTTP client underneath.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::redirect;

use crate::address::{ApiVersion, BaseUrl};
use crate::budget::Budget;
use crate::client::{Client, Inner};
use crate::clock::{Clock, SystemClock};
use crate::policy::Policies;
use crate::secret::ApiKey;
use crate::settings::{SetupError, Timeouts, Transfers};

const USER_AGENT: &str = concat!("batch-eval-gemini-client/", env!("CARGO_PKG_VERSION"));

/// A service that closes idle connections late is told apart from a dead one at the next request
/// only, which for a create means doubt. So connections are not kept for long.
const POOL_IDLE: Duration = Duration::from_secs(20);

/// Headers of one answer; the service sends some twenty. Of their bytes hyper reads 400 KiB and a little more, which
/// cannot be set from here.
const MAX_HEADERS: usize = 100;

/// A client in the making.
///
/// ```
/// use std::time::Duration;
/// use gemini_client::{ApiKey, ApiVersion, BaseUrl, Client, Policies, Timeouts};
///
/// let mut timeouts = Timeouts::default();
/// timeouts.idle = Duration::from_secs(120);
/// let mut policies = Policies::default();
/// policies.read.attempts = 3;
/// let client = Client::builder(ApiKey::new("AIza-not-a-real-key")?)
///     .base_url(BaseUrl::parse("http://127.0.0.1:8080")?)
///     .version(ApiVersion::parse("v1")?)
///     .timeouts(timeouts)
///     .policies(policies)
///     .build()?;
/// assert_eq!(client.base_url().to_string(), "http://127.0.0.1:8080");
/// # Ok::<(), gemini_client::SetupError>(())
/// ```
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder {
    key: ApiKey,
    base: BaseUrl,
    version: ApiVersion,
    policies: Policies,
    timeouts: Timeouts,
    transfers: Transfers,
    media_type: String,
    seed: Option<u64>,
    clock: Option<Arc<dyn Clock>>,
}

impl ClientBuilder {
    pub(crate) fn new(key: ApiKey) -> Self {
        Self {
            key,
            base: BaseUrl::default(),
            version: ApiVersion::default(),
            policies: Policies::default(),
            timeouts: Timeouts::default(),
            transfers: Transfers::default(),
            media_type: "application/json".to_owned(),
            seed: None,
            clock: None,
        }
    }

    /// Where the service is. Default: the public one.
    pub fn base_url(mut self, base: BaseUrl) -> Self {
        self.base = base;
        self
    }

    /// The version of the API. Default `v1beta`.
    pub fn version(mut self, version: ApiVersion) -> Self {
        self.version = version;
        self
    }

    /// How often and how patiently calls are repeated.
    pub fn policies(mut self, policies: Policies) -> Self {
        self.policies = policies;
        self
    }

    /// How long exchanges may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// How much is sent and taken at once.
    pub fn transfers(mut self, transfers: Transfers) -> Self {
        self.transfers = transfers;
        self
    }

    /// The media type that uploads are said to have. Default `application/json`, as Google's own
    /// notebook has it for JSONL.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = media_type.into();
        self
    }

    /// The seed of the jitter, for runs that can be repeated. Default: chance. A clock of your own
    /// draws by itself.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// The clock that pauses and limits go by; its draws are the jitter. Default: the machine's.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Builds the client; nothing is sent.
    ///
    /// The proxy variables (`HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`) hold for https to other
    /// machines and never for this one. TLS is rustls with the roots of the platform
    /// (`SSL_CERT_FILE` and `SSL_CERT_DIR` included); where the program has chosen no process-wide
    /// provider of cryptography for rustls, ring becomes it.
    ///
    /// # Errors
    /// [`SetupError::NoTls`] for https without the feature `rustls`;
    /// [`SetupError::MediaType`]; [`SetupError::Http`].
    pub fn build(self) -> Result<Client, SetupError> {
        let visible = |b: u8| b.is_ascii_graphic() || b == b' ';
        if self.media_type.is_empty() || !self.media_type.bytes().all(visible) {
            return Err(SetupError::MediaType(self.media_type));
        }
        let http = http_client(&self.base, &self.timeouts)?;
        let seed = self.seed;
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new(seed)));
        Ok(Client::from_inner(Inner {
            http,
            base: self.base,
            version: self.version,
            key_header: self.key.header()?,
            key: self.key,
            policies: self.policies,
            timeouts: self.timeouts,
            transfers: self.transfers,
            media_type: self.media_type,
            clock,
            budget: Mutex::new(Budget::default()),
        }))
    }
}

fn http_client(base: &BaseUrl, timeouts: &Timeouts) -> Result<reqwest::Client, SetupError> {
    if base.is_https() && !cfg!(feature = "rustls") {
        return Err(SetupError::NoTls);
    }
    choose_cryptography();
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        // A redirect would take the key header to wherever it leads.
        .redirect(redirect::Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .pool_idle_timeout(POOL_IDLE)
        .http1_max_headers(MAX_HEADERS)
        .connect_timeout(timeouts.connect);
    builder = if base.is_loopback() { builder.no_proxy() } else { builder.https_only(true) };
    builder.build().map_err(|error| SetupError::Http(error.without_url().into()))
}

#[cfg(feature = "rustls")]
fn choose_cryptography() {
    // Losing the race to another thread is as good: then there is a provider.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

#[cfg(not(feature = "rustls"))]
fn choose_cryptography() {}
