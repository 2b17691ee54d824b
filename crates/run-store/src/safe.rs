//! Opens and makes files and folders so that nobody else can have prepared or can change them.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::StoreError;

const PRIVATE_FILE: u32 = 0o600;
const PRIVATE_FOLDER: u32 = 0o700;
const WRITABLE_BY_OTHERS: u32 = 0o022;

/// Opens an ordinary file, never through a link; what it creates is private from the start.
///
/// Not to block is for a FIFO in the file's place; it changes nothing for ordinary files.
pub(crate) fn open(path: &Path, options: &mut OpenOptions) -> Result<File, StoreError> {
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = options.mode(PRIVATE_FILE).custom_flags(flags).open(path).map_err(|error| {
        if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) {
            unsafe_to_use(path, "it is a symbolic link")
        } else {
            StoreError::io("open", path)(error)
        }
    })?;
    let kind = file.metadata().map_err(StoreError::io("look at", path))?.file_type();
    if kind.is_file() { Ok(file) } else { Err(unsafe_to_use(path, "it is no ordinary file")) }
}

/// Opens an ordinary file to read it.
pub(crate) fn open_to_read(path: &Path) -> Result<File, StoreError> {
    open(path, OpenOptions::new().read(true))
}

/// Makes a private file that was not there.
pub(crate) fn create_new(path: &Path) -> Result<File, StoreError> {
    open(path, OpenOptions::new().write(true).create_new(true))
}

/// Refuses a folder that is a link, another user's, or writable by others.
pub(crate) fn check_folder(path: &Path) -> Result<(), StoreError> {
    let found = fs::symlink_metadata(path).map_err(StoreError::io("look at", path))?;
    let what = if found.file_type().is_symlink() {
        "it is a symbolic link"
    } else if !found.is_dir() {
        "it is no folder"
    } else if found.uid() != rustix::process::geteuid().as_raw() {
        "it belongs to another user"
    } else if found.mode() & WRITABLE_BY_OTHERS != 0 {
        "other users can write to it"
    } else {
        return Ok(());
    };
    Err(unsafe_to_use(path, what))
}

/// Makes a private folder that was not there, for good.
pub(crate) fn make_new_folder(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .mode(PRIVATE_FOLDER)
        .create(path)
        .map_err(StoreError::io("create folder", path))?;
    path.parent().map_or(Ok(()), sync_folder)
}

/// Makes a private folder, or checks the one that is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), StoreError> {
    match make_new_folder(path) {
        Err(StoreError::Io { source, .. }) if source.kind() == io::ErrorKind::AlreadyExists => {
            check_folder(path)
        }
        made => made,
    }
}

/// Makes a private folder and those above it, as far as they are missing.
pub(crate) fn make_folders(path: &Path) -> Result<(), StoreError> {
    DirBuilder::new()
        .recursive(true)
        .mode(PRIVATE_FOLDER)
        .create(path)
        .map_err(StoreError::io("create folder", path))
}

/// Puts the names in a folder on stable storage.
pub(crate) fn sync_folder(path: &Path) -> Result<(), StoreError> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|folder| folder.sync_all()).map_err(StoreError::io("sync", path))
}

/// Removes a file, or nothing when it is not there.
pub(crate) fn remove_file(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("remove", path)(error))
        }
        _ => Ok(()),
    }
}

pub(crate) fn unsafe_to_use(path: &Path, what: &'static str) -> StoreError {
    StoreError::Unsafe { path: path.to_owned(), what }
}
