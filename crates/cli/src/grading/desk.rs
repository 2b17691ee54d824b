//! The judges of the scorers that were last built: what they are, where their verdicts are laid, what files they read.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use batch_backend::ModelId;
use eval_report::sanitize;
use model_judge::{JudgeScorer, JudgeSpec, Kind, Seat, Side};
use run_store::{Asked, RunFolder, RunPaths};
use scoring::{Registry, Scorer, SpecError};

use crate::context::store;
use crate::exit::{Exit, Failure, Outcome};
use crate::judge::titles;
use crate::plugins::Origin;

/// The word before the colon of a judge.
pub(crate) const KIND: &str = "judge";

/// A longer rubric or template is none.
const LONGEST: u64 = 1 << 20;

/// The texts of files that judges were made with, by the paths in their texts.
pub(crate) type Files = BTreeMap<String, String>;

/// The judges of the scorers that were last built.
#[derive(Debug, Default)]
pub(crate) struct Desk(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    judges: Vec<Judge>,
    files: Files,
}

/// A judge, and where its verdicts are laid.
#[derive(Debug, Clone)]
pub(crate) struct Judge {
    pub(crate) spec: JudgeSpec,
    pub(crate) seat: Seat,
}

impl Desk {
    /// Forgets the judges of earlier scorers.
    pub(crate) fn clear(&self) {
        *self.inner() = Inner::default();
    }

    /// The judges, each once.
    pub(crate) fn judges(&self) -> Vec<Judge> {
        self.inner().judges.clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inner().judges.is_empty()
    }

    /// The scorer that a text beginning with `judge:` names; it stands at `at` in `text`.
    pub(crate) fn scorer(
        &self,
        text: &str,
        at: &Range<usize>,
        origin: &Origin,
    ) -> Result<Box<dyn Scorer>, SpecError> {
        let own = text.get(at.clone()).unwrap_or_default();
        let start = own.find(':').map_or(own.len(), |colon| colon + 1);
        let (spec, files) =
            parse(&own[start..], origin).map_err(|error| error.within(text, at.start + start))?;
        let print = spec.fingerprint();
        let mut inner = self.inner();
        inner.files.extend(files);
        let known = inner.judges.iter().find(|judge| judge.spec.fingerprint() == print);
        let seat = known.map(|judge| judge.seat.clone());
        let seat = seat.unwrap_or_else(|| {
            let seat = Seat::default();
            inner.judges.push(Judge { spec: spec.clone(), seat: seat.clone() });
            seat
        });
        Ok(Box::new(JudgeScorer::new(&spec.name, &print, seat)))
    }

    /// Finds out whether every judge can be asked about a run, before anything is paid; `emulator` says that its being
    /// emulated was asked for.
    pub(crate) fn check(&self, asked: &Asked, emulator: bool) -> Outcome<()> {
        let Asked { models, variants, .. } = asked;
        let titles = titles(models, variants);
        for Judge { spec, .. } in self.judges() {
            ModelId::parse(&spec.model)
                .map_err(|error| Failure::usage(format!("{}: {error}", spec.name)))?;
            // Made-up figures never stand under a real model's name by accident.
            if asked.emulated && !emulator && !spec.model.starts_with("sim-") {
                let what =
                    format!("{} names a model of the service, and the run is emulated", spec.name);
                return Err(
                    Failure::usage(what).next("--emulator for made-up answers of it, or a key")
                );
            }
            if let (Kind::Pairwise, Side::Column(title)) = (&spec.kind, &spec.against)
                && !titles.contains(title)
            {
                return Err(no_column(&spec, title, &titles));
            }
        }
        Ok(())
    }

    /// Which files of the judges are not what they were when the run was made, in words.
    pub(crate) fn differs(&self, folder: &RunFolder) -> Outcome<Vec<String>> {
        let kept = kept_files(folder)?;
        let inner = self.inner();
        let changed = inner.files.iter().filter(|(path, text)| kept.get(*path) != Some(*text));
        Ok(changed.map(|(path, _)| format!("{} has changed", sanitize(path))).collect())
    }

    /// Keeps the texts of the files that the judges of a new run were made with: whatever becomes of the files, the
    /// run goes on asking what it began to ask.
    pub(crate) fn keep_files(&self, paths: &RunPaths) -> Outcome<()> {
        let inner = self.inner();
        if inner.files.is_empty() {
            return Ok(());
        }
        let json =
            serde_json::to_vec(&inner.files).map_err(|error| Failure::of(Exit::Bug, &error))?;
        let failed = |error| Failure::io("failed to keep the files of the judges", &error);
        let mut file = paths.create_file(&kept(paths)).map_err(|error| store(&error))?;
        file.write_all(&json).map_err(failed)?;
        file.commit().map_err(|error| store(&error))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pairwise judge that compares with a column that there is not.
pub(super) fn no_column(spec: &JudgeSpec, title: &str, titles: &[String]) -> Failure {
    let titles = titles.iter().filter(|title| *title != "logged").map(|title| sanitize(title));
    let names: Vec<_> = std::iter::once("logged".into()).chain(titles).collect();
    Failure::usage(format!("{}: the run has no column {}", spec.name, sanitize(title)))
        .next(format!("against is one of: {}", names.join(", ")))
}

fn kept(paths: &RunPaths) -> PathBuf {
    paths.root().join("input").join("judges.json")
}

/// The texts of the files that the judges of a run were made with.
pub(crate) fn kept_files(folder: &RunFolder) -> Outcome<Files> {
    let path = kept(folder.paths());
    if !path.is_file() {
        return Ok(Files::new());
    }
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    serde_json::from_reader(std::io::BufReader::new(file)).map_err(|error| {
        Failure::new(Exit::RunFolder, format!("{} is damaged: {error}", path.display()))
    })
}

/// The judge that a text without its `judge:` names, and the files that it read.
fn parse(text: &str, origin: &Origin) -> Result<(JudgeSpec, Files), SpecError> {
    let found = Arc::new(Mutex::new(None));
    let files = Arc::new(Mutex::new(Files::new()));
    let mut registry = Registry::empty();
    for word in ["rubric", "pairwise", "factuality"] {
        let (found, files, origin) = (Arc::clone(&found), Arc::clone(&files), origin.clone());
        let registered = registry.register(word, "", move |params| {
            let read = |path: &str| {
                let text = read(path, &origin)?;
                lock(&files).insert(path.to_owned(), text.clone());
                Ok(text)
            };
            let spec = JudgeSpec::of(word, params, &read)?;
            let scorer = JudgeScorer::new(&spec.name, "", Seat::default());
            *lock(&found) = Some(spec);
            Ok(Box::new(scorer))
        });
        // The three words are names, and they differ.
        debug_assert!(registered.is_ok());
    }
    let built = registry.build(text)?;
    let not_one = || {
        SpecError::new(text, 0..text.len(), "a judge is rubric(…), pairwise(…) or factuality(…)")
    };
    let spec = lock(&found).take();
    // Around a judge stands what combines scorers, not within it.
    let spec = spec.filter(|spec| spec.name == built.name()).ok_or_else(not_one)?;
    let files = std::mem::take(&mut *lock(&files));
    Ok((spec, files))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The text of a rubric or a template: of a run the one it was made with, for a folder that names a file may be
/// anybody's, and what it names would be sent.
fn read(path: &str, origin: &Origin) -> Result<String, String> {
    let shown = sanitize(path).into_owned();
    if let Some(files) = &origin.files {
        let kept = files.get(path).cloned();
        return kept.ok_or_else(|| format!("the run keeps no copy of {shown}"));
    }
    let place = origin.folder.as_deref().unwrap_or(Path::new("")).join(path);
    let failed = |error: std::io::Error| format!("failed to read {shown}: {error}");
    let mut text = String::new();
    let file = std::fs::File::open(place).map_err(failed)?;
    let length = file.take(LONGEST + 1).read_to_string(&mut text).map_err(failed)?;
    if length as u64 > LONGEST {
        return Err(format!("{shown} is longer than 1 MiB"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(files: &[(&str, &str)]) -> Origin {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        Origin { files: Some(files.collect()), ..Origin::default() }
    }

    #[test]
    fn judges_are_found_once_whatever_they_stand_in() {
        let desk = Desk::default();
        let text = r#"not(judge:rubric(model="m", file="r.txt"))"#;
        let at = 4..text.len() - 1;
        let scorer = desk.scorer(text, &at, &origin(&[("r.txt", "Be kind.")])).unwrap();
        assert_eq!(scorer.name(), "judge:rubric");
        desk.scorer(text, &at, &origin(&[("r.txt", "Be kind.")])).unwrap();
        assert_eq!(desk.judges().len(), 1);
        assert_eq!(desk.judges()[0].spec.rubric, "Be kind.");
        desk.clear();
        assert!(desk.is_empty());
    }

    #[test]
    fn what_is_wrong_is_pointed_at_and_a_run_reads_no_file_but_its_own() {
        let desk = Desk::default();
        let fails = |text: &str| desk.scorer(text, &(0..text.len()), &origin(&[])).unwrap_err();
        let error = fails(r#"judge:rubric(model="m", scale="x")"#);
        assert_eq!(error.caret().lines().nth(1), Some("                        ^^^^^^^^^"));
        assert_eq!(fails("judge:rubrik(model=1)").hint(), Some("did you mean `rubric`?"));
        let error = fails(r#"judge:rubric(model="m", file="/etc/hostname")"#);
        assert_eq!(error.to_string(), "the run keeps no copy of /etc/hostname");
        assert_eq!(
            fails("judge:not(rubric:model=m)").to_string(),
            "a judge is rubric(…), pairwise(…) or factuality(…)"
        );
    }
}
