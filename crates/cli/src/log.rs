//! Logs of the program itself, to standard error or a file; never on unless asked for, and sent nowhere.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use eval_report::sanitize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::args::{Global, LogFormat};
use crate::exit::{Failure, Outcome};

/// Starts logging as the flags say.
pub(crate) fn start(global: &Global) -> Outcome<()> {
    let level = match (global.verbose, &global.log_file) {
        (0, None) => "off",
        (0, Some(_)) | (1, _) => "info",
        (2, _) => "debug",
        _ => "trace",
    };
    // The transport's own crates log headers and bodies' sizes, of no use here; ours say what
    // was exchanged without secrets.
    let default = format!("{level},hyper=off,hyper_util=off,reqwest=off,rustls=off,h2=off");
    let text = global.log.clone().unwrap_or(default);
    let filter = EnvFilter::try_new(&text).map_err(|error| {
        let problem = error.to_string();
        Failure::usage(format!("{text:?} is no log filter: {}", sanitize(&problem))).next(
            "a level (error, warn, info, debug, trace), or as in gemini_client=debug,info \
             (docs/environment.md)",
        )
    })?;
    let sink = match &global.log_file {
        Some(path) => Sink::File(Mutex::new(open(path)?)),
        None => Sink::Stderr,
    };
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    // A second start in one process (as in tests) keeps the first.
    let _ = match global.log_format {
        // JSON escapes by itself whatever a terminal would obey.
        LogFormat::Json => logs.json().with_writer(sink).try_init(),
        LogFormat::Text => logs.with_writer(Escaped(sink)).try_init(),
    };
    Ok(())
}

/// Opens a log file to write at its end; what the program says of a dataset is its owner's alone.
fn open(path: &Path) -> Outcome<File> {
    File::options().append(true).create(true).mode(0o600).open(path).map_err(|error| {
        let shown = path.display().to_string();
        Failure::usage(format!("failed to open the log file {}: {error}", sanitize(&shown)))
    })
}

/// Where logs go.
#[derive(Debug)]
enum Sink {
    Stderr,
    File(Mutex<File>),
}

impl Sink {
    /// Writes an event. Where that fails there is nobody to tell, and the work matters more.
    fn take(&self, event: &[u8]) {
        let _ = match self {
            Self::Stderr => io::stderr().write_all(event),
            Self::File(file) => {
                file.lock().unwrap_or_else(PoisonError::into_inner).write_all(event)
            }
        };
    }
}

/// Text without anything a terminal would obey: an event is one line, whatever it quotes.
#[derive(Debug)]
struct Escaped(Sink);

/// One event on its way; it comes in a single write.
struct Event<'a> {
    sink: &'a Sink,
    escape: bool,
}

impl Write for Event<'_> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if self.escape {
            self.sink.take(one_line(event).as_bytes());
        } else {
            self.sink.take(event);
        }
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn one_line(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    format!("{}\n", sanitize(text.trim_end_matches('\n')))
}

impl<'a> MakeWriter<'a> for Sink {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { sink: self, escape: false }
    }
}

impl<'a> MakeWriter<'a> for Escaped {
    type Writer = Event<'a>;

    fn make_writer(&'a self) -> Event<'a> {
        Event { sink: &self.0, escape: true }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_event_is_one_line_whatever_it_quotes() {
        let event = super::one_line("INFO \u{1b}[31mred\nINFO forged\u{202e}\n".as_bytes());
        assert_eq!(event, "INFO \\u{1b}[31mred\\nINFO forged\\u{202e}\n");
    }
}
