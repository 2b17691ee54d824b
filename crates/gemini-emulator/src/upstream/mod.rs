//! A real model in place of made-up answers: every row goes to an OpenAI-compatible or
//! Gemini-compatible server and comes back in the Gemini API's shape.

mod config;
mod detect;
mod from_openai;
mod messages;
mod schema;
mod send;
mod to_openai;

use async_trait::async_trait;
use reqwest::Url;
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

pub use config::{UpstreamConfig, UpstreamError, UpstreamKey, UpstreamKind};

use crate::answer::{Answerer, Pace, RowAnswer, RowAsk};
use crate::validate::{NO_CONTENTS, field, has_no_contents};
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
        Ok(Self { config, url, sender, protocol, slots })
    }

    async fn ask_openai(&self, row: RowAsk<'_>, model: &str) -> Result<RowAnswer, RowAnswer> {
        let request = row.parsed()?;
        if has_no_contents(&request) {
            return Err(RowAnswer::error(3, NO_CONTENTS));
        }
        let body = to_openai::request(&request, model).map_err(|Untranslatable(what)| {
            RowAnswer::error(3, format!("does not translate for the upstream: {what}"))
        })?;
        let url = detect::url(&self.url, "v1", "chat/completions");
        let body = serde_json::to_vec(&body).map_err(|_| broken("request"))?;
        let answer = self.sender.post(url, Key::Bearer, body).await?;
        let config = field(&request, "generationConfig");
        let thoughts = config
            .and_then(|config| field(config, "thinkingConfig"))
            .and_then(|thinking| field(thinking, "includeThoughts"))
            == Some(&Value::Bool(true));
        let said = from_openai::Asked { model, response_id: row.response_id, thoughts };
        from_openai::response(&answer, said)
    }

    async fn ask_gemini(&self, row: RowAsk<'_>, model: &str) -> Result<RowAnswer, RowAnswer> {
        let mut request = row.parsed()?;
        // The path says which model.
        let named = request.as_object_mut().and_then(|request| request.remove("model"));
        let body = match named {
            None => row.request.get().as_bytes().to_vec(),
            Some(_) => serde_json::to_vec(&request).map_err(|_| broken("request"))?,
        };
        let url = detect::url(&self.url, "v1beta", &format!("models/{model}:generateContent"));
        let answer = self.sender.post(url, Key::Goog, body).await?;
        if !answer.is_object() {
            return Err(broken("answer"));
        }
        Ok(RowAnswer::Response(answer))
    }
}

fn broken(what: &str) -> RowAnswer {
    RowAnswer::error(13, format!("the upstream's {what} is not what was expected"))
}

#[async_trait]
impl Answerer for Upstream {
    fn name(&self) -> &'static str {
        "upstream"
    }

    fn pace(&self) -> Pace {
        Pace::Real { concurrency: self.config.concurrency }
    }

    async fn answer(&self, row: RowAsk<'_>) -> RowAnswer {
        let model = self.config.model.as_deref().unwrap_or(row.model);
        // Never closed: there is a slot, sooner or later.
        let _slot = self.slots.acquire().await;
        let detected = self.protocol.get_or_try_init(|| detect::ask(&self.sender, &self.url));
        let answer = match detected.await {
            Ok(Protocol::OpenAi) => self.ask_openai(row, model).await,
            Ok(Protocol::Gemini) => self.ask_gemini(row, model).await,
            Err(error) => Err(error),
        };
        match answer.unwrap_or_else(|error| error) {
            RowAnswer::Response(mut response) => {
                // A blocked prompt has neither, and the service gives both.
                for (name, value) in [("modelVersion", model), ("responseId", row.response_id)] {
                    if response.get(name).is_none() {
                        response[name] = value.into();
                    }
                }
                RowAnswer::Response(response)
            }
            other => other,
        }
    }
}
