//! How the program ends: exit codes, and the three lines that every failure prints.

use std::error::Error;
use std::fmt;

use eval_report::sanitize;

/// The exit codes; they are public API (docs/exit-codes.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Exit {
    /// Done.
    Done = 0,
    /// A gate is not met.
    GateFailed = 1,
    /// Wrong words on the command line, or settings that do not fit.
    Usage = 2,
    /// The dataset cannot be used.
    Dataset = 3,
    /// The API key is missing, wrong, or may not do this.
    Key = 4,
    /// A quota or the billing stood in the way for too long.
    Quota = 5,
    /// A job or its results are not complete.
    Verification = 6,
    /// The service could not be reached for too long.
    Network = 7,
    /// The run folder is busy, damaged, foreign, newer or unsafe.
    RunFolder = 8,
    /// The scorer failed.
    Scorer = 9,
    /// A person has to decide about a job.
    Ambiguous = 10,
    /// There is too little data to decide a gate.
    GateUndecided = 11,
    /// A bug.
    Bug = 70,
    /// The local disk failed.
    Io = 74,
    /// Stopped before the end; `resume` goes on.
    Paused = 75,
    /// Hung up; `resume` goes on.
    HungUp = 129,
    /// Interrupted; `resume` goes on.
    Interrupted = 130,
    /// Whoever read our output went away.
    BrokenPipe = 141,
    /// Terminated; `resume` goes on.
    Terminated = 143,
}

impl Exit {
    /// A stable word for the code, for `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::GateFailed => "gate_failed",
            Self::Usage => "usage",
            Self::Dataset => "dataset",
            Self::Key => "key",
            Self::Quota => "quota",
            Self::Verification => "verification",
            Self::Network => "network",
            Self::RunFolder => "run_folder",
            Self::Scorer => "scorer",
            Self::Ambiguous => "ambiguous",
            Self::GateUndecided => "gate_undecided",
            Self::Bug => "bug",
            Self::Io => "io",
            Self::Paused => "paused",
            Self::HungUp => "hung_up",
            Self::Interrupted => "interrupted",
            Self::BrokenPipe => "broken_pipe",
            Self::Terminated => "terminated",
        }
    }
}

/// Why the program ends without having done what was asked.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    pub(crate) what: String,
    pub(crate) causes: Vec<String>,
    /// What is safe, here and at the service.
    pub(crate) safe: Option<String>,
    /// The next command, or what to mend.
    pub(crate) next: Option<String>,
    /// Whether the user has been told already.
    pub(crate) said: bool,
}

/// What commands return.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, what: impl Into<String>) -> Self {
        Self { exit, what: what.into(), causes: Vec::new(), safe: None, next: None, said: false }
    }

    /// A failure whose text and causes are those of `error`.
    pub(crate) fn of(exit: Exit, error: &(dyn Error + 'static)) -> Self {
        let mut failure = Self::new(exit, error.to_string());
        let mut cause = error.source();
        while let Some(error) = cause {
            failure.causes.push(error.to_string());
            cause = error.source();
        }
        failure
    }

    pub(crate) fn usage(what: impl Into<String>) -> Self {
        Self::new(Exit::Usage, what)
    }

    pub(crate) fn io(what: impl Into<String>, error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::new(Exit::BrokenPipe, "");
        }
        let mut failure = Self::of(Exit::Io, error);
        failure.causes.insert(0, std::mem::replace(&mut failure.what, what.into()));
        failure
    }

    pub(crate) fn safe(mut self, safe: impl Into<String>) -> Self {
        self.safe.get_or_insert(safe.into());
        self
    }

    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.get_or_insert(next.into());
        self
    }

    /// The same, not to be told again.
    pub(crate) fn already_said(self) -> Self {
        Self { said: true, ..self }
    }

    /// Fills in what every failure says, where it does not say it better itself.
    pub(crate) fn complete(self, command: &str) -> Self {
        let nothing = matches!(self.exit, Exit::Usage | Exit::Dataset | Exit::Key);
        let failure = if nothing { self.safe("nothing was sent or changed") } else { self };
        let failure = failure.safe("everything here is kept");
        failure.next(format!("{command} --help"))
    }

    /// The failure as one JSON object.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "type": "error",
            "code": self.exit.word(),
            "exit": self.exit as u8,
            "message": self.what,
            "causes": self.causes,
            "safe": self.safe,
            "next": self.next,
        })
    }
}

impl fmt::Display for Failure {
    /// What happened, its causes, what is safe, what to do next; a line each.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", harmless(&self.what))?;
        for cause in &self.causes {
            write!(f, "\n  caused by: {}", harmless(cause))?;
        }
        if let Some(safe) = &self.safe {
            write!(f, "\n  safe: {}", harmless(safe))?;
        }
        if let Some(next) = &self.next {
            write!(f, "\n  next: {}", harmless(next))?;
        }
        Ok(())
    }
}

/// What is left of texts from outside that nobody made harmless, a character for a character: lines with carets under
/// them stay in place.
fn harmless(text: &str) -> String {
    let is_unsafe = |c: char| c != '\n' && sanitize(c.encode_utf8(&mut [0; 4])) != c.to_string();
    text.chars().map(|c| if is_unsafe(c) { '·' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_failure_steers_a_terminal_and_carets_stay_in_place() {
        let failure = Failure::usage("bad: x\u{202e}y\n         ^").next("\u{1b}[31m");
        assert_eq!(failure.to_string(), "error: bad: x·y\n         ^\n  next: ·[31m");
    }

    #[test]
    fn says_what_happened_what_is_safe_and_what_to_do() {
        let error = std::io::Error::other("disk on fire");
        let failure = Failure::io("failed to write the journal", &error)
            .safe("jobs run on at the service")
            .next("batch-eval resume");
        insta::assert_snapshot!(failure, @r"
        error: failed to write the journal
          caused by: disk on fire
          safe: jobs run on at the service
          next: batch-eval resume
        ");
        assert_eq!(failure.json()["exit"], 74);
    }
}
