//! A file whose length and time of change must stay what they were while it is read.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    time::SystemTime,
};

use super::InputError;

/// Reads a regular file as it was when it was opened, and fails if it changed before its end was
/// read: half of one dataset and half of another must not be taken for one. Pipes and devices are
/// read as they come.
///
/// ```
/// # let path = std::env::temp_dir().join(format!("steady-{}", std::process::id()));
/// use std::{fs, io::Read as _};
/// fs::write(&path, "{}\n")?;
/// let mut file = jsonl_transform::SteadyFile::new(fs::File::open(&path)?)?;
/// fs::write(&path, "{}\n{}\n")?; // another program is still writing
/// let error = file.read_to_end(&mut Vec::new()).unwrap_err();
/// assert_eq!(error.to_string(), "the file changed while it was read");
/// # fs::remove_file(&path)?;
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct SteadyFile {
    file: File,
    /// None of what is no regular file.
    was: Option<State>,
    /// How much of it was not read yet.
    left: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct State {
    bytes: u64,
    modified: Option<SystemTime>,
}

impl SteadyFile {
    /// Takes note of a file that was opened just now.
    ///
    /// # Errors
    /// When the system does not tell its length.
    pub fn new(file: File) -> io::Result<Self> {
        let was = State::of(&file.metadata()?);
        let left = was.as_ref().map_or(u64::MAX, |was| was.bytes);
        Ok(Self { file, was, left })
    }

    fn check(&self) -> io::Result<()> {
        if self.was.is_some() && State::of(&self.file.metadata()?) != self.was {
            return Err(InputError::Changed.into());
        }
        Ok(())
    }
}

impl State {
    fn of(about: &Metadata) -> Option<Self> {
        let state = || Self { bytes: about.len(), modified: about.modified().ok() };
        about.is_file().then(state)
    }
}

impl Read for SteadyFile {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let read = self.file.read(&mut out[..most])?;
        if read == 0 && !out.is_empty() {
            self.check()?;
        }
        if self.was.is_some() {
            self.left -= read as u64;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, File},
        io::{Read as _, Write as _},
    };

    use super::SteadyFile;

    /// What reading gives if the file is changed after its first bytes.
    fn read(name: &str, change: impl FnOnce(&File)) -> Result<usize, String> {
        let path = std::env::temp_dir().join(format!("steady-{}-{name}", std::process::id()));
        fs::write(&path, "x".repeat(100)).expect("writes");
        let writer = File::options().append(true).open(&path).expect("opens");
        let mut file = SteadyFile::new(File::open(&path).expect("opens")).expect("a file");
        file.read_exact(&mut [0; 10]).expect("ten bytes");
        change(&writer);
        let rest = file.read_to_end(&mut Vec::new()).map_err(|error| error.to_string());
        fs::remove_file(&path).expect("removes");
        rest
    }

    #[test]
    fn a_file_that_grows_or_shrinks_is_noticed_and_any_other_is_read_whole() {
        let changed = Err("the file changed while it was read".to_owned());
        assert_eq!(read("same", |_| ()), Ok(90));
        let grows = |mut file: &File| file.write_all(b"more").expect("writes");
        assert_eq!(read("grows", grows), changed);
        assert_eq!(read("shrinks", |file| file.set_len(50).expect("cuts")), changed);
        assert_eq!(read("emptied", |file| file.set_len(0).expect("cuts")), changed);
    }

    #[test]
    fn what_is_no_regular_file_is_read_as_it_comes() {
        let mut zeros = SteadyFile::new(File::open("/dev/zero").expect("opens")).expect("a device");
        let mut bytes = [1; 100];
        zeros.read_exact(&mut bytes).expect("without end");
        assert_eq!(bytes, [0; 100]);
    }
}
