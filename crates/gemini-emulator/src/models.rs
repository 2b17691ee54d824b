//! The Models API: get, list, countTokens, and generateContent answered as rows are.

use std::io;

use bytes::Bytes;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::answer::{self, RowAnswer, RowAsk};
use crate::dice::{Dice, mix};
use crate::exchange::Ask;
use crate::reply::{Failure, Reply};
use crate::shared::Core;
use crate::validate::{self, field};

fn resource(name: &str, description: &str) -> Value {
    json!({
        "name": format!("models/{name}"),
        "version": "001",
        "displayName": name,
        "description": description,
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens", "batchGenerateContent"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
        "maxTemperature": 2,
    })
}

pub(crate) fn get(core: &Core, id: &str) -> Result<Reply, Failure> {
    core.check_model(&format!("models/{id}"))?;
    Ok(Reply::json(&resource(id, core.answerer.description())))
}

/// The models of the settings when there are no others; else those of who answers.
async fn listed(core: &Core) -> Result<Vec<String>, Failure> {
    let own = || core.settings.models.clone();
    if core.settings.only_models {
        return Ok(own());
    }
    match core.answerer.models().await {
        None => Ok(own()),
        Some(Ok(models)) => Ok(models),
        Some(Err(RowAnswer::Error { code, message })) => {
            Err(Failure::of(http_status(code), message))
        }
        // A blocked prompt, which no list is.
        Some(Err(_)) => Ok(Vec::new()),
    }
}

/// Models need no paging by place: their list hardly moves, so the token is the next index.
pub(crate) async fn list(core: &Core, ask: &Ask) -> Result<Reply, Failure> {
    let number = |text: &Option<String>, what: &str| match text.as_deref() {
        None | Some("") => Ok(None),
        Some(text) => text
            .parse::<usize>()
            .map(Some)
            .map_err(|_| Failure::invalid(format!("Invalid {what}."))),
    };
    let first = number(&ask.target.page_token, "page token")?.unwrap_or(0);
    let size = number(&ask.target.page_size, "page size")?.filter(|size| *size > 0).unwrap_or(50);
    let models = listed(core).await?;
    let what = core.answerer.description();
    let page: Vec<Value> =
        models.iter().skip(first).take(size.min(1000)).map(|name| resource(name, what)).collect();
    let next = first + page.len();
    let mut answer = json!({});
    if !page.is_empty() {
        answer["models"] = page.into();
    }
    if next < models.len() {
        answer["nextPageToken"] = next.to_string().into();
    }
    Ok(Reply::json(&answer))
}

fn parse(kind: &str, body: &Bytes) -> Result<Value, Failure> {
    validate::check_body(kind, body)?;
    serde_json::from_slice(body).map_err(|error| validate::not_json(&error))
}

pub(crate) async fn generate(core: &Core, model: &str, body: &Bytes) -> Result<Reply, Failure> {
    core.check_model(model)?;
    validate::check_body("GenerateContentRequest", body)?;
    validate::check_call(body)?;
    let bare = model.split_once('/').map_or(model, |(_, bare)| bare);
    let seed = core.settings.seed;
    let id = Dice::new(mix(seed, &[b"response", body])).id(22);
    let request = serde_json::from_slice::<&RawValue>(body).map_err(io::Error::from)?;
    match core.answerer.answer(RowAsk { model: bare, request, response_id: &id }).await {
        RowAnswer::Response(response) => Ok(Reply::json(&response)),
        RowAnswer::Verbatim(raw) => Ok(Reply::json(&raw)),
        RowAnswer::Error { code, message } => Err(Failure::of(http_status(code), message)),
    }
}

/// The status for a `google.rpc.Code`.
fn http_status(code: i32) -> u16 {
    match code {
        3 | 9 | 11 => 400,
        4 => 504,
        5 => 404,
        7 => 403,
        8 => 429,
        14 => 503,
        16 => 401,
        _ => 500,
    }
}

pub(crate) fn count_tokens(core: &Core, model: &str, body: &Bytes) -> Result<Reply, Failure> {
    core.check_model(model)?;
    let request = parse("CountTokensRequest", body)?;
    let inner = field(&request, "generateContentRequest").unwrap_or(&request);
    Ok(Reply::json(&answer::prompt_tokens(inner)))
}
