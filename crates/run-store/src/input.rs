//! Inputs as what is uploaded: ordinary files that are what they were made as.

use std::io::{self, Read};
use std::sync::OnceLock;

use batch_backend::{FilePayload, Payload};
use batch_orchestrator::InputId;

use crate::own::Own;
use crate::{MadeInput, Print, RunPaths, StoreError, safe};

/// A file of a run that is uploaded. It is never read through a link, and before it is sent it is held
/// against the print it was made with, once in its life, unless this process made it and nobody touched it since.
#[derive(Debug)]
pub struct InputFile {
    id: InputId,
    file: FilePayload,
    /// `None` in runs of earlier versions, which took none.
    print: Option<Print>,
    written: Own<InputId>,
    fits: OnceLock<()>,
}

impl InputFile {
    /// Takes an ordinary file, now and at each reading.
    pub(crate) fn open(
        paths: &RunPaths,
        id: InputId,
        print: Option<Print>,
        written: &Own<InputId>,
    ) -> Result<Self, StoreError> {
        let path = paths.input(id);
        paths.check(&path)?;
        let opened = FilePayload::open_with(&path, |path| Ok(safe::open_to_read(path)?));
        let file = opened
            .map_err(|error| error.downcast().unwrap_or_else(StoreError::io("open", &path)))?;
        Ok(Self { id, file, print, written: written.clone(), fits: OnceLock::new() })
    }
}

impl Payload for InputFile {
    fn len(&self) -> u64 {
        self.file.len()
    }

    fn check(&self) -> io::Result<()> {
        let Some(print) = self.print.filter(|_| self.fits.get().is_none()) else {
            return Ok(());
        };
        let is_ours = self.written.is(&self.id, &safe::open_to_read(self.file.path())?);
        if !is_ours && Print::of(self.file.open_at(0)?)? != print {
            let what = format!("{} changed after it was made", self.id);
            return Err(StoreError::damaged(self.file.path(), what).into());
        }
        let _ = self.fits.set(());
        Ok(())
    }

    fn open_at(&self, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        self.file.open_at(offset)
    }
}

/// Opens an input that has to have the length it was made with.
pub(crate) fn check(
    paths: &RunPaths,
    made: &MadeInput,
    written: &Own<InputId>,
) -> Result<InputFile, StoreError> {
    let input = InputFile::open(paths, made.id, made.print, written)?;
    if input.len() == made.bytes {
        return Ok(input);
    }
    let what = format!("it was made with {} bytes and has {}", made.bytes, input.len());
    Err(StoreError::damaged(input.file.path(), what))
}
