//! One request and its answer: what the script makes of it, then what the service does.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, header};
use tracing::Instrument;

use crate::clock::Stamp;
use crate::history::Seen;
use crate::payload::{Halt, Payload};
use crate::reply::{Body, Failure, Reply};
use crate::route::{Route, Target};
use crate::script::Action;
use crate::shared::Core;
use crate::{batches, create, files, models, upload};

/// What the server returns when it closes a connection instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("connection closed without an answer")]
pub(crate) struct Closed;

/// A request as the calls see it.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) target: Target,
    pub(crate) route: Route,
    pub(crate) headers: HeaderMap,
    /// `http://host:port` as the client knows it.
    pub(crate) base: String,
    /// From when on a create takes effect.
    pub(crate) effective: Option<Stamp>,
    /// How much of an upload's chunk is thrown away.
    pub(crate) short_by: u64,
}

impl Ask {
    fn of(parts: &Parts) -> Self {
        let mut target = Target::of(parts.uri.path(), parts.uri.query().unwrap_or_default());
        let route = target.route(parts.method.as_str());
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        Self {
            target,
            route,
            headers: parts.headers.clone(),
            base: format!("http://{}", host.unwrap_or("127.0.0.1")),
            effective: None,
            short_by: 0,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

pub(crate) async fn serve(
    core: Arc<Core>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Closed> {
    let (parts, body) = request.into_parts();
    let method = parts.method.as_str();
    let span = tracing::debug_span!("exchange", method, path = ?parts.uri.path());
    let ask = Ask::of(&parts);
    let fault = core.faults.for_request(method, &ask.target.path, &parts.headers);
    let number = core.log.note(Seen {
        at: core.now().rfc3339(),
        method: method.to_owned(),
        path: ask.target.path.clone(),
        command: ask.header("x-goog-upload-command").map(str::to_owned),
        status: None,
        fault: fault.as_ref().map(name_of),
    });
    let response = under(&core, ask, Payload::new(body), fault).instrument(span.clone()).await;
    let status = response.as_ref().ok().map(|response| response.status().as_u16());
    if let Some(status) = status {
        core.log.answered(number, status);
    }
    tracing::debug!(parent: &span, status, "exchange done");
    response
}

/// The fault's name as it stands in a script.
fn name_of(action: &Action) -> String {
    match serde_json::to_value(action) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

async fn under(
    core: &Arc<Core>,
    mut ask: Ask,
    mut payload: Payload,
    fault: Option<Action>,
) -> Result<Response<Body>, Closed> {
    let mut cut = None;
    match fault {
        None => {}
        Some(Action::Drop) => return Err(Closed),
        Some(Action::Hang) => return std::future::pending().await,
        Some(Action::Answer(canned)) => {
            payload.drain().await.map_err(|_| Closed)?;
            return Ok(Reply::canned(&canned).into_response(core.now(), None));
        }
        Some(Action::ApplyThenDrop) => {
            // Whatever it would have said, nobody hears it.
            let _ = apply(core, ask, payload).await;
            return Err(Closed);
        }
        Some(Action::Late { after_ms }) => return late(core, ask, payload, after_ms).await,
        Some(Action::Delay { ms }) => core.clock.sleep_until(later(core, ms)).await,
        Some(Action::CutUpload { bytes }) => {
            if let Payload::Stream { left, .. } = &mut payload {
                *left = Some(bytes);
            }
        }
        Some(Action::Truncate { bytes, length }) => cut = Some((bytes, length)),
        Some(Action::ShortSizeReceived { by }) => ask.short_by = by,
        Some(Action::LoseSession) => {
            if let Route::UploadData { session } = &ask.route {
                let lost = core.store.lose_upload(&mut core.store.tables(), session);
                lost.map_err(|_| Closed)?;
            }
        }
    }
    let reply = apply(core, ask, payload).await?;
    Ok(reply.into_response(core.now(), cut))
}

fn later(core: &Core, ms: u64) -> Stamp {
    core.now().plus(core.clock.emulated(Duration::from_millis(ms)))
}

/// Takes the body, closes the connection, and lets the request count later. A late create is
/// recorded at once with the moment from which it counts, and so outlives this process.
async fn late(
    core: &Arc<Core>,
    mut ask: Ask,
    mut payload: Payload,
    after_ms: u64,
) -> Result<Response<Body>, Closed> {
    const MOST: usize = 64 << 20;
    let due = later(core, after_ms);
    let body = payload.collect(MOST).await.map_err(|_| Closed)?;
    let core = Arc::clone(core);
    tokio::spawn(async move {
        if matches!(ask.route, Route::CreateBatch { .. }) {
            ask.effective = Some(due);
        } else {
            core.clock.sleep_until(due).await;
        }
        let _ = apply(&core, ask, Payload::Whole(Some(body))).await;
    });
    Err(Closed)
}

/// Does what the request asks, to its end, even if the client goes away meanwhile.
async fn apply(core: &Arc<Core>, ask: Ask, payload: Payload) -> Result<Reply, Closed> {
    let core = Arc::clone(core);
    let work = async move {
        match call(&core, &ask, payload).await {
            Ok(reply) => Ok(reply),
            Err(Halt::Fail(failure)) => Ok(failure.into()),
            Err(Halt::Closed) => Err(Closed),
        }
    };
    tokio::spawn(work.in_current_span()).await.unwrap_or(Err(Closed))
}

async fn call(core: &Arc<Core>, ask: &Ask, mut payload: Payload) -> Result<Reply, Halt> {
    if let Route::UploadData { session } = &ask.route {
        // The session's id is its credential; the SDKs send no key here.
        return upload::data(core, ask, session, payload).await;
    }
    let body = payload.collect(core.settings.limits.body_bytes).await?;
    if ask.route == Route::History && core.settings.control {
        let history = serde_json::to_value(core.history()).unwrap_or_default();
        return Ok(Reply::json(&history));
    }
    if matches!(ask.route, Route::Unknown | Route::History) {
        return Ok(no_such_page(&ask.target.path));
    }
    core.check_key(ask.header("x-goog-api-key").or(ask.target.key.as_deref()))?;
    let reply = match &ask.route {
        Route::StartUpload => upload::start(core, ask, &body)?,
        Route::ListFiles => files::list(core, ask)?,
        Route::GetFile(id) => files::get(core, ask, id)?,
        Route::DeleteFile(id) => files::delete(core, id)?,
        Route::Download(id) => files::download(core, id).await?,
        Route::CreateBatch { model } => create::create(core, ask, model, body).await?,
        Route::ListBatches => batches::list(core, ask)?,
        Route::GetBatch(id) => batches::get(core, id)?,
        Route::CancelBatch(id) => batches::cancel(core, id)?,
        Route::DeleteBatch(id) => batches::delete(core, id)?,
        Route::ListModels => models::list(core, ask)?,
        Route::GetModel(id) => models::get(core, id)?,
        Route::GenerateContent { model } => models::generate(core, model, &body)?,
        Route::CountTokens { model } => models::count_tokens(core, model, &body)?,
        Route::NotHere(what) => {
            return Err(Failure::of(501, format!("The emulator does not do {what}.")).into());
        }
        Route::UploadData { .. } | Route::History | Route::Unknown => {
            no_such_page(&ask.target.path)
        }
    };
    Ok(reply)
}

fn no_such_page(path: &str) -> Reply {
    let safe: String = path.chars().filter(|c| !matches!(c, '<' | '>' | '&' | '"')).collect();
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en><title>Error 404 (Not Found)</title>\n\
         <p>The requested URL <code>{safe}</code> was not found on this server.\n"
    );
    let mut reply = Reply::bytes(page.into()).header("Content-Type", "text/html; charset=UTF-8");
    reply.status = 404;
    reply
}
