//! What of the machine around it the program depends on: its clock, proxies, terminal, and other programs.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use batch_cost::Day;
use serde_json::json;

use crate::checklist::Finding;
use crate::context::Context;
use crate::exit::Exit;
use crate::steps::rfc3339;
use crate::ui::Ui;

/// A clock this far ahead of our youngest table is wrong, or the program is very old.
const YEARS: u32 = 20;

/// What each program is for.
const USES: [(&str, &str); 2] = [
    ("python3", "for scorers in Python (python:FILE.py)"),
    ("node", "for scorers in JavaScript (exec:node FILE.js)"),
];

/// Whether the clock can be right: runs are named and priced, and jobs are told apart, by time.
pub(super) fn clock(context: &Context) -> Finding {
    let now = context.now();
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let today = Day::at_unix_seconds(i64::try_from(seconds).unwrap_or(i64::MAX));
    let table = batch_cost::PriceBook::builtin().date();
    let shown = rfc3339(now);
    let behind = today < table;
    let ahead = table.days_to(today) > YEARS * 365;
    if behind || ahead {
        return Finding::bad("clock", Exit::Usage, format!("{shown} cannot be right"))
            .next("set the clock: prices and the ages of jobs go by it");
    }
    Finding::good("clock", shown).facts(json!({"now": rfc3339(now)}))
}

/// The proxies that https goes through; passwords in them are not shown.
pub(super) fn proxies() -> Finding {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let named = |name: &'static str| Some((name, set(&name)?));
    let found: Vec<_> = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"]
        .into_iter()
        .filter_map(named)
        .collect();
    let Some((name, value)) = found.first() else {
        return Finding::good("proxy", "none; https goes straight to the service");
    };
    let except = ["NO_PROXY", "no_proxy"].into_iter().find_map(named);
    let except =
        except.map(|(name, value)| format!(", but for {value} ({name})")).unwrap_or_default();
    let text = format!("https goes through {} ({name}){except}", without_password(value));
    Finding::note("proxy", text)
}

/// An address without what stands before its `@`.
fn without_password(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("", address));
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    if scheme.is_empty() { host.to_owned() } else { format!("{scheme}://{host}") }
}

pub(super) fn terminal() -> Finding {
    let width = Ui::width();
    let what = if std::io::stdout().is_terminal() { "a terminal" } else { "no terminal" };
    let colours = match anstream::AutoStream::choice(&std::io::stdout()) {
        anstream::ColorChoice::Never => "no colours",
        _ => "colours",
    };
    Finding::good("output", format!("{what}, {width} columns, {colours}"))
}

/// Whether another program is there; it is not started.
pub(super) fn program(name: &'static str) -> Finding {
    let use_of = USES.iter().find(|(known, _)| *known == name).map_or("", |(_, use_of)| *use_of);
    match found(name, std::env::var_os("PATH").as_deref()) {
        Some(path) => Finding::good(name, format!("{}, {use_of}", path.display())),
        None => Finding::skipped(name, format!("not found; only needed {use_of}")),
    }
}

/// The first of that name along the search path that may be executed.
fn found(name: &str, path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let may_run = |path: &Path| {
        path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
    };
    std::env::split_paths(path?).map(|folder| folder.join(name)).find(|path| may_run(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_of_proxies_are_not_shown() {
        assert_eq!(without_password("http://me:secret@proxy:3128"), "http://proxy:3128");
        assert_eq!(without_password("me:p@ss@proxy"), "proxy");
        assert_eq!(without_password("http://proxy"), "http://proxy");
    }

    #[test]
    fn programs_are_found_along_the_path() {
        let path = std::ffi::OsStr::new("/nowhere:/bin:/usr/bin");
        assert!(found("sh", Some(path)).is_some_and(|path| path.ends_with("sh")));
        assert_eq!(found("sh", None), None);
        assert_eq!(found("no-such-program", Some(path)), None);
    }
}
