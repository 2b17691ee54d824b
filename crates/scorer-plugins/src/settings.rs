//! How plugins are run: what they may take, what they may see, who hears of their troubles.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What happens in a plugin's processes, to be shown. Texts are as the plugin wrote them: sanitise them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PluginEvent<'a> {
    /// A line that it wrote to its standard error.
    Stderr(&'a str),
    /// A process broke down and is replaced; the rows it had not answered are asked again, one at a time.
    Restarted {
        /// What was wrong.
        why: &'a str,
    },
    /// A row that broke a process down though it was asked alone, and is unscorable.
    RowLost {
        /// The number of the row.
        number: u64,
        /// What was wrong.
        why: &'a str,
    },
}

/// Whoever is told of [`PluginEvent`]s, from any thread.
pub type Observer = Arc<dyn Fn(&PluginEvent<'_>) + Send + Sync>;

/// How plugins are run.
#[derive(Clone)]
#[non_exhaustive]
pub struct Settings {
    /// How long a process may take to start and say hello, 5 s; one that loads a file in Python first has at least the
    /// time of a row.
    pub start_limit: Duration,
    /// How long a row may take: a process that says nothing for so long is replaced; 30 s.
    pub row_limit: Duration,
    /// How long a process may take to end once its input is closed; 10 s.
    pub end_limit: Duration,
    /// How many processes work at a time; as many as there are cores, at most four.
    pub workers: NonZeroUsize,
    /// How often processes may be replaced, and once more for every hundred rows that were answered; 10.
    pub restarts: u64,
    /// How many bytes of memory a process may have, 4 GiB; only on Linux.
    pub memory: u64,
    /// The environment of the processes; nothing by default but `BATCH_EVAL_SCORER=1`.
    pub environment: Vec<(OsString, OsString)>,
    /// The folder that processes work in, from which relative paths in their commands are taken; that of this process
    /// where it is `None`.
    pub folder: Option<PathBuf>,
    /// The program that runs Python; `python3`.
    pub python: OsString,
    /// Who is told of troubles; nobody.
    pub observer: Observer,
}

impl Default for Settings {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let four = NonZeroUsize::MIN.saturating_add(3);
        Self {
            start_limit: Duration::from_secs(5),
            row_limit: Duration::from_secs(30),
            end_limit: Duration::from_secs(10),
            workers: cores.min(four),
            restarts: 10,
            memory: 4 << 30,
            environment: Vec::new(),
            folder: None,
            python: "python3".into(),
            observer: Arc::new(|_| {}),
        }
    }
}

impl Settings {
    /// The same with the part of an environment that plugins may see: `PATH`, `HOME` and `LANG`, and no secret.
    ///
    /// ```
    /// use scorer_plugins::Settings;
    /// let all = [("PATH", "/bin"), ("GEMINI_API_KEY", "secret")].map(|(name, value)| (name.into(), value.into()));
    /// let settings = Settings::default().allowed_of(all);
    /// assert_eq!(settings.environment, [("PATH".into(), "/bin".into())]);
    /// ```
    #[must_use]
    pub fn allowed_of(self, all: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let allowed = |name: &OsString| ["PATH", "HOME", "LANG"].iter().any(|one| name == one);
        let environment = all.into_iter().filter(|(name, _)| allowed(name)).collect();
        Self { environment, ..self }
    }

    /// The program of a command: a path is taken from the folder, a name is looked for by the system.
    pub(crate) fn program(&self, word: &OsStr) -> PathBuf {
        let program = Path::new(word);
        match &self.folder {
            Some(folder) if program.components().count() > 1 => folder.join(program),
            _ => program.to_owned(),
        }
    }

    /// Where a file lies that a word of a command may mean.
    pub(crate) fn file(&self, word: &OsStr) -> PathBuf {
        self.folder.as_ref().map_or_else(|| word.into(), |folder| folder.join(word))
    }

    /// Where the system finds a program that is only named.
    pub(crate) fn in_path(&self, name: &OsStr) -> Option<PathBuf> {
        let (_, path) = self.environment.iter().find(|(variable, _)| variable == "PATH")?;
        std::env::split_paths(path).map(|folder| folder.join(name)).find(|path| path.is_file())
    }

    pub(crate) fn tell(&self, event: PluginEvent<'_>) {
        tracing::debug!(target: "pass", ?event, "plugin");
        (self.observer)(&event);
    }
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.environment.iter().map(|(name, _)| name).collect();
        f.debug_struct("Settings")
            .field("start_limit", &self.start_limit)
            .field("row_limit", &self.row_limit)
            .field("end_limit", &self.end_limit)
            .field("workers", &self.workers)
            .field("restarts", &self.restarts)
            .field("memory", &self.memory)
            .field("environment", &names)
            .field("folder", &self.folder)
            .field("python", &self.python)
            .finish_non_exhaustive()
    }
}
