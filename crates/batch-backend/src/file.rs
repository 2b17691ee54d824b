//! Files as what is uploaded and as where a download goes.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use crate::{ByteSink, Payload};

/// A file to upload. It is opened anew for each reading and not kept open, so that a program may
/// have thousands of them.
///
/// ```
/// use std::io::Read;
/// use batch_backend::{FilePayload, Payload};
///
/// let path = std::env::temp_dir().join(format!("file-payload-{}", std::process::id()));
/// std::fs::write(&path, "one\ntwo\n")?;
/// let payload = FilePayload::open(&path)?;
/// let mut rest = String::new();
/// payload.open_at(4)?.read_to_string(&mut rest)?;
/// assert_eq!((payload.len(), rest.as_str()), (8, "two\n"));
///
/// std::fs::write(&path, "another")?;
/// assert!(payload.open_at(0).is_err());
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct FilePayload {
    path: PathBuf,
    len: u64,
    open: fn(&Path) -> io::Result<File>,
}

impl FilePayload {
    /// Takes an ordinary file as long as it is now.
    ///
    /// # Errors
    /// When it cannot be opened or is no ordinary file.
    pub fn open(path: impl Into<PathBuf>) -> io::Result<Self> {
        Self::open_with(path, |path| File::open(path))
    }

    /// Takes a file that is opened in a way of its own, now and for each reading: never through a
    /// link, say.
    ///
    /// # Errors
    /// Those of `open`; when it is no ordinary file.
    pub fn open_with(
        path: impl Into<PathBuf>,
        open: fn(&Path) -> io::Result<File>,
    ) -> io::Result<Self> {
        let path = path.into();
        let found = open(&path)?.metadata()?;
        if !found.is_file() {
            let text = format!("{} is no ordinary file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(Self { path, len: found.len(), open })
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Payload for FilePayload {
    fn len(&self) -> u64 {
        self.len
    }

    /// A file of another length than at first is refused: it is not what was to be sent.
    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut file = (self.open)(&self.path)?;
        let found = file.metadata()?.len();
        if found != self.len {
            let path = self.path.display();
            let text = format!("{path} had {} bytes and now has {found}", self.len);
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        let start = offset.min(self.len);
        file.seek(SeekFrom::Start(start))?;
        Ok(Box::new(file.take(self.len - start)))
    }
}

/// Downloads go to where the file stands, which is to be its start.
///
/// ```
/// use std::fs::File;
/// use batch_backend::ByteSink as _;
///
/// let path = std::env::temp_dir().join(format!("file-sink-{}", std::process::id()));
/// let mut file = File::create(&path)?;
/// file.write(b"a try that broke off")?;
/// file.restart()?;
/// file.write(b"all of it")?;
/// assert_eq!(std::fs::read(&path)?, b"all of it");
/// # std::fs::remove_file(path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
impl ByteSink for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn restart(&mut self) -> io::Result<()> {
        self.set_len(0)?;
        self.rewind()
    }
}

#[cfg(test)]
mod tests {
    use super::FilePayload;

    #[test]
    fn payload_is_an_ordinary_file() {
        let folder = env!("CARGO_MANIFEST_DIR");
        assert!(FilePayload::open(folder).is_err());
        assert!(FilePayload::open("/dev/zero").is_err());
        assert!(FilePayload::open(format!("{folder}/none")).is_err());
        assert!(FilePayload::open(format!("{folder}/README.md")).is_ok());
    }
}
