//! Where the API key comes from: a file, standard input, or the environment; never an argument.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use gemini_client::ApiKey;
use run_store::Backend;

use crate::args::KeyArgs;
use crate::exit::{Exit, Failure, Outcome};
use crate::hashing::digest;
use crate::service;

/// In the order in which they win, as in Google's SDKs.
const VARIABLES: [&str; 2] = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];

/// The longest key read from a file or a pipe, in bytes.
const MAX_LEN: u64 = 4096;

/// Shorter texts are no real keys and may stand in any row.
const REAL_LEN: usize = 16;

/// The key, read once. It cannot be printed.
#[derive(Clone)]
pub(crate) struct Key {
    text: String,
    api: ApiKey,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(****)")
    }
}

impl Key {
    /// The key for the client.
    pub(crate) fn api(&self) -> ApiKey {
        self.api.clone()
    }

    /// What no row may hold: it would be sent and stored.
    pub(crate) fn forbidden(&self) -> Option<&[u8]> {
        (self.text.len() >= REAL_LEN).then_some(self.text.as_bytes())
    }

    /// Tells two keys apart without telling the key: salted with the run's own mark, and short. For a service of one's
    /// own its address is in it: who may not know the key cannot lead it to another one.
    pub(crate) fn mark(&self, tag: &str, backend: &Backend) -> String {
        let salt = if service::is_elsewhere(backend) {
            format!("{tag}\n{}", backend.base_url)
        } else {
            tag.to_owned()
        };
        digest(format!("{salt}\n{}", self.text).as_bytes())[..16].to_owned()
    }
}

/// Reads the key where one is named; `None` where none is.
pub(crate) fn read(args: &KeyArgs) -> Outcome<Option<Key>> {
    if args.api_key.is_some() {
        return Err(Failure::usage(
            "a key is never taken on the command line: every process could read it there",
        )
        .next("export GEMINI_API_KEY, or use --api-key-file FILE or --api-key-stdin"));
    }
    if let Some(path) = &args.api_key_file {
        return from_file(path).map(Some);
    }
    if args.api_key_stdin {
        let text = read_short(std::io::stdin().lock(), "standard input")?;
        return parse(&text, "standard input").map(Some);
    }
    from_environment().map(|(name, value)| parse(&value, name)).transpose()
}

/// Where the key comes from, in words that may be shown.
pub(crate) fn origin(args: &KeyArgs) -> Option<String> {
    if let Some(path) = &args.api_key_file {
        return Some(path.display().to_string());
    }
    if args.api_key_stdin {
        return Some("standard input".to_owned());
    }
    let name = from_environment().map(|(name, _)| name)?;
    let others = VARIABLES.iter().filter(|other| **other != name);
    let also =
        others.filter(|other| std::env::var_os(other).is_some_and(|value| !value.is_empty()));
    Some(also.fold(name.to_owned(), |text, other| format!("{text}, which wins over {other}")))
}

/// The failure of a call that needs a key and has none.
pub(crate) fn missing() -> Failure {
    Failure::new(Exit::Key, "no API key: GEMINI_API_KEY and GOOGLE_API_KEY are not set")
        .safe("nothing was sent")
        .next("export GEMINI_API_KEY, or use --api-key-file FILE")
}

/// The variable that holds what looks like a key of the real service.
pub(crate) fn real_looking() -> Option<&'static str> {
    from_environment().filter(|(_, key)| key.starts_with("AIza") && key.len() >= 39).map(|(n, _)| n)
}

fn from_environment() -> Option<(&'static str, String)> {
    VARIABLES.iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty())?;
        Some((*name, value))
    })
}

fn from_file(path: &Path) -> Outcome<Key> {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    let shown = eval_report::sanitize(&path.display().to_string()).into_owned();
    let fail = |error: &std::io::Error| {
        Failure::new(Exit::Key, format!("failed to read the key file {shown}: {error}"))
    };
    let file = std::fs::File::open(path).map_err(|e| fail(&e))?;
    let about = file.metadata().map_err(|e| fail(&e))?;
    // A pipe, as in `--api-key-file <(command)`, has no mode that would say anything.
    let open = !about.file_type().is_fifo() && about.permissions().mode() & 0o077 != 0;
    if open {
        return Err(Failure::new(Exit::Key, format!("others may read the key file {shown}"))
            .next(format!("chmod 600 {shown}")));
    }
    parse(&read_short(file, &shown)?, &shown)
}

fn read_short(source: impl std::io::Read, name: &str) -> Outcome<String> {
    let mut text = String::new();
    source
        .take(MAX_LEN)
        .read_to_string(&mut text)
        .map_err(|_| Failure::new(Exit::Key, format!("failed to read a key from {name}")))?;
    Ok(text)
}

/// The error does not show the text: it may be a key with a slip in it.
fn parse(text: &str, origin: &str) -> Outcome<Key> {
    let api = ApiKey::new(text).map_err(|_| {
        Failure::new(Exit::Key, format!("what {origin} holds is not a key"))
            .safe("nothing was sent")
            .next("a key is one line of letters, digits, - and _")
    })?;
    Ok(Key { text: text.trim().to_owned(), api })
}
