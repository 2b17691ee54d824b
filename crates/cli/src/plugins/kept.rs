//! What a run keeps of its scorers: where their files lie, what they were, and a seal of whoever made the run.

use std::io::Write as _;
use std::path::PathBuf;

use eval_report::{sanitize, written};
use run_store::{RunFolder, RunPaths};
use scoring::Scorer;
use serde::{Deserialize, Serialize};

use super::Origin;
use super::seal::Sealer;
use crate::context::{Context, store};
use crate::exit::{Exit, Failure, Outcome};
use crate::expected;
use crate::grading::kept_files;
use crate::judge;

const VERSION: u32 = 1;

/// `input/scorers.json`.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    v: u32,
    /// The folder that the user stood in, from which relative paths are taken.
    folder: PathBuf,
    scorers: Vec<Identity>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    seal: Option<String>,
}

/// What a scorer was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) fingerprint: String,
}

impl Identity {
    pub(crate) fn of(scorer: &dyn Scorer) -> Self {
        Self {
            name: scorer.name().to_owned(),
            version: scorer.version().into_owned(),
            fingerprint: scoring::fingerprint(scorer),
        }
    }

    /// What its verdicts are kept under: its name, and of a judge also what it is asked, for names do not say that.
    pub(crate) fn mark(&self) -> String {
        let Self { name, version, .. } = self;
        // What follows says where its expected values are from: the run keeps it without.
        let own = version.split('@').next().unwrap_or_default();
        if name.contains("judge:") { format!("{name} {own}") } else { name.clone() }
    }
}

/// What scorers are.
pub(crate) fn identities(scorers: &[Box<dyn Scorer>]) -> Vec<Identity> {
    scorers.iter().map(|scorer| Identity::of(scorer.as_ref())).collect()
}

fn path(paths: &RunPaths) -> PathBuf {
    paths.root().join("input").join("scorers.json")
}

/// What is sealed: the run, its scorers' texts, and where their files are taken from.
fn sealed(tag: &str, texts: &[String], folder: &std::path::Path) -> String {
    serde_json::json!([tag, texts, folder]).to_string()
}

/// Keeps what the scorers of a run are that the user asks for.
pub(crate) fn keep(
    paths: &RunPaths,
    tag: &str,
    texts: &[String],
    scorers: &[Identity],
) -> Outcome<()> {
    let failed = |error: std::io::Error| Failure::io("failed to keep what the scorers are", &error);
    let folder = std::env::current_dir().map_err(failed)?;
    // Without programs there is nothing to trust in.
    let starts = texts.iter().any(|text| text.contains("exec:") || text.contains("python:"));
    let sealer = if starts { Sealer::own() } else { None };
    let seal = sealer.map(|sealer| sealer.seal(&sealed(tag, texts, &folder)));
    let kept = Kept { v: VERSION, folder, scorers: scorers.to_vec(), seal };
    let mut file = paths.create_file(&path(paths)).map_err(|error| store(&error))?;
    file.write_all(&json(&kept)?).map_err(failed)?;
    file.commit().map_err(|error| store(&error))
}

fn json(kept: &Kept) -> Outcome<Vec<u8>> {
    serde_json::to_vec_pretty(kept).map_err(|error| Failure::of(Exit::Bug, &error))
}

/// Remembers what changed programs are now that the user said that the change is meant, so that they say it once.
fn confirm(
    context: &Context,
    folder: &RunFolder,
    kept: Kept,
    scorers: &[Box<dyn Scorer>],
) -> Outcome<()> {
    let now = identities(scorers);
    let current = |before: &Identity| now.iter().find(|now| is_changed(before, now)).cloned();
    if !kept.scorers.iter().any(|before| current(before).is_some()) {
        return Ok(());
    }
    let confirmed = kept.scorers.iter().map(|before| current(before).unwrap_or(before.clone()));
    let kept = Kept { scorers: confirmed.collect(), ..kept };
    let json = json(&kept)?;
    judge::keep_file(context, folder, &path(folder.paths()), |file| file.write_all(&json)).map(drop)
}

/// The same for scorers that the user named on the command line, where that means the files that the run means.
pub(crate) fn confirm_named(
    context: &Context,
    folder: &RunFolder,
    scorers: &[Box<dyn Scorer>],
) -> Outcome<()> {
    match read(folder)? {
        Some(kept) if std::env::current_dir().is_ok_and(|here| here == kept.folder) => {
            confirm(context, folder, kept, scorers)
        }
        _ => Ok(()),
    }
}

fn read(folder: &RunFolder) -> Outcome<Option<Kept>> {
    let path = path(folder.paths());
    if !path.is_file() {
        // Made by a version that kept nothing.
        return Ok(None);
    }
    let file = folder.paths().open_file(&path).map_err(|error| store(&error))?;
    serde_json::from_reader(std::io::BufReader::new(file)).map(Some).map_err(|error| {
        Failure::new(Exit::RunFolder, format!("{} is damaged: {error}", path.display()))
    })
}

/// The scorers of a run, given its expected values.
pub(crate) fn of_run(context: &Context, folder: &RunFolder) -> Outcome<Vec<Box<dyn Scorer>>> {
    let scorers = of_run_unfed(context, folder)?;
    expected::given_of_run(context, folder, scorers, None)
}

/// Whether these are the scorers that a run was made with. A file that has changed since makes no other scorer; a judge
/// that is asked something else is one.
pub(crate) fn are_of_run(folder: &RunFolder, scorers: &[Box<dyn Scorer>]) -> Outcome<bool> {
    let Some(kept) = read(folder)? else {
        let texts = &folder.manifest().asked.scorers;
        return Ok(texts.iter().eq(scorers.iter().map(|scorer| scorer.name())));
    };
    Ok(kept.scorers.iter().map(Identity::mark).eq(marks(scorers)))
}

/// What the verdicts of scorers are kept under.
pub(crate) fn marks(scorers: &[Box<dyn Scorer>]) -> Vec<String> {
    scorers.iter().map(|scorer| Identity::of(scorer.as_ref()).mark()).collect()
}

/// What the scorers of a run are, as it keeps them, with none of them started.
pub(crate) fn identities_of_run(folder: &RunFolder) -> Outcome<Vec<Identity>> {
    if let Some(kept) = read(folder)? {
        return Ok(kept.scorers);
    }
    let of = |name: &String| Identity {
        name: name.clone(),
        version: String::new(),
        fingerprint: String::new(),
    };
    Ok(folder.manifest().asked.scorers.iter().map(of).collect())
}

/// The scorers of a run, built from the texts that its folder names. Programs are started only if this user made the
/// run or says so; one that has changed since is refused until they say so, and other changes are told.
pub(crate) fn of_run_unfed(context: &Context, folder: &RunFolder) -> Outcome<Vec<Box<dyn Scorer>>> {
    let manifest = folder.manifest();
    let texts = &manifest.asked.scorers;
    let kept = read(folder)?;
    let is_own = kept.as_ref().is_some_and(|kept| {
        let text = sealed(manifest.tag.as_str(), texts, &kept.folder);
        let own = Sealer::known().map(|sealer| sealer.seal(&text));
        own.is_some() && own == kept.seal
    });
    let trusted = is_own || context.trust_plugins;
    let shown = || folder.paths().root().display().to_string();
    let origin = Origin {
        // Of a folder that was moved here from elsewhere nothing else is known than where the user stands.
        folder: kept.as_ref().map(|kept| kept.folder.clone()).filter(|folder| folder.is_dir()),
        distrusted: (!trusted).then(shown),
        files: Some(kept_files(folder)?),
    };
    let scorers = context.scorers_from(texts, &origin)?;
    for (before, scorer) in kept.iter().flat_map(|kept| &kept.scorers).zip(&scorers) {
        let now = Identity::of(scorer.as_ref());
        if is_changed(before, &now) && !context.trust_plugins {
            return Err(changed(folder, &now));
        }
        if *before != now {
            context.ui.alarm(&format!(
                "note       scorer {} is not what the run was made with: it was {}, and is {}",
                sanitize(&written(&now.name)),
                sanitize(&before.version),
                sanitize(&now.version)
            ));
        }
    }
    if let Some(kept) = kept.filter(|_| context.trust_plugins) {
        confirm(context, folder, kept, &scorers)?;
    }
    Ok(scorers)
}

/// Whether a program is another one now: its files were changed, or it says so itself.
fn is_changed(before: &Identity, now: &Identity) -> bool {
    let starts = ["exec:", "python:"].iter().any(|kind| now.name.contains(kind));
    starts && before.name == now.name && before.version != now.version
}

/// A changed scorer judges by other rules than were asked for: a person says that it is meant.
fn changed(folder: &RunFolder, now: &Identity) -> Failure {
    let run = folder.manifest().name.as_str();
    let name = written(&now.name);
    let name = sanitize(&name);
    let what = format!("scorer {name} was changed after the run was made");
    Failure::new(Exit::Scorer, what)
        .safe("nothing was scored by it, and what was fetched is kept")
        .next(format!(
            "if the change is meant: `batch-eval score {run} --scorer '{name}'`, or the same command with \
             --trust-plugins; else bring its file back"
        ))
}
