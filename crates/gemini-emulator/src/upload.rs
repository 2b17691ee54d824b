//! The resumable upload protocol: start, upload, query, cancel, finalize.

mod chunk;
mod sessions;

use std::io::Read;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use self::chunk::Chunk;
use self::sessions::Running;
pub(crate) use self::sessions::Sessions;
use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::files;
use crate::limits;
use crate::payload::{Halt, Payload};
use crate::record::{FileRecord, UploadOutcome, UploadRecord};
use crate::reply::{Failure, Reply};
use crate::shared::Core;
use crate::store::Tables;
use crate::validate::{self, field};

pub(crate) fn start(core: &Core, ask: &Ask, body: &Bytes) -> Result<Reply, Halt> {
    let protocol = ask.header("x-goog-upload-protocol").unwrap_or_default();
    let command = ask.header("x-goog-upload-command").unwrap_or_default();
    if protocol != "resumable" || !commands(command).any(|one| one == "start") {
        return Err(Failure::invalid(
            "Only X-Goog-Upload-Protocol: resumable with X-Goog-Upload-Command: start is served.",
        )
        .into());
    }
    let body = if body.is_empty() { b"{}" } else { &body[..] };
    validate::check_body("StartUpload", body)?;
    let about: Value = serde_json::from_slice(body).map_err(|error| validate::not_json(&error))?;
    let file = about.get("file").unwrap_or(&Value::Null);
    let text = |name| field(file, name).and_then(Value::as_str).map(str::to_owned);
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let said = ask.header("x-goog-upload-header-content-length").and_then(|n| n.parse().ok());
    let declared_size = said.or_else(|| field(file, "sizeBytes").and_then(number));
    let mime_type = ask
        .header("x-goog-upload-header-content-type")
        .map(str::to_owned)
        .or_else(|| text("mimeType"))
        .unwrap_or_else(|| "application/octet-stream".into());
    let file_id = text("name").map(|name| files::check_chosen_name(&name)).transpose()?;
    if let Some(id) = &file_id {
        check_free(core, id)?;
    }
    let display_name = text("displayName");
    limits::check_display_name(display_name.as_deref())?;
    let now = core.now();
    let mut tables = core.store.tables();
    forget_old(core, &mut tables, now)?;
    limits::check_upload(core, &tables, declared_size.unwrap_or(0))?;
    let id = core.upload_id();
    let record = UploadRecord {
        id: id.clone(),
        file_id,
        display_name,
        started: now,
        mime_type,
        declared_size,
        outcome: UploadOutcome::Active,
    };
    core.store.put_upload(&mut tables, record)?;
    let url = format!(
        "{}{}?upload_id={id}&upload_protocol=resumable",
        ask.base,
        ask.target.path.trim_end_matches('/')
    );
    Ok(Reply::bytes(Bytes::new())
        .header("Content-Type", "text/plain; charset=utf-8")
        .header("X-Goog-Upload-URL", &url)
        .header("X-Goog-Upload-Control-URL", &url)
        .header("X-Goog-Upload-Status", "active")
        .header("X-Goog-Upload-Chunk-Granularity", &core.limits().granularity.to_string()))
}

/// Forgets the sessions that have lived long enough, and the bytes of those never ended.
fn forget_old(core: &Core, tables: &mut Tables, now: Stamp) -> std::io::Result<()> {
    let old = tables.uploads.values().filter(|upload| upload.expires() <= now);
    let old: Vec<String> = old.map(|upload| upload.id.clone()).collect();
    for id in old {
        core.store.lose_upload(tables, &id)?;
        core.sessions.close(&id);
    }
    Ok(())
}

fn find(core: &Core, id: &str) -> Option<UploadRecord> {
    let now = core.now();
    core.store.tables().uploads.get(id).filter(|upload| upload.expires() > now).cloned()
}

fn check_free(core: &Core, id: &str) -> Result<(), Failure> {
    let now = core.now();
    if core.store.tables().files.get(id).is_some_and(|file| file.expires() > now) {
        return Err(Failure::of(409, format!("File files/{id} already exists.")));
    }
    Ok(())
}

fn commands(header: &str) -> impl Iterator<Item = &str> {
    header.split(',').map(str::trim)
}

/// Any request to an upload session.
pub(crate) async fn data(
    core: &Arc<Core>,
    ask: &Ask,
    id: &str,
    mut payload: Payload,
) -> Result<Reply, Halt> {
    let command = ask.header("x-goog-upload-command").unwrap_or_default();
    let has = |wanted: &str| commands(command).any(|one| one == wanted);
    // Whoever has not begun an upload gets nothing kept for it.
    let known = find(core, id);
    let Some(_) = known.as_ref().filter(|upload| upload.is_active()) else {
        return ended(known, has("query"), payload).await;
    };
    let session = core.sessions.of(id);
    session.turn.send_modify(|turn| *turn += 1);
    let turn = session.turn.subscribe();
    let mut digest = session.digest.lock().await;
    // Who came before may have ended it.
    let known = find(core, id);
    let Some(record) = known.clone().filter(UploadRecord::is_active) else {
        core.sessions.close(id);
        return ended(known, has("query"), payload).await;
    };
    let received = stored(core, id).await;
    if has("query") {
        return Ok(active(received));
    }
    if has("cancel") {
        core.store.end_upload(&mut core.store.tables(), id, UploadOutcome::Cancelled)?;
        core.sessions.close(id);
        return Ok(status_reply("cancelled"));
    }
    if !has("upload") && !has("finalize") {
        payload.drain().await?;
        return Err(refused("Unknown X-Goog-Upload-Command.", received));
    }
    let (mut total, mut short) = (received, false);
    if has("upload") {
        let chunk = Chunk { core, ask, record: &record, received, last: has("finalize") };
        (total, short) = chunk.take(&mut digest, payload, turn).await?;
    }
    if !has("finalize") || short {
        return Ok(active(total));
    }
    if record.declared_size.is_some_and(|declared| declared != total) {
        return Err(refused("The size of the upload is not the one declared at its start.", total));
    }
    let reply = finalize(core, ask, record, std::mem::take(&mut *digest), total).await;
    // One that is still open keeps its session, and with it the order of its requests.
    if !find(core, id).is_some_and(|upload| upload.is_active()) {
        core.sessions.close(id);
    }
    reply
}

/// The answer in a session that is over, or never was.
async fn ended(
    known: Option<UploadRecord>,
    query: bool,
    mut payload: Payload,
) -> Result<Reply, Halt> {
    payload.drain().await?;
    let status = match known.map(|upload| upload.outcome) {
        None => return Err(Failure::of(404, "Upload session not found.").into()),
        Some(UploadOutcome::Cancelled) => "cancelled",
        Some(_) => "final",
    };
    if query {
        return Ok(status_reply(status));
    }
    let failure = Failure::invalid("The upload has already been terminated.");
    Err(failure.header("X-Goog-Upload-Status", status).into())
}

async fn stored(core: &Core, id: &str) -> u64 {
    tokio::fs::metadata(core.store.upload_data(id)).await.map_or(0, |data| data.len())
}

fn status_reply(status: &str) -> Reply {
    Reply::bytes(Bytes::new()).header("X-Goog-Upload-Status", status)
}

fn active(received: u64) -> Reply {
    status_reply("active").header("X-Goog-Upload-Size-Received", &received.to_string())
}

fn refused(message: &str, received: u64) -> Halt {
    still_active(Failure::invalid(message), received)
}

fn still_active(failure: Failure, received: u64) -> Halt {
    failure
        .header("X-Goog-Upload-Status", "active")
        .header("X-Goog-Upload-Size-Received", &received.to_string())
        .into()
}

async fn finalize(
    core: &Arc<Core>,
    ask: &Ask,
    record: UploadRecord,
    digest: Running,
    size: u64,
) -> Result<Reply, Halt> {
    let path = core.store.upload_data(&record.id);
    let hash = if digest.bytes == size {
        digest.hash
    } else {
        let path = path.clone();
        let hashing = tokio::task::spawn_blocking(move || hash_file(&path));
        hashing.await.map_err(|_| Halt::Closed)??
    };
    if size == 0 {
        tokio::fs::File::create(&path).await?;
    }
    let now = core.now();
    let mut tables = core.store.tables();
    if !tables.uploads.contains_key(&record.id) {
        return Err(Failure::of(404, "Upload session not found.").into());
    }
    let expired: Vec<String> =
        tables.files.values().filter(|f| f.expires() <= now).map(|f| f.id.clone()).collect();
    for id in expired {
        core.store.delete_file(&mut tables, &id)?;
    }
    limits::check_stored(core, &tables, size).map_err(|full| still_active(full, size))?;
    let id = match &record.file_id {
        Some(id) if tables.files.contains_key(id) => {
            core.store.end_upload(&mut tables, &record.id, UploadOutcome::Taken)?;
            let taken = Failure::of(409, format!("File files/{id} already exists."));
            return Err(taken.header("X-Goog-Upload-Status", "final").into());
        }
        Some(id) => id.clone(),
        None => core.fresh_id("file", 12, |id| tables.files.contains_key(id)),
    };
    let file = FileRecord {
        id,
        display_name: record.display_name.clone(),
        mime_type: record.mime_type.clone(),
        size,
        sha256: hex(&hash.finalize()),
        created: now,
    };
    core.store.finalize(&mut tables, record, file.clone())?;
    let body = json!({ "file": files::resource(&file, &ask.base, &ask.target.version) });
    Ok(Reply::json(&body).header("X-Goog-Upload-Status", "final"))
}

fn hash_file(path: &std::path::Path) -> std::io::Result<Sha256> {
    let mut hash = Sha256::new();
    let mut file = match std::fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(hash),
        file => file?,
    };
    let mut piece = vec![0; 1 << 20];
    loop {
        let n = file.read(&mut piece)?;
        if n == 0 {
            return Ok(hash);
        }
        hash.update(&piece[..n]);
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
