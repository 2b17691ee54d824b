//! Files that appear whole or not at all: written aside, synced, then renamed.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, IoSlice, Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::{StoreError, safe};

const SUFFIX: &str = ".tmp";
const BUFFER: usize = 64 * 1024;

/// A file being written beside its final place; dropped without commit, it leaves nothing.
///
/// It is readable and writable by its owner only (0600) from the start.
///
/// ```
/// use std::io::Write;
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("out.jsonl");
/// let mut file = run_store::AtomicFile::create(&path)?;
/// file.write_all(b"{}\n")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"{}\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    out: BufWriter<File>,
    partial: PathBuf,
    path: PathBuf,
}

impl AtomicFile {
    /// Starts a file that will stand at `path`; its folder exists.
    ///
    /// # Errors
    /// When `path` names no file, or the system refuses.
    pub fn create(path: &Path) -> Result<Self, StoreError> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = path.file_name().ok_or_else(|| {
            StoreError::io("create", path)(io::Error::from(io::ErrorKind::InvalidInput))
        })?;
        let prefix = partial_prefix(&name.to_string_lossy());
        // The number of this process and a count: two writers of one path do not meet.
        let count = NEXT.fetch_add(1, Ordering::Relaxed);
        let partial = format!("{prefix}{}-{count}{SUFFIX}", std::process::id());
        let partial = path.with_file_name(partial);
        safe::remove_file(&partial)?;
        let file = safe::create_new(&partial)?;
        let out = BufWriter::with_capacity(BUFFER, file);
        Ok(Self { out, partial, path: path.to_owned() })
    }

    /// Where the file will stand.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Throws away everything written so far.
    ///
    /// # Errors
    /// Whatever the system gave.
    pub fn restart(&mut self) -> io::Result<()> {
        self.out.seek(SeekFrom::Start(0))?;
        self.out.get_ref().set_len(0)
    }

    /// Puts the bytes on stable storage and then under their name, in place of what was there.
    ///
    /// # Errors
    /// Whatever the system gave; then the name has what it had before.
    pub fn commit(self) -> Result<(), StoreError> {
        self.finish(None)
    }

    /// As [`commit`](Self::commit), and nobody may write to the file any more (0400).
    ///
    /// # Errors
    /// As `commit`.
    pub fn commit_read_only(self) -> Result<(), StoreError> {
        self.finish(Some(0o400))
    }

    fn finish(mut self, mode: Option<u32>) -> Result<(), StoreError> {
        self.out.flush().map_err(StoreError::io("write", &self.path))?;
        let file = self.out.get_ref();
        if let Some(mode) = mode {
            let protect = file.set_permissions(Permissions::from_mode(mode));
            protect.map_err(StoreError::io("protect", &self.path))?;
        }
        file.sync_all().map_err(StoreError::io("sync", &self.path))?;
        fs::rename(&self.partial, &self.path).map_err(StoreError::io("rename", &self.path))?;
        safe::sync_folder(self.path.parent().unwrap_or(Path::new(".")))
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes)
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        self.out.write_vectored(pieces)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        // After a commit there is nothing under this name; a leftover is swept up later.
        let _ = fs::remove_file(&self.partial);
    }
}

/// Puts `bytes` at `path` (0600), whole or not at all, in place of what was there.
///
/// # Errors
/// Whatever the system gave; then `path` has what it had before.
pub fn atomic_write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(StoreError::io("write", path))?;
    file.commit()
}

/// Whether a file name is that of something half written.
pub(crate) fn is_partial(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(SUFFIX)
}

/// Removes what was left half written in a folder: of the file `name`, or of all for `""`.
pub(crate) fn remove_partials(folder: &Path, name: &str) -> Result<(), StoreError> {
    let prefix = if name.is_empty() { ".".to_owned() } else { partial_prefix(name) };
    for entry in fs::read_dir(folder).map_err(StoreError::io("read", folder))? {
        let found = entry.map_err(StoreError::io("read", folder))?.file_name();
        let found = found.to_string_lossy();
        if is_partial(&found) && found.starts_with(&prefix) {
            safe::remove_file(&folder.join(&*found))?;
        }
    }
    Ok(())
}

fn partial_prefix(name: &str) -> String {
    format!(".{name}.")
}
