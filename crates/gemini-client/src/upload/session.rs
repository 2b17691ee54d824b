//! The session of an upload as an opaque handle: its address, and in the fragment, which is never
//! sent, what a new process needs to end it.

use batch_backend::UploadSession;
use reqwest::Url;

use crate::upload::machine::USUAL_GRANULARITY;

/// An open session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Session {
    pub(crate) url: Url,
    /// The display name of the file to be, to find it by when the last answer is lost.
    pub(crate) label: Option<String>,
    pub(crate) granularity: u64,
}

impl Session {
    pub(crate) fn to_handle(&self) -> UploadSession {
        let mut carrier = self.url.clone();
        {
            let mut pairs = carrier.query_pairs_mut();
            pairs.clear();
            if let Some(label) = &self.label {
                pairs.append_pair("label", label);
            }
            pairs.append_pair("granularity", &self.granularity.to_string());
        }
        let mut url = self.url.clone();
        url.set_fragment(carrier.query());
        UploadSession::new(url)
    }

    pub(crate) fn from_handle(handle: &UploadSession) -> Option<Self> {
        let mut url = Url::parse(handle.expose()).ok()?;
        let mut carrier = url.clone();
        carrier.set_query(url.fragment());
        url.set_fragment(None);
        let kept = |name: &str| {
            let mut pairs = carrier.query_pairs();
            pairs.find_map(|(key, value)| (key == name).then(|| value.into_owned()))
        };
        let granularity = kept("granularity").and_then(|text| text.parse().ok());
        Some(Self {
            label: kept("label"),
            granularity: granularity.unwrap_or(USUAL_GRANULARITY),
            url,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Session;
    use batch_backend::UploadSession;
    use reqwest::Url;

    const ADDRESS: &str =
        "https://h.example/upload/v1beta/files?upload_id=a_B-1&upload_protocol=resumable";

    #[test]
    fn handles_keep_what_a_new_process_needs() {
        let session = Session {
            url: Url::parse(ADDRESS).unwrap(),
            label: Some("be1.a&b=c #ü.s0001".to_owned()),
            granularity: 262_144,
        };
        let handle = session.to_handle();
        let text = handle.expose().to_owned();
        assert!(text.starts_with(&format!("{ADDRESS}#")), "{text}");
        assert!(Session::from_handle(&UploadSession::new(text)).unwrap() == session);
    }

    #[test]
    fn plain_addresses_will_do() {
        let read = Session::from_handle(&UploadSession::new(ADDRESS)).unwrap();
        assert_eq!((read.label, read.granularity), (None, 8 * 1024 * 1024));
        assert!(Session::from_handle(&UploadSession::new("nonsense")).is_none());
    }
}
