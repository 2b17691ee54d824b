//! What can be wrong with a run folder, sorted by what the reader can do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::FORMAT;

/// What to do about a file that is not what was written.
const RESTORE: &str = "nothing was changed; restore the file from a copy of the folder";

/// Something is wrong with a run folder or a file in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process works on the run.
    #[error("{} is in use by {}", path.display(), holder(*pid, host.as_deref(), since.as_deref()))]
    Busy {
        /// The run folder.
        path: PathBuf,
        /// The other process, as it wrote it down itself.
        pid: Option<u32>,
        /// Its machine.
        host: Option<String>,
        /// Its start, RFC 3339.
        since: Option<String>,
    },
    /// The filesystem cannot say whether another process works on the run.
    #[error("the filesystem of {} has no file locks", path.display())]
    NoLocks {
        /// The lock file.
        path: PathBuf,
    },
    /// A file is not what was written; nothing was changed.
    #[error("{}{} is damaged: {what}", path.display(), at_line(*line))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where the file has lines.
        line: Option<u64>,
        /// What is wrong.
        what: String,
    },
    /// A later version of this program wrote it; nothing is guessed.
    #[error("{}{} was written by a newer version: {what}", path.display(), at_line(*line))]
    Newer {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where the file has lines.
        line: Option<u64>,
        /// What is not understood.
        what: String,
    },
    /// Somebody else could change it, or it leads elsewhere.
    #[error("{} is not safe to use: {what}", path.display())]
    Unsafe {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        what: &'static str,
    },
    /// There is no such run.
    #[error("there is no run {what}")]
    NotFound {
        /// What was looked for, and where.
        what: String,
    },
    /// A run of this name exists.
    #[error("the run {} exists already", path.display())]
    Exists {
        /// Its folder.
        path: PathBuf,
    },
    /// The folder of a run whose creation was cut off: nothing has been sent for it.
    #[error("the run {} was never finished being created", path.display())]
    Unfinished {
        /// Its folder.
        path: PathBuf,
    },
    /// The folder is there and is no run's.
    #[error("{} is not a run folder", path.display())]
    Foreign {
        /// The folder.
        path: PathBuf,
    },
    /// A text that cannot be a name.
    #[error(
        "{text:?} cannot be a name: 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit"
    )]
    Name {
        /// The text.
        text: String,
    },
    /// The system refused something.
    #[error("failed to {what} {}", path.display())]
    Io {
        /// What was attempted: a verb.
        what: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// What kind of trouble a [`StoreError`] is: one for each exit code or way on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// Another process works on the run: wait.
    Busy,
    /// Something is not what was written, or is not there any more.
    Damaged,
    /// A newer program is needed.
    Newer,
    /// The folder is not safe to use.
    Unsafe,
    /// Nothing is there.
    NotFound,
    /// Something is there already.
    Exists,
    /// The name is not allowed.
    Usage,
    /// Disk or permission trouble.
    Io,
}

impl StoreError {
    /// What kind of trouble it is.
    pub fn kind(&self) -> StoreErrorKind {
        match self {
            Self::Busy { .. } => StoreErrorKind::Busy,
            Self::Damaged { .. } => StoreErrorKind::Damaged,
            Self::Newer { .. } => StoreErrorKind::Newer,
            Self::Unsafe { .. } | Self::NoLocks { .. } => StoreErrorKind::Unsafe,
            Self::NotFound { .. } => StoreErrorKind::NotFound,
            Self::Exists { .. } | Self::Unfinished { .. } | Self::Foreign { .. } => {
                StoreErrorKind::Exists
            }
            Self::Name { .. } => StoreErrorKind::Usage,
            // A file that a run should have is opened in vain: no disk fails so.
            Self::Io { what: "open", .. } if self.is_absence() => StoreErrorKind::Damaged,
            Self::Io { .. } => StoreErrorKind::Io,
        }
    }

    /// What the reader can do, as a sentence fragment; `None` where there is nothing to advise.
    pub fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Busy { .. } => "wait until it has ended, or stop it; both keep the run".into(),
            Self::NoLocks { .. } => {
                "move the run folder to a local disk; or add --no-lock, and see to it \
                                     yourself that one process at a time works on a run"
                    .into()
            }
            Self::Damaged { path, .. } if path.ends_with(crate::paths::JOURNAL) => {
                "nothing was changed; restore the file from a copy of the folder, or let `resume \
                 --repair` cut it back to the line before"
                    .into()
            }
            Self::Damaged { .. } => RESTORE.into(),
            Self::Newer { .. } => {
                format!("this program reads format {FORMAT}; use the version that made the run")
            }
            Self::Unsafe { path, .. } => format!(
                "a run folder has to be your own, with `chmod go-w {}`, and without symbolic links",
                path.display()
            ),
            Self::NotFound { .. } | Self::Name { .. } => return None,
            Self::Exists { .. } => "choose another name, or go on with this run".into(),
            Self::Unfinished { .. } => {
                "nothing was sent for it; create it anew under the same name".into()
            }
            Self::Foreign { .. } => "choose another name or another folder for runs".into(),
            Self::Io { .. } if self.kind() == StoreErrorKind::Damaged => RESTORE.into(),
            Self::Io { source, .. } => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space and go on with the run; nothing durable is lost".into()
                }
                io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => {
                    "make the folder writable and go on with the run; nothing durable is lost"
                        .into()
                }
                _ => return None,
            },
        })
    }

    pub(crate) fn io(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { what, path, source }
    }

    pub(crate) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { path: path.to_owned(), line: None, what: what.into() }
    }

    /// Whether it says that a file or folder is not there.
    pub(crate) fn is_absence(&self) -> bool {
        matches!(self, Self::Io { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Io { source, .. } => source.kind(),
            StoreError::Busy { .. } => io::ErrorKind::WouldBlock,
            StoreError::Exists { .. }
            | StoreError::Unfinished { .. }
            | StoreError::Foreign { .. } => io::ErrorKind::AlreadyExists,
            StoreError::NotFound { .. } => io::ErrorKind::NotFound,
            StoreError::NoLocks { .. } => io::ErrorKind::Unsupported,
            StoreError::Name { .. } => io::ErrorKind::InvalidInput,
            StoreError::Damaged { .. } | StoreError::Newer { .. } => io::ErrorKind::InvalidData,
            StoreError::Unsafe { .. } => io::ErrorKind::PermissionDenied,
        };
        Self::new(kind, error)
    }
}

fn at_line(line: Option<u64>) -> String {
    line.map(|line| format!(", line {line},")).unwrap_or_default()
}

/// Host and time come out of a file that anyone may have written, hence the escapes.
fn holder(pid: Option<u32>, host: Option<&str>, since: Option<&str>) -> String {
    let process = pid.map_or("another process".to_owned(), |pid| format!("process {pid}"));
    let host = host.map(|host| format!(" on {}", host.escape_debug())).unwrap_or_default();
    let since = since.map(|since| format!(" since {}", since.escape_debug())).unwrap_or_default();
    process + &host + &since
}
