//! The resumable upload protocol: start, upload, query, cancel, finalize.

use std::collections::HashMap;
use std::io::Read;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncWriteExt, BufWriter};
use tokio::sync::watch;

use crate::exchange::Ask;
use crate::files;
use crate::limits;
use crate::payload::{Halt, Payload};
use crate::record::{FileRecord, UploadOutcome, UploadRecord};
use crate::reply::{Failure, Reply};
use crate::shared::Core;
use crate::validate::{self, field};

/// Upload sessions of this process; what must last is on disk.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    open: Mutex<HashMap<String, Arc<Session>>>,
}

#[derive(Debug, Default)]
struct Session {
    /// Grows with each request, so that one whose client has gone makes room for the next.
    turn: watch::Sender<u64>,
    digest: tokio::sync::Mutex<Running>,
}

/// The digest of the bytes received so far, as long as they came in order through here.
#[derive(Debug, Default)]
struct Running {
    hash: Sha256,
    bytes: u64,
}

impl Sessions {
    fn of(&self, id: &str) -> Arc<Session> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(open.entry(id.to_owned()).or_default())
    }

    /// Forgets all sessions; those that are taking bytes see it.
    pub(crate) fn clear(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        for (_, session) in open.drain() {
            session.turn.send_modify(|turn| *turn += 1);
        }
    }

    fn close(&self, id: &str) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

pub(crate) fn start(core: &Core, ask: &Ask, body: &Bytes) -> Result<Reply, Halt> {
    let protocol = ask.header("x-goog-upload-protocol").unwrap_or_default();
    let command = ask.header("x-goog-upload-command").unwrap_or_default();
    if protocol != "resumable" || !commands(command).any(|one| one == "start") {
        return Err(Failure::invalid(
            "Only X-Goog-Upload-Protocol: resumable with X-Goog-Upload-Command: start is served.",
        )
        .into());
    }
    let about: Value = if body.is_empty() {
        json!({})
    } else {
        serde_json::from_slice(body)
            .map_err(|error| Failure::invalid(format!("Invalid JSON payload received. {error}")))?
    };
    validate::check("StartUpload", &about).map_err(|wrong| wrong.in_body())?;
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
    limits::check_room(core, declared_size.unwrap_or(0))?;
    let mut tables = core.store.tables();
    let id = core.fresh_id("upload", 48, |id| tables.uploads.contains_key(id));
    let record = UploadRecord {
        id: id.clone(),
        file_id,
        display_name: text("displayName"),
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
    let session = core.sessions.of(id);
    session.turn.send_modify(|turn| *turn += 1);
    let turn = session.turn.subscribe();
    let mut digest = session.digest.lock().await;
    let record = core.store.tables().uploads.get(id).cloned();
    let Some(record) = record else {
        payload.drain().await?;
        core.sessions.close(id);
        return Err(Failure::of(404, "Upload session not found.").into());
    };
    let ended = match &record.outcome {
        UploadOutcome::Active => None,
        UploadOutcome::Final(_) => Some("final"),
        UploadOutcome::Cancelled => Some("cancelled"),
    };
    if let Some(status) = ended {
        payload.drain().await?;
        if has("query") {
            return Ok(status_reply(status));
        }
        let failure = Failure::invalid("The upload has already been terminated.");
        return Err(failure.header("X-Goog-Upload-Status", status).into());
    }
    let received = stored(core, id).await;
    if has("query") {
        return Ok(active(received));
    }
    if has("cancel") {
        core.store.cancel_upload(&mut core.store.tables(), id)?;
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
    let reply = finalize(core, ask, record, std::mem::take(&mut *digest), total).await?;
    core.sessions.close(id);
    Ok(reply)
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
    Failure::invalid(message)
        .header("X-Goog-Upload-Status", "active")
        .header("X-Goog-Upload-Size-Received", &received.to_string())
        .into()
}

/// One chunk on its way to the disk.
struct Chunk<'a> {
    core: &'a Core,
    ask: &'a Ask,
    record: &'a UploadRecord,
    /// The bytes there before it.
    received: u64,
    last: bool,
}

impl Chunk<'_> {
    /// Stores the chunk and gives the bytes there are now, and whether the script threw some away.
    /// If the connection breaks, what came stays; if the chunk is refused, nothing of it does.
    async fn take(
        &self,
        digest: &mut Running,
        mut payload: Payload,
        mut turn: watch::Receiver<u64>,
    ) -> Result<(u64, bool), Halt> {
        let offset = self.ask.header("x-goog-upload-offset").and_then(|n| n.trim().parse().ok());
        if offset != Some(self.received) {
            payload.drain().await?;
            return Err(refused("X-Goog-Upload-Offset is not the size received.", self.received));
        }
        let said = self.ask.header("content-length").and_then(|n| n.parse::<u64>().ok());
        if let Some(wrong) = said.and_then(|length| self.objection(self.received + length)) {
            payload.drain().await?;
            return Err(refused(wrong, self.received));
        }
        if digest.bytes != self.received {
            *digest = Running { hash: Sha256::new(), bytes: u64::MAX };
        }
        let path = self.core.store.upload_data(&self.record.id);
        let file = tokio::fs::OpenOptions::new().create(true).append(true).open(&path).await?;
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        let mut total = self.received;
        let ending = loop {
            let piece = tokio::select! {
                piece = payload.next() => piece,
                _ = turn.changed() => Err(Halt::Closed),
            };
            let piece = match piece {
                Ok(Some(piece)) => piece,
                Ok(None) => break Ok(()),
                Err(halt) => break Err(halt),
            };
            if digest.bytes == total {
                digest.hash.update(&piece);
                digest.bytes += piece.len() as u64;
            }
            writer.write_all(&piece).await?;
            total += piece.len() as u64;
        };
        writer.flush().await?;
        ending?;
        if let Some(wrong) = self.objection(total) {
            writer.get_ref().set_len(self.received).await?;
            return Err(refused(wrong, self.received));
        }
        let short = self.ask.short_by.min(total - self.received);
        if short > 0 {
            total -= short;
            writer.get_ref().set_len(total).await?;
        }
        Ok((total, short > 0))
    }

    /// What speaks against having `total` bytes after this chunk.
    fn objection(&self, total: u64) -> Option<&'static str> {
        let limits = self.core.limits();
        if !self.last && !(total - self.received).is_multiple_of(limits.granularity) {
            return Some("The size of a chunk must be a multiple of the chunk granularity.");
        }
        if total > self.record.declared_size.unwrap_or(u64::MAX).min(limits.file_bytes) {
            return Some("More bytes than declared or allowed.");
        }
        None
    }
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
    let id = match &record.file_id {
        Some(id) if tables.files.contains_key(id) => {
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
