//! The emulator as a value: how to set it up, start it, look at it and stop it.

use std::hash::RandomState;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::answer::{self, Answerer, Answers, Judging};
use crate::clock::{Clock, ManualClock, ScaledClock, pause};
use crate::faults::Faults;
use crate::guard::Guard;
use crate::history::{History, Log};
use crate::limits::Limits;
use crate::script::{Script, ScriptError};
use crate::server;
use crate::shared::{Core, Settings};
use crate::store::{OpenError, Store};
use crate::upload::Sessions;
use crate::work::{self, Works};

/// A running emulator; it stops when dropped.
#[derive(Debug)]
pub struct Emulator {
    core: Arc<Core>,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
}

/// Why an emulator does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The address is not a loopback address and `allow_remote` was not given.
    #[error("{0} is not a loopback address, so the emulator would be open to others")]
    NotLoopback(SocketAddr),
    /// The time scale is not a number above zero.
    #[error("{0} is not a time scale above zero")]
    TimeScale(f64),
    /// A rate of the emulated judge is not between 0 and 1.
    #[error("{0} is not a share from 0 to 1")]
    Share(f64),
    /// The script asks for what cannot be, as one that is read from text may not either.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The address cannot be listened on.
    #[error("failed to listen on {address}")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The dataset to be replayed cannot be read, or is not JSONL.
    #[error("failed to read the replay dataset {path}")]
    Replay {
        /// The dataset.
        path: PathBuf,
        /// What is wrong with it, with its line if it is a line's fault.
        source: std::io::Error,
    },
    /// The upstream's settings do not go together.
    #[cfg(feature = "upstream")]
    #[error(transparent)]
    Upstream(#[from] crate::upstream::UpstreamError),
    /// Another emulator uses the state folder.
    #[error("the state folder {0} is in use by another emulator")]
    Locked(PathBuf),
    /// The state folder cannot be read or written.
    #[error("failed to open the state folder {path}")]
    State {
        /// The folder; empty for one that the emulator makes for itself.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Settings of an emulator that is yet to start.
#[derive(Debug, Clone)]
pub struct Builder {
    address: SocketAddr,
    allow_remote: bool,
    state_dir: Option<PathBuf>,
    time_scale: f64,
    clock: Option<ManualClock>,
    script: Script,
    settings: Settings,
    answers: Answers,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 0).into(),
            allow_remote: false,
            state_dir: None,
            time_scale: 1.0,
            clock: None,
            script: Script::default(),
            answers: Answers::default(),
            settings: Settings {
                seed: 1,
                pending: Duration::from_secs(10),
                running: Duration::from_secs(20),
                bad_keys: Vec::new(),
                models: vec!["sim-flash".into(), "sim-pro".into()],
                only_models: false,
                limits: Limits::default(),
                control: false,
                judging: Judging::default(),
            },
        }
    }
}

impl Builder {
    /// Listens on `address`; by default on a free port of 127.0.0.1.
    #[must_use]
    pub fn listen(self, address: SocketAddr) -> Self {
        Self { address, ..self }
    }

    /// Allows an address that others can reach, and any `Host`. The emulator checks no key for real,
    /// and with [`Builder::control`] others can reset it.
    #[must_use]
    pub fn allow_remote(self, allow_remote: bool) -> Self {
        Self { allow_remote, ..self }
    }

    /// Keeps everything in this folder, so that it outlives the process; by default a folder of
    /// its own goes away with the emulator.
    #[must_use]
    pub fn state_dir(self, state_dir: Option<PathBuf>) -> Self {
        Self { state_dir, ..self }
    }

    /// Lets `time_scale` emulated seconds pass in each real second; 1 by default.
    #[must_use]
    pub fn time_scale(self, time_scale: f64) -> Self {
        Self { time_scale, ..self }
    }

    /// Takes a clock that the caller moves by hand in place of the wall clock.
    #[must_use]
    pub fn clock(self, clock: ManualClock) -> Self {
        Self { clock: Some(clock), ..self }
    }

    /// Seeds the answers; the same seed, model and request give the same answer.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self
    }

    /// How long jobs are pending and then running, in emulated time; 10 s and 20 s by default.
    #[must_use]
    pub fn timings(mut self, pending: Duration, running: Duration) -> Self {
        self.settings.pending = pending;
        self.settings.running = running;
        self
    }

    /// Where answers come from; by default from rules.
    #[must_use]
    pub fn answers(self, answers: Answers) -> Self {
        Self { answers, ..self }
    }

    /// How the emulated judge errs, by the rules.
    #[must_use]
    pub fn judging(mut self, judging: Judging) -> Self {
        self.settings.judging = judging;
        self
    }

    /// Faults and plans.
    #[must_use]
    pub fn script(self, script: Script) -> Self {
        Self { script, ..self }
    }

    /// Answers `400 API_KEY_INVALID` to this key; any other key will do.
    #[must_use]
    pub fn bad_key(mut self, key: impl Into<String>) -> Self {
        self.settings.bad_keys.push(key.into());
        self
    }

    /// The models that are listed; others work all the same. With an upstream its own are listed,
    /// unless [`Builder::only_listed_models`] says otherwise.
    #[must_use]
    pub fn models<I: IntoIterator<Item = S>, S: Into<String>>(mut self, models: I) -> Self {
        self.settings.models = models.into_iter().map(Into::into).collect();
        self
    }

    /// Answers 404 to models that are not listed.
    #[must_use]
    pub fn only_listed_models(mut self, only: bool) -> Self {
        self.settings.only_models = only;
        self
    }

    /// What the service allows.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Serves the endpoints under `/__emulator/` (no key asked): the script in force and its
    /// replacement, the history, the clock, a reset. The README lists them.
    #[must_use]
    pub fn control(mut self, control: bool) -> Self {
        self.settings.control = control;
        self
    }

    /// Opens the state and listens.
    ///
    /// # Errors
    /// See [`StartError`]. A state folder that is still locked is waited for up to two seconds,
    /// for an emulator that has just been killed or dropped.
    pub async fn start(self) -> Result<Emulator, StartError> {
        if !self.allow_remote && !self.address.ip().is_loopback() {
            return Err(StartError::NotLoopback(self.address));
        }
        if !(self.time_scale.is_finite() && self.time_scale > 0.0) {
            return Err(StartError::TimeScale(self.time_scale));
        }
        self.script.check()?;
        if let Some(rate) = self.settings.judging.wrong() {
            return Err(StartError::Share(rate));
        }
        let failed = |source| StartError::Listen { address: self.address, source };
        let listener = TcpListener::bind(self.address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let store = open(self.state_dir.as_ref()).await?;
        let clock = if let Some(clock) = self.clock {
            Clock::Manual(clock)
        } else {
            let kept = self.state_dir.is_some().then(|| store.clock_file());
            Clock::Scaled(ScaledClock::start(self.time_scale, kept))
        };
        let answerer = answerer(self.answers, self.settings.seed, self.settings.judging).await?;
        let (stop, stopped) = watch::channel(false);
        let core = Arc::new(Core {
            answerer,
            works: Works::default(),
            stopped: stopped.clone(),
            store,
            clock,
            faults: Faults::new(self.script),
            log: Log::up_to(self.settings.limits.history_bytes),
            guard: Guard { local_only: address.ip().is_loopback() && !self.allow_remote },
            upload_chance: RandomState::new(),
            uploads_begun: AtomicU64::new(0),
            settings: self.settings,
            sessions: Sessions::default(),
            creating: Mutex::new(()),
        });
        if core.settings.control && !address.ip().is_loopback() {
            tracing::warn!(%address, "whoever reaches the emulator can reset it");
        }
        work::resume(&core);
        let server = tokio::spawn(server::run(Arc::clone(&core), listener, stopped));
        tracing::debug!(%address, "emulator started");
        Ok(Emulator { core, address, stop, server: Some(server) })
    }
}

async fn answerer(
    answers: Answers,
    seed: u64,
    judging: Judging,
) -> Result<Arc<dyn Answerer>, StartError> {
    let path = match &answers {
        Answers::Replay(path) => path.clone(),
        _ => PathBuf::new(),
    };
    // A dataset is read from end to end.
    let opened = tokio::task::spawn_blocking(move || answer::open(&answers, seed, judging)).await;
    opened.map_err(|lost| answer::OpenError::Replay(std::io::Error::other(lost))).flatten().map_err(
        |error| match error {
            answer::OpenError::Replay(source) => StartError::Replay { path, source },
            #[cfg(feature = "upstream")]
            answer::OpenError::Upstream(error) => StartError::Upstream(error),
        },
    )
}

async fn open(dir: Option<&PathBuf>) -> Result<Store, StartError> {
    const TRIES: u32 = 100;
    let path = dir.cloned().unwrap_or_default();
    for _ in 0..TRIES {
        match Store::open(dir.map(PathBuf::as_path)) {
            Ok(store) => return Ok(store),
            Err(OpenError::Locked) => pause(Duration::from_millis(20)).await,
            Err(OpenError::Io(source)) => return Err(StartError::State { path, source }),
        }
    }
    Err(StartError::Locked(path))
}

impl Emulator {
    /// An emulator's settings, to be changed and started.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it listens.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The base URL to give to a client, such as `http://127.0.0.1:4711`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it has seen so far.
    pub fn history(&self) -> History {
        self.core.history()
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// Stops listening, lets requests under way end for up to a second, and lets go of the state.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            // It ends by itself; a panic in it has been reported already.
            let _ = server.await;
        }
        self.core.store.let_go();
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}
