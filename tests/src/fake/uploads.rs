//! The resumable upload protocol: start, data, query, finalize, cancel.

use serde_json::{Value, json};

use super::http::{Answer, Reply, Request};
use super::routes::either;
use super::world::{Session, World};

/// Smaller than Google's, so that a client which obeys the header is told from one that guesses.
const GRANULARITY: usize = 256 * 1024;

pub(crate) fn answer(world: &mut World, request: &Request) -> Reply {
    let commands: Vec<&str> =
        request.header("x-goog-upload-command").split(',').map(str::trim).collect();
    if commands == ["start"] {
        return start(world, request);
    }
    let id = request.query.get("upload_id").cloned().unwrap_or_default();
    let Some(mut session) = world.sessions.remove(&id) else {
        return Answer::error(404, "NOT_FOUND", "no such upload");
    };
    if commands == ["cancel"] {
        return protocol(200, "cancelled", Vec::new(), &Value::Null);
    }
    let reply = continue_session(world, &mut session, &commands, request);
    world.sessions.insert(id, session);
    reply
}

fn start(world: &mut World, request: &Request) -> Reply {
    if request.header("x-goog-upload-protocol") != "resumable" {
        return Answer::error(
            400,
            "INVALID_ARGUMENT",
            "only the resumable protocol is spoken here",
        );
    }
    if request.header("x-goog-api-key").is_empty() {
        return Answer::error(403, "PERMISSION_DENIED", "unregistered caller");
    }
    let body = request.json();
    let file = &body["file"];
    let mime = either(file, "mimeType", "mime_type").as_str();
    let header = request.header("x-goog-upload-header-content-type");
    let id = world.draw(40);
    let session = Session {
        declared: request.header("x-goog-upload-header-content-length").parse().ok(),
        display_name: either(file, "displayName", "display_name").as_str().map(str::to_owned),
        mime_type: mime.unwrap_or(header).to_owned(),
        content: Vec::new(),
        file: None,
    };
    if session.declared.is_none() {
        world.violation("an upload was started without its length");
    }
    world.sessions.insert(id.clone(), session);
    let url =
        format!("{}/upload/v1beta/files?upload_id={id}&upload_protocol=resumable", world.base_url);
    let headers = vec![
        ("X-Goog-Upload-Control-URL", url.clone()),
        ("X-Goog-Upload-URL", url),
        ("X-Goog-Upload-Chunk-Granularity", GRANULARITY.to_string()),
    ];
    protocol(200, "active", headers, &Value::Null)
}

fn continue_session(
    world: &mut World,
    session: &mut Session,
    commands: &[&str],
    request: &Request,
) -> Reply {
    if commands == ["query"] {
        let status = if session.file.is_some() { "final" } else { "active" };
        let size = session.content.len().to_string();
        let headers = vec![("X-Goog-Upload-Size-Received", size)];
        return protocol(200, status, headers, &Value::Null);
    }
    if session.file.is_some() {
        return protocol(400, "final", Vec::new(), &json!({"error": {"code": 400}}));
    }
    let last = commands.contains(&"finalize");
    if commands.contains(&"upload") {
        let offset: Option<usize> = request.header("x-goog-upload-offset").parse().ok();
        if offset != Some(session.content.len()) {
            let held = session.content.len();
            world.violation(format!("a chunk at {offset:?} where {held} bytes are held"));
            return Answer::error(400, "INVALID_ARGUMENT", "wrong offset");
        }
        if !last && !request.body.len().is_multiple_of(GRANULARITY) {
            let length = request.body.len();
            world.violation(format!("a chunk of {length} bytes that is not the last"));
            return Answer::error(400, "INVALID_ARGUMENT", "wrong chunk size");
        }
        if world.knobs.half_chunks > 0 {
            world.knobs.half_chunks -= 1;
            session.content.extend_from_slice(&request.body[..request.body.len() / 2]);
            return Answer::error(503, "UNAVAILABLE", "half of it is here");
        }
        session.content.extend_from_slice(&request.body);
    }
    if !last {
        return protocol(200, "active", Vec::new(), &Value::Null);
    }
    if session.declared.is_some_and(|declared| declared != session.content.len()) {
        world.violation(format!(
            "announced {:?} bytes, sent {}",
            session.declared,
            session.content.len()
        ));
    }
    let name = world.store(session);
    let resource = world.file_resource(&name).unwrap_or_default();
    session.file = Some(name);
    protocol(200, "final", Vec::new(), &json!({"file": resource}))
}

fn protocol(
    status: u16,
    upload_status: &str,
    mut headers: Vec<(&'static str, String)>,
    body: &Value,
) -> Reply {
    headers.push(("X-Goog-Upload-Status", upload_status.to_owned()));
    headers.push(("Content-Type", "application/json".to_owned()));
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    Reply::Answer(Answer { status, headers, body })
}
