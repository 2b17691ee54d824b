//! Cuts a damaged journal back to what can still be trusted.

use std::fs;
use std::io::Read as _;
use std::time::SystemTime;

use batch_orchestrator::{Event, IllegalEvent, RunState};

use crate::record::Record;
use crate::replay::{Scan, scan_into};
use crate::{Lock, Repair, Replay, RunFolder, StoreError, atomic_write, safe};

impl RunFolder {
    /// Cuts a damaged journal back to the line before the damage; the damaged file is kept beside
    /// it. `None` when there is nothing to mend.
    ///
    /// What the lines behind the damage told is forgotten, so each job that now seems never to have
    /// been sent is journalled as doubted: lists are asked for it before it is created.
    ///
    /// # Errors
    /// When `run.json` is damaged too, or the journal is newer than this program; I/O.
    pub fn repair(&self, lock: &Lock, at: SystemTime) -> Result<Option<Repair>, StoreError> {
        let path = self.paths().journal();
        if lock.paths() != self.paths() {
            return Err(safe::unsafe_to_use(&path, "another run was locked"));
        }
        let mut all = Vec::new();
        match self.paths().open_file(&path) {
            // A journal that is not there is one of which no line can be trusted.
            Err(error) if error.is_absence() => {}
            file => {
                file?.read_to_end(&mut all).map_err(StoreError::io("read", &path))?;
            }
        }
        let mut scan = Scan::start();
        match scan_into(&mut scan, self, &path, all.as_slice()) {
            Ok(()) => return Ok(None),
            Err(StoreError::Damaged { path: damaged, .. }) if damaged == path => {}
            Err(error) => return Err(error),
        }
        let good = usize::try_from(scan.whole).unwrap_or(all.len()).min(all.len());
        let seq = scan.chain.seq;
        let mut places = (0..).map(|nth| self.paths().damaged(seq, nth));
        let kept = places.find(|place| fs::symlink_metadata(place).is_err()).unwrap_or_default();
        atomic_write(&kept, &all)?;
        let kept_as = kept.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let repair = Repair { seq, bytes: (all.len() - good) as u64, kept_as };
        let wrong = |what: String| StoreError::damaged(&path, what);
        let mut mended = all[..good].to_vec();
        let mut chain = scan.chain;
        if mended.is_empty() {
            let record = self.first_record();
            let (line, next) = chain.write(self.manifest().created, &record).map_err(wrong)?;
            mended.extend(line.into_bytes());
            chain = next;
        }
        let cut = Record::TailCut {
            at: repair.seq,
            bytes: repair.bytes,
            kept_as: repair.kept_as.clone(),
        };
        let mut lines = vec![cut];
        // In the same write: a mended journal must not be taken for one that tells all.
        for event in self.doubts(&scan.replay)? {
            lines.push(Record::of(&event).map_err(wrong)?);
        }
        for record in lines {
            let (line, next) = chain.write(at, &record).map_err(wrong)?;
            mended.extend(line.into_bytes());
            chain = next;
        }
        atomic_write(&path, &mended)?;
        tracing::debug!(target: "run", seq, bytes = repair.bytes, "damaged journal cut back");
        Ok(Some(repair))
    }

    /// What puts every job in doubt that seems never to have been sent by what is left of a journal.
    fn doubts(&self, replay: &Replay) -> Result<Vec<Event>, StoreError> {
        let state = RunState::replay(&self.plan()?, replay.events());
        let illegal =
            |error: IllegalEvent| StoreError::damaged(&self.paths().journal(), error.to_string());
        Ok(state.map_err(illegal)?.doubts())
    }

    /// What every journal of this run begins with.
    fn first_record(&self) -> Record {
        Record::RunCreated {
            tag: self.manifest().tag.as_str().to_owned(),
            manifest_sha256: self.digest().to_owned(),
        }
    }
}
