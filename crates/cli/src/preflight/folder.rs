//! Whether runs can be kept: the folder can be written to, and there is room.

use std::path::Path;

use rustix::fs::{Access, StatVfs, access, statvfs};
use serde_json::json;

use crate::checklist::Finding;
use crate::context::Context;
use crate::exit::Exit;
use crate::words;

/// Inputs, what was taken out of them, and results of several models: about so many times the input.
const TIMES: u64 = 4;
/// Less than this is too little for any run.
const LEAST: u64 = 64 << 20;

/// How the folder of the runs stands, for a run that uploads so many bytes.
pub(crate) fn folder(context: &Context, bytes: u64) -> Finding {
    let folder = context.runs.folder();
    let shown = folder.display().to_string();
    let (there, what) = match nearest(folder) {
        Some(there) if there == folder => (there, shown),
        Some(there) => (there, format!("{shown} (will be made)")),
        None => {
            return Finding::bad("folder", Exit::Io, format!("{shown}: there is no such folder"));
        }
    };
    if !there.is_dir() {
        let text = format!("{} is no folder", there.display());
        return Finding::bad("folder", Exit::RunFolder, text).next("another --runs-dir");
    }
    if access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        let text = format!("{} cannot be written to", there.display());
        return Finding::bad("folder", Exit::Io, text).next("another --runs-dir");
    }
    let Some(free) = statvfs(there).ok().map(|about: StatVfs| about.f_bavail * about.f_frsize)
    else {
        return Finding::good("folder", what);
    };
    let facts = json!({"folder": folder, "free_bytes": free});
    let text = format!("{what}: {} free", words::bytes(free));
    if free < LEAST.max(bytes.saturating_mul(TIMES)) {
        let text = format!(
            "{text}, and a run may take {}",
            words::bytes(bytes.saturating_mul(TIMES).max(LEAST))
        );
        return Finding::note("folder", text).next("make room, or another --runs-dir").facts(facts);
    }
    Finding::good("folder", text).facts(facts)
}

/// The folder, or the first above it that is there.
fn nearest(folder: &Path) -> Option<&Path> {
    let here = |path: &&Path| !path.as_os_str().is_empty() && path.symlink_metadata().is_ok();
    folder.ancestors().find(here).or(Some(Path::new(".")))
}
