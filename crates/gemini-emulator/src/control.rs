//! The emulator's own endpoints under `/__emulator/`: script, history, clock, reset.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::payload::Halt;
use crate::reply::{Failure, Reply};
use crate::script::Script;
use crate::shared::Core;

/// Answers a call of the emulator's own; `None` when there is no such page.
pub(crate) async fn call(
    core: &Arc<Core>,
    ask: &Ask,
    page: &str,
    method: &str,
    body: &Bytes,
) -> Result<Option<Reply>, Halt> {
    let reply = match (method, page) {
        ("GET", "script") => Reply::json(&core.faults.script()),
        ("PUT", "script") => {
            core.faults.replace(read_script(ask, body)?);
            Reply::json(&core.faults.script())
        }
        ("DELETE", "script") => {
            core.faults.replace(Script::default());
            Reply::json(&json!({}))
        }
        ("GET", "history") => Reply::json(&core.history()),
        ("DELETE", "history") => {
            core.log.clear();
            Reply::json(&json!({}))
        }
        ("GET", "clock") => now(core),
        ("POST", "clock/advance") => {
            core.clock.advance(span(core.now(), body)?);
            now(core)
        }
        ("POST", "reset") => {
            let core = Arc::clone(core);
            let work = tokio::task::spawn_blocking(move || reset(&core));
            work.await.map_err(|_| Halt::Closed)??;
            Reply::json(&json!({}))
        }
        _ => return Ok(None),
    };
    Ok(Some(reply))
}

fn now(core: &Core) -> Reply {
    Reply::json(&json!({ "now": core.now().rfc3339() }))
}

fn read_script(ask: &Ask, body: &Bytes) -> Result<Script, Failure> {
    let text = std::str::from_utf8(body).map_err(|_| Failure::invalid("not UTF-8"))?;
    let kind = ask.header("content-type").unwrap_or_default();
    let extension = match kind.split(';').next().unwrap_or_default().trim() {
        "application/json" => "json",
        "application/toml" => "toml",
        _ => "",
    };
    Script::parse(extension, text).map_err(|error| Failure::invalid(error.to_string()))
}

/// How far the clock is to be moved; not so far that emulated time comes to its end.
fn span(now: Stamp, body: &Bytes) -> Result<Duration, Failure> {
    const TEN_YEARS: Duration = Duration::from_hours(10 * 366 * 24);
    const END: Stamp = Stamp(i64::MAX / 10 * 8);
    let wanted = || {
        let what = "a body such as {\"seconds\": 30} is wanted, from 0 to ten years";
        Failure::invalid(what)
    };
    let body: Value = serde_json::from_slice(body).map_err(|_| wanted())?;
    let seconds = body.get("seconds").and_then(Value::as_f64).ok_or_else(wanted)?;
    let span = Duration::try_from_secs_f64(seconds).map_err(|_| wanted())?;
    if span > TEN_YEARS || now.plus(span) > END {
        return Err(wanted());
    }
    Ok(span)
}

/// Forgets files, uploads, jobs and requests and sets the script's counters back; the script, the
/// settings and the clock stay as they are.
fn reset(core: &Core) -> Result<(), Failure> {
    let _turn = core.creating.lock().unwrap_or_else(PoisonError::into_inner);
    core.works.halt_all();
    core.store.clear(&mut core.store.tables())?;
    core.sessions.clear();
    core.log.clear();
    core.faults.replace(core.faults.script());
    Ok(())
}
