//! A real model in place of made-up answers: every row goes to an OpenAI-compatible or
//! Gemini-compatible server and comes back in the Gemini API's shape.

mod calls;
mod config;
mod detect;
mod from_openai;
mod json;
mod messages;
mod node;
mod schema;
mod send;
mod to_openai;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use reqwest::Url;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::{OnceCell, Semaphore};

pub use config::{UpstreamConfig, UpstreamError, UpstreamKey, UpstreamKind};

use crate::answer::{Answerer, Pace, RowAnswer, RowAsk};
use crate::validate::NO_CONTENTS;
use json::{Json, Object};
use node::Node;
use send::{Key, Sender};

/// What cannot be said to the upstream: a row error with code 3.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untranslatable(pub(crate) String);

impl Untranslatable {
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    OpenAi,
    Gemini,
}

/// A server with real models.
#[derive(Debug)]
pub(crate) struct Upstream {
    config: UpstreamConfig,
    url: Url,
    sender: Sender,
    protocol: OnceCell<Protocol>,
    /// Rows of all jobs share these.
    slots: Semaphore,
    /// The models that want the limit of an answer under its newer name.
    newer_limits: Mutex<BTreeSet<String>>,
}

impl Upstream {
    pub(crate) fn open(config: UpstreamConfig) -> Result<Self, UpstreamError> {
        let url = config.checked_url()?;
        let sender = Sender::new(&config, &url)?;
        let known = match config.kind {
            UpstreamKind::Detect => detect::by_path(&url),
            UpstreamKind::OpenAi => Some(Protocol::OpenAi),
            UpstreamKind::Gemini => Some(Protocol::Gemini),
        };
        let protocol = known.map_or_else(OnceCell::new, |known| OnceCell::new_with(Some(known)));
        let slots = Semaphore::new(config.concurrency);
        Ok(Self { config, url, sender, protocol, slots, newer_limits: Mutex::default() })
    }

    async fn protocol(&self) -> Result<Protocol, RowAnswer> {
        let detected = self.protocol.get_or_try_init(|| detect::ask(&self.sender, &self.url));
        detected.await.copied()
    }

    async fn ask_openai(&self, row: RowAsk<'_>, model: &str) -> Result<RowAnswer, RowAnswer> {
        let request = Node::read(row.request).map_err(|error| no_json(&error))?;
        if request["contents"].items().is_empty() {
            return Err(RowAnswer::error(3, NO_CONTENTS));
        }
        let body = to_openai::request(&request, model).map_err(|Untranslatable(what)| {
            RowAnswer::error(3, format!("does not translate for the upstream: {what}"))
        })?;
        let answer = self.complete(body, model).await?;
        let thinking = request.field("generationConfig").and_then(|c| c.field("thinkingConfig"));
        let thoughts = thinking.and_then(|thinking| thinking.field("includeThoughts"));
        let thoughts = thoughts.is_some_and(Node::is_true);
        let said = from_openai::Asked { model, response_id: row.response_id, thoughts };
        from_openai::response(&answer, said)
    }

    /// Asks for a completion; once more when the model wants the limit under its newer name.
    async fn complete(
        &self,
        mut body: Object<'_>,
        model: &str,
    ) -> Result<Box<RawValue>, RowAnswer> {
        let known = || self.newer_limits.lock().unwrap_or_else(PoisonError::into_inner);
        if known().contains(model) {
            to_openai::rename_limit(&mut body);
        }
        let refused = match self.post_chat(&body).await {
            Err(RowAnswer::Error { code: 3, message }) => message,
            answer => return answer,
        };
        if !to_openai::renames_limit(&mut body, &refused) {
            return Err(RowAnswer::error(3, refused));
        }
        let answer = self.post_chat(&body).await;
        if answer.is_ok() {
            known().insert(model.to_owned());
        }
        answer
    }

    async fn post_chat(&self, body: &Object<'_>) -> Result<Box<RawValue>, RowAnswer> {
        let body = serde_json::to_vec(body).map_err(|_| broken("request"))?;
        let url = detect::url(&self.url, "v1", "chat/completions");
        self.sender.post(url, Key::Bearer, body).await
    }

    async fn ask_gemini(&self, row: RowAsk<'_>, model: &str) -> Result<RowAnswer, RowAnswer> {
        let body = without_model(row.request).map_err(|error| no_json(&error))?;
        let url = detect::url(&self.url, "v1beta", &format!("models/{model}:generateContent"));
        let answer = self.sender.post(url, Key::Goog, body).await?;
        let own = [("modelVersion", model), ("responseId", row.response_id)];
        with(&answer, own).map(RowAnswer::Verbatim).ok_or_else(|| broken("answer"))
    }
}

/// A request as it came, but for the model: the path says which.
fn without_model(request: &RawValue) -> serde_json::Result<Vec<u8>> {
    let members = node::members(request)?;
    if members.iter().all(|(name, _)| name != "model") {
        return Ok(request.get().as_bytes().to_vec());
    }
    let mut rest = Object::default();
    for (name, value) in members.into_iter().filter(|(name, _)| name != "model") {
        rest.put(name, Json::Raw(value));
    }
    serde_json::to_vec(&rest)
}

/// An answer with these members where it has none of the name, otherwise as it came.
fn with(answer: &RawValue, own: [(&str, &str); 2]) -> Option<Box<RawValue>> {
    // Whoever reads results is to be spared what serde itself cannot read.
    serde_json::from_str::<Value>(answer.get()).ok()?;
    let members = node::members(answer).ok()?;
    let mut whole = Object::default();
    for (name, value) in members {
        whole.put(name, Json::Raw(value));
    }
    for (name, value) in own {
        if whole.get(name).is_none() {
            whole.put(name, value);
        }
    }
    to_raw_value(&whole).ok()
}

fn no_json(error: &serde_json::Error) -> RowAnswer {
    RowAnswer::error(3, format!("Invalid JSON: {error}"))
}

fn broken(what: &str) -> RowAnswer {
    RowAnswer::error(13, format!("the upstream's {what} is not what was expected"))
}

#[async_trait]
impl Answerer for Upstream {
    fn name(&self) -> &'static str {
        "upstream"
    }

    fn description(&self) -> &'static str {
        "A model of the server behind the emulator; limits and settings are not known here."
    }

    /// The one that is asked for whatever the job says, else the server's own.
    async fn models(&self) -> Option<Result<Vec<String>, RowAnswer>> {
        if let Some(model) = &self.config.model {
            return Some(Ok(vec![model.clone()]));
        }
        let listed = async {
            let protocol = self.protocol().await?;
            detect::models(&self.sender, &self.url, protocol).await
        };
        Some(listed.await)
    }

    fn pace(&self) -> Pace {
        Pace::Real { concurrency: self.config.concurrency }
    }

    async fn answer(&self, row: RowAsk<'_>) -> RowAnswer {
        let model = self.config.model.as_deref().unwrap_or(row.model);
        // Never closed: there is a slot, sooner or later.
        let _slot = self.slots.acquire().await;
        let answer = match self.protocol().await {
            Ok(Protocol::OpenAi) => self.ask_openai(row, model).await,
            Ok(Protocol::Gemini) => self.ask_gemini(row, model).await,
            Err(error) => Err(error),
        };
        match answer.unwrap_or_else(|error| error) {
            RowAnswer::Response(mut response) => {
                // A blocked prompt has neither, and the service gives both.
                response["modelVersion"] = model.into();
                response["responseId"] = row.response_id.into();
                RowAnswer::Response(response)
            }
            other => other,
        }
    }
}
