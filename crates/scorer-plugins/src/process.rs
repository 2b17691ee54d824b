//! A scorer that lives in processes of its own, as a `Scorer` that prefers batches.

use std::borrow::Cow;
use std::ffi::OsString;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use scoring::{Needs, Row, Scorer, ScorerError, SpecError, Verdict};

use crate::protocol::Hello;
use crate::worker::{Shared, Worker};
use crate::{PluginError, Settings, contents, name, words};

/// Fewer rows are not worth a second process.
const FEWEST: usize = 8;
/// More rows at a time would leave some processes idle at the end of a batch.
const MOST: usize = 256;

/// A command to be started as a scorer, checked as far as it can be without starting it.
///
/// ```
/// use scorer_plugins::ProcessPlan;
/// let plan = ProcessPlan::exec("node 'my scorer.js'", 0)?;
/// assert_eq!(plan.words(), ["node", "my scorer.js"]);
/// # Ok::<(), scoring::SpecError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProcessPlan {
    name: String,
    words: Vec<OsString>,
    /// Whether the first word is to be replaced by the Python of the settings.
    is_python: bool,
}

/// What a scorer is called that says nothing of its version.
const NO_VERSION: &str = "0";

impl ProcessPlan {
    /// A program in any language that speaks the protocol: the command is what stands in `text` from byte `from` on.
    ///
    /// It is split into words as by a shell, but no shell runs it.
    ///
    /// # Errors
    /// [`SpecError`] with the place: no command, or a quote that is never closed.
    pub fn exec(text: &str, from: usize) -> Result<Self, SpecError> {
        let words = words::split(text, from)?;
        let name = name::of("exec", text.get(from..).unwrap_or_default());
        Ok(Self { name, words: words.into_iter().map(OsString::from).collect(), is_python: false })
    }

    pub(crate) fn python(name: String, words: Vec<OsString>) -> Self {
        Self { name, words, is_python: true }
    }

    /// The name of the scorer that this will be.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The program and its arguments.
    pub fn words(&self) -> &[OsString] {
        &self.words
    }

    pub(crate) fn share(self, mut settings: Settings) -> Shared {
        let Self { name, mut words, is_python } = self;
        if is_python && let Some(first) = words.first_mut() {
            first.clone_from(&settings.python);
            // What the file imports is loaded before the hello.
            settings.start_limit = settings.start_limit.max(settings.row_limit);
        }
        Shared::new(name, words, settings)
    }

    /// Starts one process and exchanges hellos; others are started when there is work for them.
    ///
    /// # Errors
    /// [`PluginError`]: the program cannot be started, or does not say hello, or says that it cannot work.
    pub fn start(self, settings: Settings) -> Result<ProcessScorer, PluginError> {
        let shared = Arc::new(self.share(settings));
        let contents = contents::digest(&shared.words, &shared.settings);
        let (child, hello) = shared.start()?;
        let mut workers = vec![Worker::new(shared.clone(), hello.clone(), Some(child))];
        for _ in 1..shared.settings.workers.get() {
            workers.push(Worker::new(shared.clone(), hello.clone(), None));
        }
        let version = version(&hello, contents.as_deref());
        Ok(ProcessScorer { shared, hello, version, workers: Mutex::new(workers) })
    }
}

/// A scorer that lives in processes of its own.
///
/// A process that crashes, hangs, writes what is no answer, or answers what was not asked is replaced, and the rows it
/// had not answered are asked again one at a time; the row that breaks it down alone is unscorable. All that is told to
/// the observer in the [`Settings`].
#[derive(Debug)]
pub struct ProcessScorer {
    shared: Arc<Shared>,
    hello: Hello,
    version: String,
    workers: Mutex<Vec<Worker>>,
}

/// Its own version, and what its files are, as build metadata is written: `3.11.4+1f9c03ab2d45`.
fn version(hello: &Hello, contents: Option<&str>) -> String {
    let own = if hello.version.is_empty() { NO_VERSION } else { &hello.version };
    let digest = contents.and_then(|digest| digest.get(..12));
    digest.map_or_else(|| own.to_owned(), |digest| format!("{own}+{digest}"))
}

impl ProcessScorer {
    /// What the plugin says of itself.
    pub fn hello(&self) -> &Hello {
        &self.hello
    }

    fn judge(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, PluginError> {
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let many = workers.len();
        let piece = rows.len().div_ceil(2 * many).clamp(FEWEST, MOST);
        let pieces: Vec<&[Row<'_>]> = rows.chunks(piece).collect();
        if let [only] = pieces.as_slice()
            && let Some(worker) = workers.first_mut()
        {
            return worker.judge(only);
        }
        let next = AtomicUsize::new(0);
        let (done, judged) = channel();
        let work = |worker: &mut Worker, done: Sender<_>| {
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(rows) = pieces.get(at) else { return };
                let verdicts = worker.judge(rows);
                let failed = verdicts.is_err();
                // The receiver lives as long as this function.
                let _ = done.send((at, verdicts));
                if failed {
                    return;
                }
            }
        };
        std::thread::scope(|scope| {
            let mut workers = workers.iter_mut().take(pieces.len());
            let own = workers.next();
            for worker in workers {
                let done = done.clone();
                scope.spawn(|| work(worker, done));
            }
            if let Some(worker) = own {
                work(worker, done.clone());
            }
        });
        drop(done);
        let mut judged: Vec<_> = judged.into_iter().collect();
        judged.sort_by_key(|(at, _)| *at);
        let mut verdicts = Vec::with_capacity(rows.len());
        for (_, piece) in judged {
            verdicts.extend(piece?);
        }
        Ok(verdicts)
    }
}

impl Scorer for ProcessScorer {
    fn name(&self) -> &str {
        &self.shared.name
    }

    fn version(&self) -> Cow<'_, str> {
        Cow::Borrowed(&self.version)
    }

    fn needs(&self) -> Needs {
        self.hello.needs
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        match self.judge(std::slice::from_ref(row)) {
            Ok(mut verdicts) => verdicts.pop().unwrap_or(Verdict::Unscorable("no verdict".into())),
            Err(error) => Verdict::unscorable(error.to_string()),
        }
    }

    fn prefers_batches(&self) -> bool {
        true
    }

    fn score_all(&self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        self.judge(rows).map_err(|error| ScorerError::Failed {
            scorer: self.shared.name.clone(),
            source: Box::new(error),
        })
    }
}
