//! Who works on a run: for the lock's message and the journal's record.

/// One process at work on a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Process number.
    pub pid: u32,
    /// Name of the machine.
    pub host: String,
    /// Program and version, as `batch-eval 0.1.0`.
    pub program: String,
}

impl Session {
    /// This process on this machine.
    pub fn here(program: impl Into<String>) -> Self {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        Self { pid: std::process::id(), host, program: program.into() }
    }
}
