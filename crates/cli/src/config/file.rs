//! Where settings come from: the file that is named, or the one that lies here.

use std::io;
use std::path::Path;

use eval_report::sanitize;

use super::{Config, ConfigError};
use crate::exit::{Failure, Outcome};

/// The file that is read without being named.
pub(crate) const NAME: &str = "batch-eval.toml";

/// The longest file that is read, in bytes.
const MAX_LEN: u64 = 1 << 20;

/// Reads the settings; a file that nobody named may be missing.
pub(crate) fn read(named: Option<&Path>) -> Outcome<Config> {
    let path = named.unwrap_or(Path::new(NAME));
    let shown = sanitize(&path.display().to_string()).into_owned();
    let text = match text(path) {
        Ok(text) => text,
        Err(error) if named.is_none() && error.kind() == io::ErrorKind::NotFound => {
            return Ok(Config::default());
        }
        Err(error) if is_of_machine(&error) => {
            return Err(Failure::io(format!("failed to read {shown}"), &error));
        }
        Err(error) => return Err(Failure::usage(format!("failed to read {shown}: {error}"))),
    };
    let config = Config::parse(&text).map_err(|error| mistaken(path, &error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    Ok(match folder {
        Some(folder) => config.in_folder(folder),
        None => config,
    })
}

/// A mistake in the file at `path` as the user is told of it.
pub(crate) fn mistaken(path: &Path, error: &ConfigError) -> Failure {
    let (shown, caret) = (path.display().to_string(), error.caret());
    let (shown, caret): (_, Vec<_>) = (sanitize(&shown), caret.lines().map(sanitize).collect());
    let failure = Failure::usage(format!("{shown}, {error}\n{}", caret.join("\n")));
    failure.next(error.hint().unwrap_or("docs/config.md names every field"))
}

/// Whether too many files are open, here or in the whole system: nothing is wrong with what was asked.
fn is_of_machine(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

fn text(path: &Path) -> io::Result<String> {
    use std::io::Read as _;
    let mut text = String::new();
    std::fs::File::open(path)?.take(MAX_LEN + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MAX_LEN {
        return Err(io::Error::other("it is longer than 1 MiB"));
    }
    Ok(text)
}
