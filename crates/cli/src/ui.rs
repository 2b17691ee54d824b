//! What the user sees: results on standard output, the rest on standard error; JSON when asked.

use std::io::{self, IsTerminal as _, Write as _};

use eval_report::{Paint, Report, Terminal, json_for_terminals};
use serde_json::Value;

use crate::exit::{Failure, Outcome};

/// The width text takes when nobody says how wide the terminal is, and in files.
const WIDTH: usize = 80;

/// How to talk to the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ui {
    pub(crate) json: bool,
    pub(crate) quiet: bool,
}

impl Ui {
    /// The result of a command, for people.
    pub(crate) fn result(text: &str) -> Outcome<()> {
        let mut out = anstream::stdout().lock();
        let written = out.write_all(text.as_bytes()).and_then(|()| {
            if !text.ends_with('\n') {
                out.write_all(b"\n")?;
            }
            out.flush()
        });
        written.map_err(|error| Failure::io("failed to write to standard output", &error))
    }

    /// One object or event, for programs.
    pub(crate) fn object(value: &Value) -> Outcome<()> {
        let mut out = io::stdout().lock();
        let written =
            writeln!(out, "{}", json_for_terminals(&value.to_string())).and_then(|()| out.flush());
        written.map_err(|error| Failure::io("failed to write to standard output", &error))
    }

    /// A line about the work, for people; nothing in JSON or quiet mode.
    pub(crate) fn note(self, text: &str) {
        if !self.json && !self.quiet {
            // Without standard error there is nobody to tell.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// A line that quiet mode lets through.
    pub(crate) fn alarm(self, text: &str) {
        if !self.json {
            // Without standard error there is nobody to tell.
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// Why the program ends.
    pub(crate) fn failure(self, failure: &Failure) {
        if self.json {
            let _ = Self::object(&failure.json());
        } else {
            let _ = writeln!(anstream::stderr().lock(), "{failure}");
        }
    }

    /// A report as text for a file.
    pub(crate) fn plain_table(report: &Report) -> String {
        Terminal { width: WIDTH, paint: Paint::Plain }.render(report)
    }

    /// A report as text for this terminal.
    pub(crate) fn table(report: &Report) -> String {
        let colours = anstream::AutoStream::choice(&io::stdout());
        let paint = match colours {
            anstream::ColorChoice::Never => Paint::Plain,
            _ => Paint::Styled,
        };
        Terminal { width: Self::width(), paint }.render(report)
    }

    /// How wide tables may be.
    pub(crate) fn width() -> usize {
        let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
        let terminal = || {
            let size = io::stdout().is_terminal().then(terminal_size::terminal_size).flatten();
            size.map(|(width, _)| usize::from(width.0))
        };
        columns.or_else(terminal).unwrap_or(WIDTH)
    }
}
