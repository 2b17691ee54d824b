//! The report page in a real browser: does it work, and does nothing of what the rows hold ever run?

use std::path::Path;

use super::javascript::{environment, node};
use super::{number_after, outcome, path_text};
use crate::shell;
use crate::tally::Outcome;

const FOLDER: &str = "tests/browser";

/// What headless Chromium is called, here and there.
const BROWSERS: [&str; 4] =
    ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// Pages of three runs, of hostile rows, of hostile judges and of 100,000 rows, opened from disk and used.
pub(crate) fn in_browser(binary: &Path) -> Outcome {
    let found = node().and_then(|()| Ok((browser()?, environment(FOLDER, "browser")?)));
    match found {
        Ok((browser, folder)) => outcome(drive(binary, browser, &folder)),
        Err(why) => Outcome::Skipped(why),
    }
}

fn drive(binary: &Path, browser: &str, folder: &Path) -> Result<String, String> {
    let script = "tests/browser/page.mjs";
    let arguments = [script, path_text(binary)?, browser, path_text(folder)?];
    let printed = shell::output(&mut shell::program("node", &arguments))?;
    let figure = |name: &str| number_after(&printed, &format!("\"{name}\":"));
    Ok(format!(
        "{} rows in {} MiB: first paint {} ms, all rows {} ms, a filter {} ms, a row {} ms, all text searched {} ms, heap {} MiB",
        figure("big_shown")?,
        figure("big_bytes")? >> 20,
        figure("first_paint_ms")?,
        figure("all_rows_ms")?,
        figure("filter_ms")?,
        figure("open_ms")?,
        figure("search_all_text_ms")?,
        figure("heap_mib")?,
    ))
}

fn browser() -> Result<&'static str, String> {
    let works = |name: &&str| shell::output(&mut shell::program(name, &["--version"])).is_ok();
    let found = BROWSERS.into_iter().find(works);
    found.ok_or_else(|| "there is no Chromium; Debian has it as `chromium`".to_owned())
}
