//! Where the real model is and how it is asked: settings, and what is wrong with them.

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use reqwest::Url;

/// A server with real models, and how to ask it.
///
/// ```
/// use std::time::Duration;
/// use gemini_emulator::{UpstreamConfig, UpstreamKind};
///
/// let config = UpstreamConfig::new("http://127.0.0.1:11434")
///     .kind(UpstreamKind::OpenAi)
///     .model("llama3.2")
///     .concurrency(2)
///     .timeout(Duration::from_secs(120));
/// # let _ = config;
/// ```
#[derive(Clone)]
pub struct UpstreamConfig {
    pub(crate) url: String,
    pub(crate) kind: UpstreamKind,
    pub(crate) model: Option<String>,
    pub(crate) key: Option<UpstreamKey>,
    pub(crate) concurrency: usize,
    pub(crate) timeout: Duration,
    pub(crate) tries: u32,
    pub(crate) first_wait: Duration,
}

/// Which protocol the server speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum UpstreamKind {
    /// Found out with the first row: by the path of the URL (`/v1beta` is Gemini), then by the
    /// server's list of models.
    #[default]
    Detect,
    /// `/v1/chat/completions`.
    OpenAi,
    /// `/v1beta/models/{model}:generateContent`.
    Gemini,
}

impl UpstreamConfig {
    /// A server at `url`, with or without `/v1` (`/v1beta`) at its end. The kind is detected, the
    /// model is that of the job, 4 rows are asked for at a time, each with 600 s for an answer and
    /// 4 tries.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            kind: UpstreamKind::Detect,
            model: None,
            key: None,
            concurrency: 4,
            timeout: Duration::from_mins(10),
            tries: 4,
            first_wait: Duration::from_millis(500),
        }
    }

    /// Says which protocol the server speaks.
    #[must_use]
    pub fn kind(self, kind: UpstreamKind) -> Self {
        Self { kind, ..self }
    }

    /// Asks for this model, whatever the job's is called.
    #[must_use]
    pub fn model(self, model: impl Into<String>) -> Self {
        Self { model: Some(model.into()), ..self }
    }

    /// Sends this key, which goes only over https or to this machine.
    #[must_use]
    pub fn key(self, key: UpstreamKey) -> Self {
        Self { key: Some(key), ..self }
    }

    /// How many rows of all jobs are asked for at a time; at least 1.
    #[must_use]
    pub fn concurrency(self, concurrency: usize) -> Self {
        Self { concurrency: concurrency.max(1), ..self }
    }

    /// How long one try may take, in real time.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout, ..self }
    }

    /// How often a row is tried (at least once) when the server is out of reach, busy or broken,
    /// and how long the first wait in between is; the next ones double, up to 30 s.
    #[must_use]
    pub fn tries(self, tries: u32, first_wait: Duration) -> Self {
        Self { tries: tries.max(1), first_wait, ..self }
    }

    pub(crate) fn checked_url(&self) -> Result<Url, UpstreamError> {
        let url = Url::parse(&self.url).map_err(|_| UpstreamError::Url)?;
        let plain = url.scheme() == "http";
        let sound = (plain || url.scheme() == "https") && url.host_str().is_some();
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !sound || !bare {
            return Err(UpstreamError::Url);
        }
        if plain && self.key.is_some() && !is_loopback(&url) {
            return Err(UpstreamError::KeyInTheOpen);
        }
        Ok(url)
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// The URL may hold what nobody should see; only settings are shown.
impl fmt::Debug for UpstreamConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpstreamConfig")
            .field("kind", &self.kind)
            .field("model", &self.model)
            .field("key", &self.key)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}

/// A secret for the upstream; it is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct UpstreamKey(String);

impl UpstreamKey {
    /// A key out of the environment variable `name`; a value is never taken from a command line.
    ///
    /// # Errors
    /// [`UpstreamError::NoKey`] when the variable is not set or empty,
    /// [`UpstreamError::BadKey`] when no header can hold its value.
    pub fn from_env(name: &str) -> Result<Self, UpstreamError> {
        let value = std::env::var(name).unwrap_or_default();
        if value.trim().is_empty() {
            return Err(UpstreamError::NoKey(name.to_owned()));
        }
        Self::new(value.trim())
    }

    /// A key that the caller has.
    ///
    /// # Errors
    /// [`UpstreamError::BadKey`] when no header can hold it.
    pub fn new(key: impl Into<String>) -> Result<Self, UpstreamError> {
        let key = key.into();
        let sound = !key.is_empty() && key.bytes().all(|c| c.is_ascii_graphic());
        if sound { Ok(Self(key)) } else { Err(UpstreamError::BadKey) }
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for UpstreamKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UpstreamKey(redacted)")
    }
}

/// Why an upstream cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamError {
    /// Not an http or https URL, or one with a user, a query or a fragment.
    #[error("the upstream's URL must be http://HOST[:PORT][/PATH] or https, and no more than that")]
    Url,
    /// A key would go over plain http to another machine.
    #[error("a key goes to the upstream only over https, or to this machine")]
    KeyInTheOpen,
    /// The environment variable that is to hold the key is not set or empty.
    #[error("the environment variable {0} holds no key for the upstream")]
    NoKey(String),
    /// The key has spaces, line ends or letters beyond ASCII.
    #[error("the upstream's key has characters that no header can hold")]
    BadKey,
    /// The HTTP client cannot be built.
    #[error("failed to set up HTTP for the upstream")]
    Http(#[source] Box<dyn std::error::Error + Send + Sync>),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_goes_nowhere_in_the_open_and_is_never_shown() {
        let key = || UpstreamKey::new("sk-canary").unwrap();
        for (url, with_key, plain) in [
            ("http://127.0.0.1:8000/v1", true, true),
            ("http://localhost:8000", true, true),
            ("http://[::1]:8000", true, true),
            ("https://api.example.org/v1", true, true),
            ("http://10.0.0.7:8000", false, true),
            ("http://localhost.example.org", false, true),
            ("ftp://localhost", false, false),
            ("http://user:pw@localhost", false, false),
            ("http://localhost/?key=a", false, false),
            ("localhost:8000", false, false),
        ] {
            let config = UpstreamConfig::new(url);
            assert_eq!(config.checked_url().is_ok(), plain, "{url}");
            assert_eq!(config.key(key()).checked_url().is_ok(), with_key, "{url}");
        }
        let shown = format!("{:?}", UpstreamConfig::new("http://u:pw@h").key(key()));
        assert!(!shown.contains("canary") && !shown.contains("pw"), "{shown}");
        assert!(matches!(UpstreamKey::new("a\nb"), Err(UpstreamError::BadKey)));
        let none = UpstreamKey::from_env("GEMINI_EMULATOR_TEST_UNSET_VARIABLE");
        assert!(matches!(none, Err(UpstreamError::NoKey(_))));
    }
}
