//! The result files of a cell, of which few are open at a time however many jobs it had.

use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;

use batch_orchestrator::JobId;
use run_store::{RunPaths, StoreError};

/// Rows in order are answered by one file after the other, and those sent again by a few more.
const MOST_OPEN: usize = 4;

/// Which file it is: its device and its number there.
type Identity = (u64, u64);

/// A file with how long it was when it was opened.
type Open = (File, u64);

/// See the module. The files have numbers, from 0 in the order in which they were added.
pub(super) struct ResultFiles {
    paths: RunPaths,
    files: Vec<(JobId, Identity)>,
    /// The one that was used last is the last.
    open: Vec<(u32, Open)>,
}

impl ResultFiles {
    pub(super) fn new(paths: &RunPaths) -> Self {
        Self { paths: paths.clone(), files: Vec::new(), open: Vec::new() }
    }

    /// Adds the results of a job, which must be there.
    pub(super) fn add(&mut self, job: JobId) -> Result<(), StoreError> {
        let path = self.paths.raw(job);
        let found = looked_at(&self.paths.open_file(&path)?).map(|(found, _)| found);
        let found = found.map_err(|source| StoreError::Io { what: "look at", path, source })?;
        self.files.push((job, found));
        Ok(())
    }

    /// The file of this number and its length; fails when it is another one than was added, in which lines lie
    /// elsewhere.
    pub(super) fn get(&mut self, number: u32) -> io::Result<(&File, u64)> {
        let file = match self.open.iter().position(|(open, _)| *open == number) {
            Some(at) => self.open.remove(at).1,
            None => self.open_again(number)?,
        };
        if self.open.len() == MOST_OPEN {
            self.open.remove(0);
        }
        let (_, (file, length)) = self.open.push_mut((number, file));
        Ok((file, *length))
    }

    fn open_again(&self, number: u32) -> io::Result<Open> {
        let (job, added) = *self.files.get(number as usize).ok_or(io::ErrorKind::NotFound)?;
        let file = self.paths.open_file(&self.paths.raw(job))?;
        let (found, length) = looked_at(&file)?;
        if found == added {
            return Ok((file, length));
        }
        Err(io::Error::other(format!("the results of {job} were replaced while they were read")))
    }
}

/// Which file it is, and how long.
fn looked_at(file: &File) -> io::Result<(Identity, u64)> {
    let found = file.metadata()?;
    Ok(((found.dev(), found.ino()), found.len()))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{FileExt as _, PermissionsExt as _};

    use batch_orchestrator::InputId;

    use super::*;

    const FILES: u32 = 7;

    fn job(number: u32) -> JobId {
        JobId { input: InputId { shard: number + 1, variant: 0 }, model: 0 }
    }

    fn write(paths: &RunPaths, number: u32, text: &str) {
        let path = paths.raw(job(number));
        paths.make_folder(path.parent().unwrap()).unwrap();
        let mut file = paths.create_file(&path).unwrap();
        io::Write::write_all(&mut file, text.as_bytes()).unwrap();
        file.commit().unwrap();
    }

    fn all() -> (tempfile::TempDir, RunPaths, ResultFiles) {
        let home = tempfile::tempdir().unwrap();
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o700)).unwrap();
        let paths = RunPaths::new(home.path().to_owned());
        let mut files = ResultFiles::new(&paths);
        for number in 0..FILES {
            write(&paths, number, &number.to_string());
            files.add(job(number)).unwrap();
        }
        (home, paths, files)
    }

    #[test]
    fn every_file_is_read_and_few_are_open() {
        let (_home, _, mut files) = all();
        for number in (0..FILES).chain([0, 6, 0, 5, 3, 3]).chain((0..FILES).rev()) {
            let mut text = [0];
            files.get(number).unwrap().0.read_exact_at(&mut text, 0).unwrap();
            assert_eq!(u32::from(text[0] - b'0'), number);
            assert!(files.open.len() <= MOST_OPEN);
        }
        assert_eq!(files.get(FILES).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn a_file_that_was_replaced_is_not_read_by_the_places_of_the_old_one() {
        let (_home, paths, mut files) = all();
        // Held open, so that its number is not given to the new one.
        let _old = paths.open_file(&paths.raw(job(2))).unwrap();
        write(&paths, 2, "other");
        assert!(files.get(2).unwrap_err().to_string().contains("were replaced"));
        assert!(files.get(3).is_ok());
    }
}
