//! The service a run is sent to: the Gemini API at some address, or the emulator in this process.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use batch_backend::{BackendError, BatchBackend, ErrorKind};
use gemini_client::{ApiKey, ApiVersion, BaseUrl, Client, SetupError};
use gemini_emulator::{Emulator, StartError};
use run_store::{Backend, BackendKind, Manifest};

use crate::args::ServiceArgs;
use crate::context::Context;
use crate::exit::{Exit, Failure, Outcome};
use crate::key::{self, Key};

/// Emulated seconds per second inside this process: a job ends in a third of a second.
const EMULATED_SCALE: f64 = 100.0;
/// How often a job of the emulator in this process is looked at.
pub(crate) const EMULATED_POLL: Duration = Duration::from_millis(50);
/// How long a doubtful job of the emulator in this process is looked for: nothing of it is under
/// way once the process is gone.
pub(crate) const EMULATED_SETTLE: Duration = Duration::from_secs(2);

/// How long trouble with the emulator in this process is waited out: nothing mends it from outside.
pub(crate) const EMULATED_PATIENCE: Duration = Duration::from_secs(10);

/// A service ready to be called.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) backend: Arc<dyn BatchBackend>,
    /// Alive as long as it is called.
    _emulator: Option<Emulator>,
}

/// What the manifest says of the service that the flags name.
pub(crate) fn named(args: &ServiceArgs, emulated: bool) -> Outcome<Backend> {
    let version = match &args.api_version {
        Some(text) => ApiVersion::parse(text).map_err(|error| setup(&error))?,
        None => ApiVersion::default(),
    };
    let api_version = version.as_str().to_owned();
    if emulated {
        let base_url = "in this process".to_owned();
        return Ok(Backend { kind: BackendKind::Emulator, base_url, api_version });
    }
    let base = match &args.base_url {
        Some(text) => BaseUrl::parse(text).map_err(|error| setup(&error))?,
        None => BaseUrl::default(),
    };
    Ok(Backend { kind: BackendKind::Gemini, base_url: base.to_string(), api_version })
}

/// Makes the service of a run callable; the emulator keeps its state in `state`.
pub(crate) async fn open(backend: &Backend, key: Option<&Key>, state: &Path) -> Outcome<Service> {
    let version = ApiVersion::parse(&backend.api_version).map_err(|error| setup(&error))?;
    if backend.kind == BackendKind::Emulator {
        let emulator = Emulator::builder()
            .state_dir(Some(state.to_owned()))
            .time_scale(EMULATED_SCALE)
            .start()
            .await
            .map_err(|error| start(&error))?;
        let base = BaseUrl::parse(&emulator.base_url()).map_err(|error| setup(&error))?;
        let key = ApiKey::new("emulated").map_err(|error| setup(&error))?;
        let client = client(key, base, version)?;
        return Ok(Service { backend: Arc::new(client), _emulator: Some(emulator) });
    }
    let client = client_of(backend, key)?;
    Ok(Service { backend: Arc::new(client), _emulator: None })
}

/// Whether a service is neither Google's nor on this machine: it gets the key all the same.
pub(crate) fn is_elsewhere(backend: &Backend) -> bool {
    let is_known = |base: &BaseUrl| base.is_loopback() || *base == BaseUrl::default();
    backend.kind != BackendKind::Emulator
        && !BaseUrl::parse(&backend.base_url).is_ok_and(|base| is_known(&base))
}

/// Whether a run was made with this key, as far as its folder can prove that.
pub(crate) fn is_own(manifest: &Manifest, key: &Key) -> bool {
    let mark = key.mark(manifest.tag.as_str(), &manifest.asked.backend);
    manifest.asked.key_fingerprint.as_deref() == Some(mark.as_str())
}

/// Fails where only a run folder says that the key goes to some address: the folder may be anybody's.
pub(crate) fn trusted(context: &Context, manifest: &Manifest, key: Option<&Key>) -> Outcome<()> {
    let Some(key) = key.filter(|_| is_elsewhere(&manifest.asked.backend)) else { return Ok(()) };
    if is_own(manifest, key) || context.trust_plugins {
        return Ok(());
    }
    let base = eval_report::sanitize(&manifest.asked.backend.base_url).into_owned();
    let what = format!("only the run folder says that your key goes to {base}");
    Err(Failure::new(Exit::RunFolder, what)
        .safe("nothing was sent, and the key was shown to nobody")
        .next("the key that the run was made with; or, if you trust that address, --trust-folder"))
}

/// A client of a service outside of this process.
pub(crate) fn client_of(backend: &Backend, key: Option<&Key>) -> Outcome<Client> {
    let version = ApiVersion::parse(&backend.api_version).map_err(|error| setup(&error))?;
    let base = BaseUrl::parse(&backend.base_url).map_err(|error| setup(&error))?;
    let key = key.ok_or_else(key::missing)?;
    client(key.api(), base, version)
}

fn client(key: ApiKey, base: BaseUrl, version: ApiVersion) -> Outcome<Client> {
    Client::builder(key).base_url(base).version(version).build().map_err(|error| setup(&error))
}

fn setup(error: &SetupError) -> Failure {
    let exit = match error {
        SetupError::Key(_) => Exit::Key,
        _ => Exit::Usage,
    };
    Failure::of(exit, error).safe("nothing was sent")
}

/// An emulator that does not start, as a failure.
pub(crate) fn start(error: &StartError) -> Failure {
    let exit = match error {
        StartError::NotLoopback(_)
        | StartError::TimeScale(_)
        | StartError::Listen { .. }
        | StartError::Upstream(_) => Exit::Usage,
        StartError::Replay { .. } => Exit::Dataset,
        StartError::Locked(_) => Exit::RunFolder,
        _ => Exit::Io,
    };
    let failure = Failure::of(exit, error);
    match error {
        StartError::NotLoopback(_) => failure.next("--allow-remote, if others may use it"),
        StartError::Listen { .. } => failure.next("another --listen; port 0 takes a free one"),
        _ => failure,
    }
}

/// A call to the service that failed for good, as a failure.
pub(crate) fn call(error: &BackendError) -> Failure {
    let exit = match error.kind() {
        ErrorKind::Auth => Exit::Key,
        ErrorKind::Quota { .. } => Exit::Quota,
        ErrorKind::Transient { .. } => Exit::Network,
        ErrorKind::Local => Exit::Io,
        _ => Exit::Verification,
    };
    let mut failure = Failure::of(exit, error);
    failure.what = eval_report::sanitize(&failure.what).into_owned();
    match error.hint() {
        Some(hint) => failure.next(eval_report::sanitize(hint)),
        None => failure,
    }
}
