//! The emulator's memory: tables of records, each written to its own file before it counts.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::jobs::Jobs;
use crate::lent::{self, LentDir};
use crate::record::{FileRecord, JobRecord, UploadOutcome, UploadRecord};

const TABLES: [&str; 3] = ["files", "uploads", "jobs"];

/// All records, by id.
#[derive(Debug, Default)]
pub(crate) struct Tables {
    pub(crate) files: BTreeMap<String, FileRecord>,
    pub(crate) uploads: BTreeMap<String, UploadRecord>,
    pub(crate) jobs: Jobs,
}

/// A folder with everything in it.
///
/// Files are replaced atomically but not synced: they survive the end of the process by any
/// means, not a power failure.
#[derive(Debug)]
pub(crate) struct Store {
    dir: PathBuf,
    tables: Mutex<Tables>,
    // Both end with the store: the lock first, then a folder that was only lent.
    _lock: File,
    lent: Option<LentDir>,
}

/// Why a state folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("in use")]
    Locked,
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Store {
    /// Opens `dir`, or a folder of its own that ends with the store.
    pub(crate) fn open(dir: Option<&Path>) -> Result<Self, OpenError> {
        let (dir, lock, lent) = if let Some(dir) = dir {
            private_dirs().create(dir)?;
            (dir.to_path_buf(), lent::lock(dir)?, None)
        } else {
            let base = std::env::temp_dir();
            lent::sweep(&base);
            let (lent, lock) = LentDir::make(&base)?;
            (lent.path().to_path_buf(), lock, Some(lent))
        };
        for name in TABLES {
            private_dirs().create(dir.join(name))?;
        }
        let store = Self { dir, tables: Mutex::default(), _lock: lock, lent };
        store.recover()?;
        Ok(store)
    }

    /// Removes the folder if it was only lent, whatever requests are still under way.
    pub(crate) fn let_go(&self) {
        if let Some(lent) = &self.lent {
            lent.remove();
        }
    }

    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn clock_file(&self) -> PathBuf {
        self.dir.join("clock.json")
    }

    pub(crate) fn upload_data(&self, id: &str) -> PathBuf {
        self.dir.join("uploads").join(format!("{id}.data"))
    }

    pub(crate) fn file_data(&self, id: &str) -> PathBuf {
        self.dir.join("files").join(format!("{id}.data"))
    }

    pub(crate) fn results(&self, id: &str) -> PathBuf {
        self.dir.join("jobs").join(format!("{id}.data"))
    }

    /// The rows of a job that is not yet answered, whatever becomes of the file they came in.
    pub(crate) fn input(&self, id: &str) -> PathBuf {
        self.dir.join("jobs").join(format!("{id}.input"))
    }

    /// The answers that a job has so far.
    pub(crate) fn part(&self, id: &str) -> PathBuf {
        self.dir.join("jobs").join(format!("{id}.part"))
    }

    /// Removes what only a job that is being answered needs.
    pub(crate) fn drop_input(&self, id: &str) -> io::Result<()> {
        remove(&self.input(id))?;
        remove(&self.part(id))
    }

    pub(crate) fn put_upload(&self, tables: &mut Tables, record: UploadRecord) -> io::Result<()> {
        write_json(&self.record_path("uploads", &record.id), &record)?;
        tables.uploads.insert(record.id.clone(), record);
        Ok(())
    }

    pub(crate) fn put_job(&self, tables: &mut Tables, record: JobRecord) -> io::Result<()> {
        write_json(&self.record_path("jobs", &record.id), &record)?;
        if record.deleted.is_some() {
            remove(&self.results(&record.id))?;
        }
        tables.jobs.insert(record);
        Ok(())
    }

    /// Makes a finished upload a file. The upload's record goes first and names the file, so that
    /// `recover` can do the rest if the process ends in between.
    pub(crate) fn finalize(
        &self,
        tables: &mut Tables,
        mut upload: UploadRecord,
        file: FileRecord,
    ) -> io::Result<()> {
        upload.outcome = UploadOutcome::Final(file.clone());
        let upload_id = upload.id.clone();
        self.put_upload(tables, upload)?;
        self.adopt(&upload_id, &file)?;
        tables.files.insert(file.id.clone(), file);
        Ok(())
    }

    fn adopt(&self, upload_id: &str, file: &FileRecord) -> io::Result<()> {
        fs::rename(self.upload_data(upload_id), self.file_data(&file.id))?;
        write_json(&self.record_path("files", &file.id), file)
    }

    pub(crate) fn delete_file(&self, tables: &mut Tables, id: &str) -> io::Result<()> {
        // The data goes first: a record without data is swept away on the next start.
        remove(&self.file_data(id))?;
        remove(&self.record_path("files", id))?;
        tables.files.remove(id);
        Ok(())
    }

    /// Ends an upload that makes no file.
    pub(crate) fn end_upload(
        &self,
        tables: &mut Tables,
        id: &str,
        outcome: UploadOutcome,
    ) -> io::Result<()> {
        let Some(mut record) = tables.uploads.get(id).cloned() else { return Ok(()) };
        record.outcome = outcome;
        self.put_upload(tables, record)?;
        remove(&self.upload_data(id))
    }

    pub(crate) fn lose_upload(&self, tables: &mut Tables, id: &str) -> io::Result<()> {
        // The id may be anything that a client sent: only one of ours becomes a path.
        if !tables.uploads.contains_key(id) {
            return Ok(());
        }
        remove(&self.record_path("uploads", id))?;
        remove(&self.upload_data(id))?;
        tables.uploads.remove(id);
        Ok(())
    }

    /// Forgets everything, on disk too.
    pub(crate) fn clear(&self, tables: &mut Tables) -> io::Result<()> {
        *tables = Tables::default();
        for table in TABLES {
            for entry in fs::read_dir(self.dir.join(table))? {
                remove(&entry?.path())?;
            }
        }
        Ok(())
    }

    fn record_path(&self, table: &str, id: &str) -> PathBuf {
        self.dir.join(table).join(format!("{id}.json"))
    }

    /// Reads all records and ends what a killed process left half done.
    fn recover(&self) -> io::Result<()> {
        let mut tables = self.tables();
        tables.uploads = read_table(&self.dir.join("uploads"), |record: &UploadRecord| &record.id)?;
        tables.files = read_table(&self.dir.join("files"), |record: &FileRecord| &record.id)?;
        let jobs = read_table(&self.dir.join("jobs"), |record: &JobRecord| &record.id)?;
        tables.jobs = jobs.into_values().collect();
        let finals: Vec<(String, FileRecord)> = tables
            .uploads
            .values()
            .filter_map(|upload| match &upload.outcome {
                UploadOutcome::Final(file) => Some((upload.id.clone(), file.clone())),
                _ => None,
            })
            .collect();
        for (upload_id, file) in finals {
            if tables.files.contains_key(&file.id) {
                continue;
            }
            if self.upload_data(&upload_id).exists() {
                self.adopt(&upload_id, &file)?;
            } else if self.file_data(&file.id).exists() {
                write_json(&self.record_path("files", &file.id), &file)?;
            } else {
                continue;
            }
            tables.files.insert(file.id.clone(), file);
        }
        let gone: Vec<String> =
            tables.files.keys().filter(|id| !self.file_data(id).exists()).cloned().collect();
        for id in gone {
            self.delete_file(&mut tables, &id)?;
        }
        self.sweep_results(&tables)
    }

    /// Removes results whose create was never recorded, and rows that need no answers any more.
    fn sweep_results(&self, tables: &Tables) -> io::Result<()> {
        for entry in fs::read_dir(self.dir.join("jobs"))? {
            let path = entry?.path();
            let id = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
            let job = tables.jobs.get(id).filter(|job| job.deleted.is_none());
            let wanted = match path.extension().and_then(|end| end.to_str()) {
                Some("data") => job.is_some(),
                Some("input" | "part") => job.is_some_and(JobRecord::is_open),
                _ => true,
            };
            if !wanted {
                remove(&path)?;
            }
        }
        Ok(())
    }
}

fn read_table<T: DeserializeOwned>(
    dir: &Path,
    id: impl Fn(&T) -> &String,
) -> io::Result<BTreeMap<String, T>> {
    let mut table = BTreeMap::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => {
                let record: T = serde_json::from_slice(&fs::read(&path)?)
                    .map_err(|error| io::Error::other(format!("{}: {error}", path.display())))?;
                table.insert(id(&record).clone(), record);
            }
            Some("tmp") => remove(&path)?,
            _ => {}
        }
    }
    Ok(table)
}

/// Replaces a file by the JSON of `value`, whole or not at all.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> io::Result<()> {
    let temporary = path.with_extension("json.tmp");
    fs::write(&temporary, serde_json::to_vec(value)?)?;
    fs::rename(&temporary, path)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

pub(crate) fn private_dirs() -> fs::DirBuilder {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Stamp;

    fn upload(id: &str) -> UploadRecord {
        UploadRecord {
            id: id.into(),
            file_id: None,
            display_name: None,
            mime_type: "application/json".into(),
            declared_size: None,
            started: Stamp(1),
            outcome: UploadOutcome::Active,
        }
    }

    fn file(id: &str) -> FileRecord {
        FileRecord {
            id: id.into(),
            display_name: None,
            mime_type: "application/json".into(),
            size: 3,
            sha256: "00".into(),
            created: Stamp(1),
        }
    }

    #[test]
    fn a_finalize_cut_short_is_ended_on_the_next_start() {
        for renamed in [false, true] {
            let dir = tempfile::tempdir().unwrap();
            {
                let store = Store::open(Some(dir.path())).unwrap();
                let data = if renamed { store.file_data("f") } else { store.upload_data("u") };
                fs::write(data, b"abc").unwrap();
                let mut record = upload("u");
                record.outcome = UploadOutcome::Final(file("f"));
                store.put_upload(&mut store.tables(), record).unwrap();
            }
            let store = Store::open(Some(dir.path())).unwrap();
            assert_eq!(store.tables().files["f"], file("f"));
            assert_eq!(fs::read(store.file_data("f")).unwrap(), b"abc");
        }
    }

    #[test]
    fn a_deleted_file_does_not_come_back() {
        let dir = tempfile::tempdir().unwrap();
        {
            let store = Store::open(Some(dir.path())).unwrap();
            fs::write(store.upload_data("u"), b"abc").unwrap();
            let mut tables = store.tables();
            store.finalize(&mut tables, upload("u"), file("f")).unwrap();
            store.delete_file(&mut tables, "f").unwrap();
        }
        assert!(Store::open(Some(dir.path())).unwrap().tables().files.is_empty());
    }

    #[test]
    fn one_folder_serves_one_emulator_and_a_lent_one_goes_away() {
        let dir = tempfile::tempdir().unwrap();
        let first = Store::open(Some(dir.path())).unwrap();
        assert!(matches!(Store::open(Some(dir.path())), Err(OpenError::Locked)));
        drop(first);
        Store::open(Some(dir.path())).unwrap();
        let lent = Store::open(None).unwrap();
        let path = lent.dir.clone();
        assert!(path.exists());
        drop(lent);
        assert!(!path.exists());
    }
}
