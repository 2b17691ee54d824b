//! Where the service is: the base URL, the rules about which one may get a key, the paths under it.

use std::fmt;
use std::net::IpAddr;

use reqwest::Url;

use crate::settings::SetupError;

const DEFAULT: &str = "https://generativelanguage.googleapis.com";

/// The address of the service: `https` to any host, or `http` to this machine.
///
/// ```
/// use gemini_client::BaseUrl;
///
/// assert_eq!(BaseUrl::default().to_string(), "https://generativelanguage.googleapis.com");
/// assert_eq!(BaseUrl::parse("http://[::1]:8080/")?.to_string(), "http://[::1]:8080");
/// assert!(BaseUrl::parse("http://example.com").is_err());
/// assert!(BaseUrl::parse("http://127.0.0.1@example.com").is_err());
/// # Ok::<(), gemini_client::SetupError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

impl BaseUrl {
    /// Takes an address, with or without a path that every call is put under.
    ///
    /// # Errors
    /// [`SetupError::BaseUrl`] for another scheme, plain http to another machine, a user or a
    /// password in it, a query or a fragment.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let fail =
            |shown: &str, reason| Err(SetupError::BaseUrl { shown: format!("{shown:?}"), reason });
        let Ok(url) = Url::parse(text.trim()) else {
            return fail("the text given", "it does not read as a URL");
        };
        let host = url.host_str().unwrap_or_default();
        if !matches!(url.scheme(), "http" | "https") {
            return fail(url.scheme(), "only https and http are spoken");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return fail(host, "there is a user name or password before the host");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return fail(host, "there is a query or a fragment in it");
        }
        if url.scheme() == "http" && !is_loopback(&url) {
            return fail(host, "plain http would show the key to the network; use https");
        }
        Ok(Self(url))
    }

    /// Whether calls stay on this machine.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.0)
    }

    pub(crate) fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The address of one call. `path` starts with a slash and is made of checked names only.
    pub(crate) fn at(&self, path: &str) -> Url {
        let mut url = self.0.clone();
        url.set_path(&format!("{}{path}", self.prefix()));
        url
    }

    fn prefix(&self) -> &str {
        self.0.path().trim_end_matches('/')
    }

    fn is_default(&self) -> bool {
        DEFAULT == self.0.origin().ascii_serialization()
    }

    /// Where the data of an upload really go: an address that the service gave is taken as it is
    /// from the public service, and is brought to our own host where the base was set by the user
    /// (a proxy, an emulator that moved to another port).
    pub(crate) fn adopt(&self, given: &Url) -> Result<Url, &'static str> {
        if !given.username().is_empty() || given.password().is_some() {
            return Err("there is a user name or password in it");
        }
        if self.is_default() {
            return if given.origin() == self.0.origin() {
                Ok(given.clone())
            } else {
                Err("it leads to another host")
            };
        }
        if !matches!(given.scheme(), "http" | "https") {
            return Err("it is no http address");
        }
        let mut url = self.0.clone();
        let path = given.path();
        if self.prefix().is_empty() || path.starts_with(&format!("{}/", self.prefix())) {
            url.set_path(path);
        } else {
            url.set_path(&format!("{}{path}", self.prefix()));
        }
        url.set_query(given.query());
        Ok(url)
    }
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl Default for BaseUrl {
    /// The public service.
    #[expect(clippy::expect_used, reason = "a constant; the tests parse it")]
    fn default() -> Self {
        Self(Url::parse(DEFAULT).expect("the default address is a URL"))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str().trim_end_matches('/'))
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BaseUrl({self})")
    }
}

/// The version of the API, as it stands in every path: `v1beta` by default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiVersion(String);

impl ApiVersion {
    /// Takes a version such as `v1` or `v1beta`.
    ///
    /// # Errors
    /// [`SetupError::Version`] for anything that does not look like one.
    pub fn parse(text: &str) -> Result<Self, SetupError> {
        let digits = text.strip_prefix('v').unwrap_or_default();
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
        let starts = digits.bytes().next().is_some_and(|b| b.is_ascii_digit());
        if starts && text.len() <= 16 && digits.bytes().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(SetupError::Version(text.chars().take(32).collect()))
        }
    }

    /// The version.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for ApiVersion {
    fn default() -> Self {
        Self("v1beta".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiVersion, BaseUrl, DEFAULT};
    use reqwest::Url;

    #[test]
    fn only_safe_addresses_are_taken() {
        for good in [
            DEFAULT,
            "https://example.com",
            "https://10.0.0.1:8443/gemini/",
            "http://localhost:8080",
            "http://127.0.0.1:1",
            "http://127.1.2.3",
            "http://[::1]:8080",
        ] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "example.com",
            "http://example.com",
            "http://localhost.evil.com",
            "http://127.0.0.1.evil.com",
            "http://127.0.0.1@evil.com",
            "http://0.0.0.0:80",
            "http://[::]:80",
            "https://user:pw@example.com",
            "https://user@example.com",
            "https://example.com/?key=1",
            "https://example.com/#x",
            "file:///etc/passwd",
            "ftp://example.com",
        ] {
            let error = BaseUrl::parse(bad).expect_err(bad).to_string();
            assert!(!error.contains("pw"), "{error}");
        }
    }

    #[test]
    fn calls_are_put_under_the_base() {
        let plain = BaseUrl::parse("http://127.0.0.1:9").unwrap();
        assert_eq!(plain.at("/v1beta/files").as_str(), "http://127.0.0.1:9/v1beta/files");
        let under = BaseUrl::parse("https://proxy.example/gemini/").unwrap();
        assert_eq!(under.at("/v1/batches").as_str(), "https://proxy.example/gemini/v1/batches");
        assert_eq!(under.to_string(), "https://proxy.example/gemini");
    }

    fn adopted(base: &str, given: &str) -> Result<String, &'static str> {
        let base = BaseUrl::parse(base).unwrap();
        base.adopt(&Url::parse(given).unwrap()).map(String::from)
    }

    #[test]
    fn upload_addresses_stay_on_our_host() {
        let real = "https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=1";
        assert_eq!(adopted(DEFAULT, real).unwrap(), real);
        assert!(adopted(DEFAULT, "https://evil.example/upload?upload_id=1").is_err());
        assert!(
            adopted(DEFAULT, "http://generativelanguage.googleapis.com/u?upload_id=1").is_err()
        );
        assert!(adopted(DEFAULT, "https://generativelanguage.googleapis.com:444/u").is_err());
        assert!(adopted(DEFAULT, "https://u@generativelanguage.googleapis.com/u").is_err());
        assert_eq!(
            adopted("http://127.0.0.1:9", real).unwrap(),
            "http://127.0.0.1:9/upload/v1beta/files?upload_id=1"
        );
        assert_eq!(
            adopted("https://proxy.example/g", real).unwrap(),
            "https://proxy.example/g/upload/v1beta/files?upload_id=1"
        );
        assert_eq!(
            adopted("https://proxy.example/g", "https://proxy.example/g/u?i=1").unwrap(),
            "https://proxy.example/g/u?i=1"
        );
        assert!(adopted("http://127.0.0.1:9", "http://u:p@127.0.0.1:9/u").is_err());
    }

    #[test]
    fn versions_look_like_versions() {
        assert_eq!(ApiVersion::default().as_str(), "v1beta");
        assert!(ApiVersion::parse("v1").is_ok() && ApiVersion::parse("v1alpha").is_ok());
        for bad in ["", "v", "beta", "v1/../x", "v1 ", "V1", "v1?x"] {
            assert!(ApiVersion::parse(bad).is_err(), "{bad}");
        }
    }
}
