//! Which protocol a server speaks, and where its calls are.

use reqwest::Url;
use serde_json::value::RawValue;

use super::Protocol;
use super::node::Node;
use super::send::{Key, Sender};
use crate::answer::RowAnswer;

/// The URL of a call, whether the base ends in a version or not.
pub(super) fn url(base: &Url, version: &str, call: &str) -> Url {
    let path = base.path().trim_end_matches('/');
    let path = match version_of(path) {
        Some(_) => format!("{path}/{call}"),
        None => format!("{path}/{version}/{call}"),
    };
    let mut url = base.clone();
    url.set_path(&path);
    url
}

/// `v1`, `v1beta`, … at the end of a path.
fn version_of(path: &str) -> Option<&str> {
    let last = path.rsplit('/').next()?;
    let digits = last.strip_prefix('v')?;
    digits.starts_with(|c: char| c.is_ascii_digit()).then_some(last)
}

/// What the path alone says: `v1alpha` and `v1beta` are Gemini's.
pub(super) fn by_path(base: &Url) -> Option<Protocol> {
    let version = version_of(base.path().trim_end_matches('/'))?;
    (version.ends_with("beta") || version.ends_with("alpha")).then_some(Protocol::Gemini)
}

/// Asks for the lists of models: OpenAI's has `data`, Gemini's `models`.
pub(super) async fn ask(sender: &Sender, base: &Url) -> Result<Protocol, RowAnswer> {
    let openai = fetch(sender, base, Protocol::OpenAi).await;
    if openai.as_ref().is_ok_and(|list| names(list, Protocol::OpenAi).is_some()) {
        return Ok(Protocol::OpenAi);
    }
    let gemini = fetch(sender, base, Protocol::Gemini).await;
    if gemini.is_ok_and(|list| names(&list, Protocol::Gemini).is_some()) {
        return Ok(Protocol::Gemini);
    }
    match openai {
        // Anything but "no such page" says more than that no list came.
        Err(RowAnswer::Error { code, message }) if code != 5 => {
            Err(RowAnswer::error(code, message))
        }
        _ => Err(RowAnswer::error(
            14,
            "the upstream lists its models neither as OpenAI does nor as Gemini does; say which \
             kind it is",
        )),
    }
}

/// The models that a server lists, without `models/`.
pub(super) async fn models(
    sender: &Sender,
    base: &Url,
    protocol: Protocol,
) -> Result<Vec<String>, RowAnswer> {
    let list = fetch(sender, base, protocol).await?;
    names(&list, protocol).ok_or_else(|| super::broken("list of models"))
}

async fn fetch(
    sender: &Sender,
    base: &Url,
    protocol: Protocol,
) -> Result<Box<RawValue>, RowAnswer> {
    match protocol {
        Protocol::OpenAi => sender.get(url(base, "v1", "models"), Key::Bearer).await,
        Protocol::Gemini => sender.get(url(base, "v1beta", "models"), Key::Goog).await,
    }
}

/// The names in a list of models; `None` when it is not such a list.
fn names(list: &RawValue, protocol: Protocol) -> Option<Vec<String>> {
    let list = Node::read(list).ok()?;
    let (models, name) = match protocol {
        Protocol::OpenAi => (&list["data"], "id"),
        Protocol::Gemini => (&list["models"], "name"),
    };
    let name = |model: &Node<'_>| {
        let name = model[name].some_text()?;
        Some(name.strip_prefix("models/").unwrap_or(name).to_owned())
    };
    models.is_list().then(|| models.items().iter().filter_map(name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_found_with_and_without_a_version() {
        for (base, chat) in [
            ("http://h:1", "http://h:1/v1/chat/completions"),
            ("http://h:1/", "http://h:1/v1/chat/completions"),
            ("http://h:1/v1", "http://h:1/v1/chat/completions"),
            ("http://h:1/proxy/v4/", "http://h:1/proxy/v4/chat/completions"),
            ("http://h:1/vendor", "http://h:1/vendor/v1/chat/completions"),
        ] {
            assert_eq!(url(&base.parse().unwrap(), "v1", "chat/completions").as_str(), chat);
        }
        let gemini = "http://h/v1beta/models/m:generateContent";
        let call = "models/m:generateContent";
        assert_eq!(url(&"http://h".parse().unwrap(), "v1beta", call).as_str(), gemini);
        let kind = |base: &str| by_path(&base.parse().unwrap());
        assert_eq!(kind("http://h/v1beta"), Some(Protocol::Gemini));
        assert_eq!(kind("http://h/v1"), None, "both have that");
        assert_eq!(kind("http://h/vbeta"), None);
    }
}
