//! Where the API key comes from: a file, standard input, or the environment; never an argument.

use std::io::Read as _;
use std::path::Path;

use gemini_client::ApiKey;

use crate::args::KeyArgs;
use crate::exit::{Exit, Failure, Outcome};

/// In the order in which they win, as in Google's SDKs.
const VARIABLES: [&str; 2] = ["GOOGLE_API_KEY", "GEMINI_API_KEY"];

/// The longest key read from a file or a pipe, in bytes.
const MAX_LEN: u64 = 4096;

/// Whether a key is named anywhere.
pub(crate) fn is_given(args: &KeyArgs) -> bool {
    args.api_key_file.is_some() || args.api_key_stdin || from_environment().is_some()
}

/// Reads the key.
pub(crate) fn read(args: &KeyArgs) -> Outcome<ApiKey> {
    if args.api_key.is_some() {
        return Err(refuse_argument());
    }
    if let Some(path) = &args.api_key_file {
        return from_file(path);
    }
    if args.api_key_stdin {
        let text = read_short(std::io::stdin().lock(), "standard input")?;
        return parse(&text, "standard input");
    }
    match from_environment() {
        Some((name, value)) => parse(&value, name),
        None => Err(Failure::new(
            Exit::Key,
            "no API key: GEMINI_API_KEY and GOOGLE_API_KEY are not set",
        )
        .safe("nothing was sent")
        .next("export GEMINI_API_KEY, or use --api-key-file FILE; --emulator needs none")),
    }
}

/// Refuses `--api-key` before anything else is looked at.
pub(crate) fn refuse_argument() -> Failure {
    Failure::usage("a key is never taken on the command line: every process could read it there")
        .next("export GEMINI_API_KEY, or use --api-key-file FILE or --api-key-stdin")
}

fn from_environment() -> Option<(&'static str, String)> {
    VARIABLES.iter().find_map(|name| {
        let value = std::env::var(name).ok().filter(|value| !value.trim().is_empty())?;
        Some((*name, value))
    })
}

fn from_file(path: &Path) -> Outcome<ApiKey> {
    use std::os::unix::fs::PermissionsExt as _;
    let shown = path.display().to_string();
    let fail = |error: &std::io::Error| {
        Failure::new(Exit::Key, format!("failed to read the key file {shown}: {error}"))
    };
    let file = std::fs::File::open(path).map_err(|e| fail(&e))?;
    let mode = file.metadata().map_err(|e| fail(&e))?.permissions().mode();
    if mode & 0o077 != 0 {
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
fn parse(text: &str, origin: &str) -> Outcome<ApiKey> {
    ApiKey::new(text).map_err(|_| {
        Failure::new(Exit::Key, format!("what {origin} holds is not a key"))
            .next("a key is one line of letters, digits, - and _")
    })
}

/// Reads the key only to see that there is one, where that does not use it up.
pub(crate) fn read_early(args: &KeyArgs) -> Outcome<()> {
    if args.api_key_stdin { Ok(()) } else { read(args).map(|_| ()) }
}

/// The key's text where it can be read twice, to be looked for in rows: a row that holds it would
/// be sent and stored.
pub(crate) fn text(args: &KeyArgs) -> Option<String> {
    let text = match &args.api_key_file {
        Some(path) => std::fs::read_to_string(path).ok()?,
        None => from_environment()?.1,
    };
    Some(text.trim().to_owned())
}
