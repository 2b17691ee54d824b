//! The Files API apart from uploading: get, list, delete, download.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::clock::Stamp;
use crate::exchange::Ask;
use crate::paging;
use crate::record::{FileRecord, Source};
use crate::reply::{Failure, Reply};
use crate::shared::Core;
use crate::work;

/// The resource as the service writes it: 64-bit numbers as text, zeros left out.
pub(crate) fn resource(file: &FileRecord, base: &str, version: &str) -> Value {
    let mut value = json!({
        "name": format!("files/{}", file.id),
        "mimeType": file.mime_type,
        "createTime": file.created.rfc3339(),
        "updateTime": file.created.rfc3339(),
        "expirationTime": file.expires().rfc3339(),
        // The service gives the base64 of the hex text, not of the 32 bytes.
        "sha256Hash": STANDARD.encode(&file.sha256),
        "uri": format!("{base}/{version}/files/{}", file.id),
        "state": "ACTIVE",
        "source": "UPLOADED",
    });
    if let Some(name) = &file.display_name {
        value["displayName"] = name.as_str().into();
    }
    if file.size > 0 {
        value["sizeBytes"] = file.size.to_string().into();
    }
    value
}

/// Gives the id in a name that a client chose.
pub(crate) fn check_chosen_name(name: &str) -> Result<String, Failure> {
    let id = name.strip_prefix("files/").unwrap_or(name);
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if id.is_empty() || id.len() > 40 || !id.chars().all(allowed) {
        return Err(Failure::invalid(
            "* CreateFileRequest.file.name: File ID (name excluding 'files/') must be up to 40 \
             characters of lowercase letters, digits and dashes.\n",
        ));
    }
    if id.starts_with('-') || id.ends_with('-') {
        return Err(Failure::invalid(
            "* CreateFileRequest.file.name: File ID cannot start or end with a dash.\n",
        ));
    }
    Ok(id.to_owned())
}

fn find(core: &Core, id: &str, call: &str) -> Result<FileRecord, Failure> {
    if id.chars().count() > 40 {
        return Err(Failure::invalid(format!(
            "* {call}FileRequest.name: File ID (name excluding 'files/') cannot be more than 40 \
             characters.\n"
        )));
    }
    let now = core.now();
    let tables = core.store.tables();
    let file = tables.files.get(id).filter(|file| file.expires() > now);
    file.cloned().ok_or_else(|| no_permission(id))
}

/// A file that never was, has expired or belongs to someone else: the answer is the same.
fn no_permission(id: &str) -> Failure {
    Failure::of(
        403,
        format!("You do not have permission to access the File {id} or it may not exist."),
    )
}

pub(crate) fn get(core: &Core, ask: &Ask, id: &str) -> Result<Reply, Failure> {
    let file = find(core, id, "Get")?;
    Ok(Reply::json(&resource(&file, &ask.base, &ask.target.version)))
}

pub(crate) fn delete(core: &Core, id: &str) -> Result<Reply, Failure> {
    find(core, id, "Delete")?;
    core.store.delete_file(&mut core.store.tables(), id)?;
    Ok(Reply::json(&json!({})))
}

pub(crate) fn list(core: &Core, ask: &Ask) -> Result<Reply, Failure> {
    let now = core.now();
    let tables = core.store.tables();
    let mut files: Vec<&FileRecord> =
        tables.files.values().filter(|file| file.expires() > now).collect();
    let place = |file: &FileRecord| (file.created, file.id.clone());
    files.sort_by_cached_key(|file| std::cmp::Reverse(place(file)));
    let after = |last: Option<(Stamp, String)>| {
        let older = move |file: &&FileRecord| last.as_ref().is_none_or(|last| place(file) < *last);
        files.iter().copied().filter(older)
    };
    let (page, token) = paging::page(&ask.target, after, place)?;
    let mut answer = json!({});
    if !page.is_empty() {
        let page = page.iter().map(|file| resource(file, &ask.base, &ask.target.version));
        answer["files"] = page.collect();
    }
    if let Some(token) = token {
        answer["nextPageToken"] = token.into();
    }
    Ok(Reply::json(&answer))
}

pub(crate) async fn download(core: &Core, id: &str) -> Result<Reply, Failure> {
    let Some(job) = id.strip_prefix("batch-") else {
        find(core, id, "Download")?;
        return Err(Failure::invalid("Only generated files can be downloaded."));
    };
    work::settle(core, Some(job)).await;
    let now = core.now();
    let path = {
        let tables = core.store.tables();
        let job =
            tables.jobs.get(job).filter(|job| job.exists(now)).ok_or_else(Failure::not_found)?;
        if !job.keeps_results(now) || job.source == Source::Inlined {
            return Err(Failure::not_found());
        }
        core.store.results(&job.id)
    };
    let reply = Reply::file(&path).await?;
    Ok(reply.header("Content-Type", "application/octet-stream"))
}
