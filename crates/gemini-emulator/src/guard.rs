//! Keeps web pages out: a page may make a browser send requests to this machine, under a name that
//! it chose itself.

use std::net::IpAddr;

use hyper::header;
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, Uri};

use crate::reply::Failure;

/// Who is let in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guard {
    /// Only who calls this machine by a name that no one else can give it.
    pub(crate) local_only: bool,
}

impl Guard {
    /// What speaks against answering at all.
    pub(crate) fn objection(self, parts: &Parts) -> Option<Failure> {
        let text = |name| parts.headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = parts.uri.authority().map(Authority::as_str).or_else(|| text(header::HOST));
        if let Some(host) = host.filter(|host| self.local_only && !is_local(host)) {
            return Some(refusal(&format!(
                "The emulator serves this machine only, and no requests for {host:?}."
            )));
        }
        let origin = text(header::ORIGIN)?;
        let uri: Option<Uri> = origin.parse().ok();
        let authority = uri.as_ref().and_then(Uri::authority).map(Authority::as_str);
        let own = authority.is_some_and(|origin| {
            let same = || host.is_some_and(|host| host.eq_ignore_ascii_case(origin));
            if self.local_only { is_local(origin) } else { same() }
        });
        (!own).then(|| refusal(&format!("The emulator serves no web pages of {origin:?}.")))
    }
}

fn refusal(message: &str) -> Failure {
    tracing::warn!(?message, "a request was refused");
    Failure::of(403, message)
}

/// Whether `host`, with a port or without, is this machine whatever a name server says.
fn is_local(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
    let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
    let address = bare.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
    address || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn refuses(local_only: bool, uri: &str, headers: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        Guard { local_only }.objection(&parts).is_some()
    }

    #[test]
    fn only_names_that_nobody_else_can_give() {
        for (host, refused) in [
            ("127.0.0.1:8080", false),
            ("127.9.9.9", false),
            ("[::1]:8080", false),
            ("[::ffff:127.0.0.1]", false),
            ("LocalHost:1", false),
            ("api.localhost", false),
            ("evil.example", true),
            ("127.0.0.1.evil.example:8080", true),
            ("localhost.evil.example", true),
            ("192.168.0.1", true),
            ("", true),
        ] {
            assert_eq!(refuses(true, "/v1/files", &[("host", host)]), refused, "{host}");
            assert!(!refuses(false, "/v1/files", &[("host", host)]), "{host}");
        }
        assert!(!refuses(true, "/", &[]), "HTTP/1.0 names no host");
        assert!(refuses(true, "http://evil.example/v1/files", &[("host", "localhost")]));
    }

    #[test]
    fn only_pages_of_this_machine() {
        let host = ("host", "localhost:8080");
        for (origin, refused) in [
            ("http://localhost:3000", false),
            ("http://127.0.0.1", false),
            ("https://evil.example", true),
            ("null", true),
        ] {
            assert_eq!(refuses(true, "/", &[host, ("origin", origin)]), refused, "{origin}");
        }
        let host = ("host", "emulator.test:8080");
        assert!(!refuses(false, "/", &[host, ("origin", "http://emulator.test:8080")]));
        assert!(refuses(false, "/", &[host, ("origin", "http://localhost:3000")]));
    }
}
