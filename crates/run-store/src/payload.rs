//! A file of the run as something to upload.

use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use batch_backend::Payload;

use crate::{StoreError, safe};

/// A file to upload; its length is what it was when this was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePayload {
    path: PathBuf,
    len: u64,
}

impl FilePayload {
    /// Takes an ordinary file, not a link to one.
    ///
    /// # Errors
    /// When it cannot be opened, or is a link or no ordinary file.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let path = path.into();
        let file = safe::open_to_read(&path)?;
        let len = file.metadata().map_err(StoreError::io("look at", &path))?.len();
        Ok(Self { path, len })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Payload for FilePayload {
    fn len(&self) -> u64 {
        self.len
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = safe::open_to_read(&self.path)?;
        let found = file.metadata()?.len();
        if found != self.len {
            let what = format!("it had {} bytes and now has {found}", self.len);
            return Err(StoreError::damaged(&self.path, what).into());
        }
        let start = offset.min(self.len);
        file.seek(SeekFrom::Start(start))?;
        Ok(Box::new(file.take(self.len - start)))
    }
}
