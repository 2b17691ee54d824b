//! `batch-eval files`: every file of the key.

use eval_report::sanitize;
use gemini_client::RemoteFile;
use serde_json::{Value, json};

use super::owners::Owners;
use super::{Account, age_s, ago};
use crate::args::FilesArgs;
use crate::context::Context;
use crate::duration::human;
use crate::exit::Outcome;
use crate::layout::Align;
use crate::steps::rfc3339;
use crate::ui::Ui;

/// Columns of the list; the last two may hang below.
const COLUMNS: [(&str, Align); 5] = [
    ("AGE", Align::Right),
    ("GONE IN", Align::Right),
    ("BYTES", Align::Right),
    ("RUN", Align::Left),
    ("FILE", Align::Left),
];
const OWNER: usize = 3;
const FILE: usize = 4;

pub(crate) async fn files(context: &Context, args: &FilesArgs) -> Outcome<()> {
    let account = Account::open(context, &args.service)?;
    let owners = Owners::read(&context.runs)?;
    let (mut all, mut bytes, mut shown) = (0u64, 0u64, Vec::new());
    account
        .each_file(|file| {
            all += 1;
            bytes = bytes.saturating_add(file.bytes.unwrap_or(0));
            if shown.len() < args.limit {
                shown.push(file);
            }
        })
        .await?;
    if context.ui.json {
        let files: Vec<Value> = shown.iter().map(|file| as_json(context, &owners, file)).collect();
        return Ui::object(&json!({"type": "files", "files": files, "all": all, "bytes": bytes}));
    }
    let rows: Vec<_> = shown.iter().map(|file| cells(context, &owners, file)).collect();
    let mut lines = super::table(COLUMNS, rows, &[FILE, OWNER]);
    let noun = if all == 1 { "file" } else { "files" };
    lines.push(format!("{all} {noun}, {bytes} bytes, {} shown", shown.len()));
    Ui::result(&lines.join("\n"))
}

fn cells(context: &Context, owners: &Owners, file: &RemoteFile) -> [String; 5] {
    let owner = owners.of(file.label.as_deref());
    let label = match (owner.is_ours(), &file.label) {
        (false, Some(label)) => format!("- {}", sanitize(label)),
        _ => owner.text(),
    };
    let left =
        |at: std::time::SystemTime| human(at.duration_since(context.now()).unwrap_or_default());
    [
        ago(context.now(), file.created),
        file.expires.map_or_else(|| "?".to_owned(), left),
        file.bytes.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string()),
        label,
        sanitize(file.name.as_str()).into_owned(),
    ]
}

fn as_json(context: &Context, owners: &Owners, file: &RemoteFile) -> Value {
    let owner = owners.of(file.label.as_deref());
    json!({
        "name": file.name.as_str(),
        "display_name": file.label,
        "ours": owner.is_ours(),
        "run": owner.run(),
        "bytes": file.bytes,
        "sha256": file.sha256,
        "state": file.state,
        "created": file.created.map(rfc3339),
        "age_s": age_s(context.now(), file.created),
        "expires": file.expires.map(rfc3339),
    })
}
