//! One request and its answer: what the script makes of it, then what the service does.

use std::sync::Arc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, Response, header};
use tracing::Instrument;

use crate::clock::Stamp;
use crate::faults::Asked;
use crate::history::{self, Seen};
use crate::payload::{Halt, Payload, Slow};
use crate::record::Kind;
use crate::reply::{Body, Failure, Reply, Shape};
use crate::route::{Route, Target};
use crate::script::Action;
use crate::shared::Core;
use crate::{batches, control, create, files, models, pages, refusal, upload};

/// What the server returns when it closes a connection instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("connection closed without an answer")]
pub(crate) struct Closed;

/// A request as the calls see it.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) method: String,
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
            method: parts.method.as_str().to_owned(),
            target,
            route,
            headers: parts.headers.clone(),
            base: format!("http://{}", host.unwrap_or("127.0.0.1")),
            effective: None,
            short_by: 0,
        }
    }

    /// The key, or a token in its place: neither is checked for real.
    fn key(&self) -> Option<&str> {
        let bearer = || self.header("authorization")?.strip_prefix("Bearer ");
        self.header("x-goog-api-key").or(self.target.key.as_deref()).or_else(bearer)
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
    if let Some(failure) = core.guard.objection(&parts) {
        return Ok(Reply::from(failure).into_response(core.now(), Shape::default()));
    }
    let ask = Ask::of(&parts);
    let payload = Payload::new(body, core.settings.limits.body_idle);
    if let (Route::Control(page), true) = (&ask.route, core.settings.control) {
        // The emulator's own pages meet no faults and leave no trace.
        let reply = control(&core, &ask, page, method, payload).await?;
        return Ok(reply.into_response(core.now(), Shape::default()));
    }
    let query = parts.uri.query().unwrap_or_default();
    let asked = Asked { method, path: &ask.target.path, query, headers: &parts.headers };
    let due = core.faults.for_request(&asked);
    let number = core.log.note(Seen {
        at: core.now().rfc3339(),
        method: history::short(method),
        path: history::short(&ask.target.path),
        command: ask.header("x-goog-upload-command").map(history::short),
        status: None,
        fault: due.as_ref().map(|due| due.name.clone()),
    });
    let fault = due.map(|due| due.action);
    let response = under(&core, ask, payload, fault).instrument(span.clone()).await;
    let status = response.as_ref().ok().map(|response| response.status().as_u16());
    if let Some(status) = status {
        core.log.answered(number, status);
    }
    tracing::debug!(parent: &span, status, "exchange done");
    response
}

async fn control(
    core: &Arc<Core>,
    ask: &Ask,
    page: &str,
    method: &str,
    mut payload: Payload,
) -> Result<Reply, Closed> {
    let answer = match payload.collect(core.settings.limits.body_bytes).await {
        Ok(body) => control::call(core, ask, page, method, &body).await,
        Err(halt) => Err(halt),
    };
    match answer {
        Ok(reply) => Ok(reply.unwrap_or_else(|| pages::not_found(&ask.target.path))),
        Err(Halt::Fail(failure)) => Ok(failure.into()),
        Err(Halt::Closed) => Err(Closed),
    }
}

async fn under(
    core: &Arc<Core>,
    mut ask: Ask,
    mut payload: Payload,
    fault: Option<Action>,
) -> Result<Response<Body>, Closed> {
    let mut shape = Shape::default();
    let mut instead = None;
    match fault {
        None => {}
        Some(Action::Drop) => return Err(Closed),
        Some(Action::Hang) => return std::future::pending().await,
        Some(Action::Answer(canned)) => {
            payload.drain().await.map_err(|_| Closed)?;
            return Ok(Reply::canned(&canned).into_response(core.now(), shape));
        }
        Some(Action::Refuse(refusal)) => {
            payload.drain().await.map_err(|_| Closed)?;
            return Ok(refusal::reply(core, &ask, refusal).into_response(core.now(), shape));
        }
        Some(Action::ApplyThenDrop) => {
            // Whatever it would have said, nobody hears it.
            let _ = apply(core, ask, payload).await;
            return Err(Closed);
        }
        Some(Action::ApplyThenAnswer(canned)) => instead = Some(canned),
        Some(Action::Late { after_ms }) => return late(core, ask, payload, after_ms).await,
        Some(Action::Delay { ms }) => core.clock.wait(Duration::from_millis(ms)).await,
        Some(Action::CutUpload { bytes }) => payload.cut_after(bytes),
        Some(Action::SlowUpload { bytes, every_ms }) => {
            payload.slow_down(pace(core, bytes, every_ms));
        }
        Some(Action::Truncate { bytes, length }) => shape = Shape::cut(bytes, length),
        Some(Action::Stall { bytes }) => shape = Shape::stalled(bytes),
        Some(Action::Drip { bytes, every_ms }) => shape = Shape::drip(pace(core, bytes, every_ms)),
        Some(Action::Headers(headers)) => shape = Shape::headers(headers),
        Some(Action::ShortSizeReceived { by }) => ask.short_by = by,
        Some(Action::LoseSession) => {
            if let Route::UploadData { session } = &ask.route {
                let lost = core.store.lose_upload(&mut core.store.tables(), session);
                lost.map_err(|_| Closed)?;
            }
        }
    }
    let mut reply = apply(core, ask, payload).await?;
    if let Some(canned) = instead {
        reply = Reply::canned(&canned);
    }
    Ok(reply.into_response(core.now(), shape))
}

fn pace(core: &Arc<Core>, bytes: u64, every_ms: u64) -> Slow {
    Slow { core: Arc::clone(core), bytes, every: Duration::from_millis(every_ms) }
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
        if matches!(ask.route, Route::CreateBatch { .. } | Route::CreateEmbedBatch { .. }) {
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
    if let Some(failure) = unreadable(ask) {
        payload.drain().await?;
        return Err(failure.into());
    }
    if let Route::UploadData { session } = &ask.route {
        // The session's id is its credential; the SDKs send no key here.
        return upload::data(core, ask, session, payload).await;
    }
    let body = payload.collect(core.limits().body_bytes).await?;
    match &ask.route {
        Route::Unknown | Route::Control(_) => return Ok(pages::not_found(&ask.target.path)),
        Route::WrongMethod(allowed) => {
            return Ok(pages::wrong_method(&ask.method, &ask.target.path, allowed));
        }
        _ => {}
    }
    core.check_key(ask.key())?;
    if let Some(stranger) = &ask.target.stranger {
        return Err(unknown_in_query(stranger).into());
    }
    let reply = match &ask.route {
        Route::StartUpload => upload::start(core, ask, &body)?,
        Route::ListFiles => files::list(core, ask)?,
        Route::GetFile(id) => files::get(core, ask, id)?,
        Route::DeleteFile(id) => files::delete(core, id)?,
        Route::Download(id) => files::download(core, id).await?,
        Route::CreateBatch { model } => {
            create::create(core, ask, model, Kind::Generate, body).await?
        }
        Route::CreateEmbedBatch { model } => {
            create::create(core, ask, model, Kind::Embed, body).await?
        }
        Route::ListBatches => batches::list(core, ask).await?,
        Route::GetBatch(id) => batches::get(core, id).await?,
        Route::CancelBatch(id) => batches::cancel(core, id)?,
        Route::DeleteBatch(id) => batches::delete(core, id)?,
        Route::UpdateBatch(id) => batches::update(core, ask, id, &body)?,
        Route::ListModels => models::list(core, ask).await?,
        Route::GetModel(id) => models::get(core, id)?,
        Route::GenerateContent { model } => models::generate(core, model, &body).await?,
        Route::CountTokens { model } => models::count_tokens(core, model, &body)?,
        Route::WantsOAuth => return Err(wants_oauth().into()),
        Route::NotHere(what) => {
            return Err(Failure::of(501, format!("The emulator does not do {what}.")).into());
        }
        Route::UploadData { .. } | Route::Control(_) | Route::WrongMethod(_) | Route::Unknown => {
            pages::not_found(&ask.target.path)
        }
    };
    Ok(reply)
}

/// What speaks against reading a request or answering it in the form that it wants.
fn unreadable(ask: &Ask) -> Option<Failure> {
    let encoding = ask.header("content-encoding").unwrap_or("identity");
    if !encoding.eq_ignore_ascii_case("identity") {
        return Some(Failure::invalid(format!(
            "The emulator takes no compressed bodies (Content-Encoding: {encoding})."
        )));
    }
    let alt = ask.target.alt.as_deref().unwrap_or("json");
    // Where there is no call, that is what is wrong.
    let media = matches!(ask.route, Route::Download(_) | Route::WrongMethod(_) | Route::Unknown);
    let known = matches!(alt, "" | "json") || (alt == "media" && media);
    (!known).then(|| Failure::invalid(format!("The emulator does not answer with alt={alt}.")))
}

fn unknown_in_query(name: &str) -> Failure {
    let description = format!(
        "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. \
         Field '{name}' could not be found in request message."
    );
    let violation = serde_json::json!({ "description": description.clone() });
    Failure::invalid(description)
        .detail("BadRequest", serde_json::json!({ "fieldViolations": [violation] }))
}

fn wants_oauth() -> Failure {
    let message = "API keys are not supported by this API. Expected OAuth2 access token or other \
                   authentication credentials that assert a principal. See \
                   https://cloud.google.com/docs/authentication";
    let info = serde_json::json!({
        "reason": "CREDENTIALS_MISSING",
        "domain": "googleapis.com",
        "metadata": { "service": "generativelanguage.googleapis.com" },
    });
    Failure::of(401, message).detail("ErrorInfo", info)
}
