//! Logs of the program itself, to standard error; never on unless asked for.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::args::Global;
use crate::exit::{Failure, Outcome};

/// Starts logging as the flags say.
pub(crate) fn start(global: &Global) -> Outcome<()> {
    let level = match global.verbose {
        0 => "off",
        1 => "info",
        2 => "debug",
        _ => "trace",
    };
    // The transport's own crates log headers and bodies' sizes, of no use here; ours say what
    // was exchanged without secrets.
    let default = format!("{level},hyper=off,hyper_util=off,reqwest=off,rustls=off,h2=off");
    let text = global.log.clone().unwrap_or(default);
    let filter = EnvFilter::try_new(&text)
        .map_err(|error| Failure::usage(format!("{text:?} is no log filter: {error}")))?;
    // A second start in one process (as in tests) keeps the first.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(false)
        .try_init();
    Ok(())
}
