//! From a request to a reply: jobs and files. Uploads have a file of their own.

use std::time::Instant;

use serde_json::{Value, json};

use super::http::{Answer, Reply, Request};
use super::knobs::CreateFault;
use super::uploads;
use super::world::World;

/// Answers one request at the moment `now`.
pub(crate) fn answer(world: &mut World, request: &Request, now: Instant) -> Reply {
    let path = request.path.trim_start_matches('/');
    if path == "fake/ledger" {
        return Answer::json(&world.ledger());
    }
    if request.query.contains_key("key") {
        world.violation(format!("the key stands in the query of {path}"));
    }
    let path = path.strip_prefix("download/").unwrap_or(path);
    if let Some(path) = path.strip_prefix("upload/") {
        world.note("upload");
        return match path.split_once('/') {
            Some((_, "files")) => uploads::answer(world, request),
            _ => not_found(),
        };
    }
    if request.header("x-goog-api-key").is_empty() && !request.query.contains_key("key") {
        return Answer::error(
            403,
            "PERMISSION_DENIED",
            "Method doesn't allow unregistered callers",
        );
    }
    let Some((version, resource)) = path.split_once('/') else {
        return not_found();
    };
    if !matches!(version, "v1" | "v1beta") {
        return not_found();
    }
    let (resource, verb) = match resource.rsplit_once(':') {
        Some((resource, verb)) => (resource, verb),
        None => (resource, ""),
    };
    world.note(&format!("{} {} {verb}", request.method, family(resource)));
    match (request.method.as_str(), family(resource), verb) {
        ("POST", "models/", "batchGenerateContent") => create(world, request, resource, now),
        ("GET", "batches", "") => list_jobs(world, request, now),
        ("GET", "batches/", "") => get_job(world, resource, now),
        ("POST", "batches/", "cancel") => {
            let knobs = world.knobs.clone();
            with_job(world, resource, now, |job| job.cancel(&knobs))
        }
        ("DELETE", "batches/", "") => with_job(world, resource, now, |job| job.deleted = true),
        ("GET", "files", "") => list_files(world, request),
        ("GET", "files/", "download") => download(world, resource),
        ("GET", "files/", "") => get_file(world, resource),
        ("DELETE", "files/", "") => delete_file(world, resource),
        _ => not_found(),
    }
}

impl World {
    fn note(&mut self, what: &str) {
        *self.requests.entry(what.trim_end().to_owned()).or_default() += 1;
    }
}

/// `batches` for the collection, `batches/` for one of it.
fn family(resource: &str) -> &str {
    resource.split_inclusive('/').next().unwrap_or_default()
}

fn not_found() -> Reply {
    Answer::error(404, "NOT_FOUND", "Requested entity was not found.")
}

fn no_such_file(name: &str) -> Reply {
    let message = format!(
        "You do not have permission to access the File {} or it may not exist.",
        name.trim_start_matches("files/")
    );
    Answer::error(403, "PERMISSION_DENIED", &message)
}

fn create(world: &mut World, request: &Request, resource: &str, now: Instant) -> Reply {
    world.creates_seen += 1;
    let body = request.json();
    let batch = &body["batch"];
    let config = either(batch, "inputConfig", "input_config");
    let file = either(config, "fileName", "file_name").as_str().unwrap_or_default().to_owned();
    let display_name = either(batch, "displayName", "display_name").as_str().map(str::to_owned);
    if display_name.as_ref().is_none_or(|name| name.len() > 128 || !name.is_ascii()) {
        world.violation(format!("displayName of a job is {display_name:?}"));
    }
    let Some(stored) = world.files.get(&file) else {
        return no_such_file(&file);
    };
    let (refusal, violations) = check_rows(&stored.content);
    world.violations.extend(violations);
    if let Some(message) = refusal {
        return Answer::error(400, "INVALID_ARGUMENT", &message);
    }
    let model = resource.trim_start_matches("models/");
    let fault = world.knobs.creates.pop_front().unwrap_or(CreateFault::None);
    let late = match fault {
        CreateFault::DropThenApply(late) | CreateFault::RefuseThenApply(_, late) => {
            Some(now + late)
        }
        CreateFault::None => Some(now),
        CreateFault::DropUnapplied | CreateFault::Refuse(_) => None,
    };
    let name = late.map(|from| world.add_job(model, display_name, &file, from));
    match (fault, name) {
        (CreateFault::None, Some(name)) => {
            let knobs = world.knobs.clone();
            match world.job(&name, now) {
                Some(job) => Answer::json(&job.operation(&knobs)),
                None => not_found(),
            }
        }
        (CreateFault::Refuse(status) | CreateFault::RefuseThenApply(status, _), _) => {
            Answer::error(status, "UNAVAILABLE", "as the test wishes")
        }
        _ => Reply::Drop,
    }
}

/// Why the service refuses this file, and what it would rather not have seen in it.
fn check_rows(content: &[u8]) -> (Option<String>, Vec<String>) {
    let mut violations = Vec::new();
    let mut keys = std::collections::BTreeSet::new();
    if !content.ends_with(b"\n") {
        violations.push("the input file does not end in a line end".to_owned());
    }
    for (number, line) in (1..).zip(content.split_inclusive(|&byte| byte == b'\n')) {
        let Ok(Value::Object(row)) = serde_json::from_slice(line) else {
            return (Some(format!("error on line {number}: invalid JSON")), violations);
        };
        let Some(request) = row.get("request").and_then(Value::as_object) else {
            return (Some(format!("error on line {number}: no request")), violations);
        };
        if !request.contains_key("contents") {
            return (Some(format!("error on line {number}: contents is required")), violations);
        }
        if request.contains_key("model") {
            violations.push(format!("line {number} still names a model"));
        }
        for member in row.keys().filter(|name| !matches!(name.as_str(), "key" | "request")) {
            violations.push(format!("line {number} still has {member:?}"));
        }
        match row.get("key").and_then(Value::as_str) {
            Some(key) if keys.insert(key.to_owned()) => {}
            key => violations.push(format!("line {number} has no key of its own: {key:?}")),
        }
    }
    (None, violations)
}

fn list_jobs(world: &mut World, request: &Request, now: Instant) -> Reply {
    let lag = world.knobs.list_lag;
    let knobs = world.knobs.clone();
    let size = page_size(world, request);
    let below = request.query.get("pageToken").and_then(|token| token.parse().ok());
    let below: usize = below.unwrap_or(world.jobs.len());
    let mut operations = Vec::new();
    let mut next = None;
    for (index, job) in world.jobs.iter_mut().enumerate().take(below).rev() {
        if job.deleted || job.exists_from + lag > now {
            continue;
        }
        if operations.len() == size {
            next = Some(index + 1);
            break;
        }
        job.look();
        operations.push(job.operation(&knobs));
    }
    Answer::json(&page("operations", operations, next.map(|index| index.to_string())))
}

fn get_job(world: &mut World, resource: &str, now: Instant) -> Reply {
    if world.knobs.busy_gets > 0 {
        world.knobs.busy_gets -= 1;
        return Answer::error(503, "UNAVAILABLE", "The service is currently unavailable.");
    }
    let knobs = world.knobs.clone();
    match world.job(resource, now) {
        Some(job) => {
            job.look();
            Answer::json(&job.operation(&knobs))
        }
        None => not_found(),
    }
}

fn with_job(
    world: &mut World,
    resource: &str,
    now: Instant,
    change: impl FnOnce(&mut super::world::Job),
) -> Reply {
    match world.job(resource, now) {
        Some(job) => {
            change(job);
            Answer::json(&json!({}))
        }
        None => not_found(),
    }
}

fn list_files(world: &World, request: &Request) -> Reply {
    let size = page_size(world, request);
    let after = request.query.get("pageToken").map_or("", String::as_str);
    let names: Vec<&String> = world.files.keys().filter(|name| name.as_str() > after).collect();
    let shown = &names[..names.len().min(size)];
    let files = shown.iter().filter_map(|name| world.file_resource(name)).collect();
    let more = names.len() > shown.len();
    let next = shown.last().filter(|_| more).map(|name| (*name).clone());
    Answer::json(&page("files", files, next))
}

fn get_file(world: &mut World, resource: &str) -> Reply {
    if let Some(reply) = long_id(world, resource, "GetFileRequest") {
        return reply;
    }
    match world.file_resource(resource) {
        Some(file) => Answer::json(&file),
        None => no_such_file(resource),
    }
}

fn delete_file(world: &mut World, resource: &str) -> Reply {
    if let Some(reply) = long_id(world, resource, "DeleteFileRequest") {
        return reply;
    }
    match world.files.remove(resource) {
        Some(_) => Answer::json(&json!({})),
        None => no_such_file(resource),
    }
}

/// Result files have longer names than the service allows in these calls.
fn long_id(world: &mut World, resource: &str, call: &str) -> Option<Reply> {
    (resource.len() > "files/".len() + 40).then(|| {
        world.violation(format!("{call} on {resource}"));
        let message = format!(
            "* {call}.name: File ID (name excluding 'files/') cannot be more than 40 characters.\n"
        );
        Answer::error(400, "INVALID_ARGUMENT", &message)
    })
}

fn download(world: &mut World, resource: &str) -> Reply {
    let Some(content) = world.results(resource).map(<[u8]>::to_vec) else {
        return no_such_file(resource);
    };
    let headers = vec![("Content-Type", "application/octet-stream".to_owned())];
    let answer = Answer { status: 200, headers, body: content };
    if world.knobs.cut_downloads > 0 {
        world.knobs.cut_downloads -= 1;
        return Reply::Cut(answer);
    }
    Reply::Answer(answer)
}

fn page_size(world: &World, request: &Request) -> usize {
    let asked = request.query.get("pageSize").and_then(|size| size.parse().ok());
    asked.unwrap_or(usize::MAX).clamp(1, world.knobs.page.max(1))
}

fn page(name: &str, items: Vec<Value>, next: Option<String>) -> Value {
    let mut page = json!({});
    if !items.is_empty() {
        page[name] = Value::Array(items);
    }
    if let Some(next) = next {
        page["nextPageToken"] = json!(next);
    }
    page
}

/// A member by either spelling.
pub(crate) fn either<'a>(value: &'a Value, camel: &str, snake: &str) -> &'a Value {
    value.get(camel).unwrap_or(&value[snake])
}
