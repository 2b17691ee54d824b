//! `batch-eval emulator` as a process of its own, for outsiders to talk to.

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Stdio};

use crate::shell;

/// Emulated jobs of half a minute end in half a second.
const TIME_SCALE: &str = "60";

/// An emulator on a free port; killed when dropped.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) base_url: String,
}

impl Emulator {
    /// Starts the program's emulator with further arguments.
    pub(crate) fn start(binary: &Path, further: &[&str]) -> Result<Self, String> {
        let arguments = ["emulator", "--listen", "127.0.0.1:0", "--time-scale", TIME_SCALE];
        let mut child = shell::program(binary, &arguments)
            .args(further)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("failed to start the emulator: {error}"))?;
        let mut line = String::new();
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let _ = stdout.read_line(&mut line);
            // Whatever else it prints is read, lest the pipe fills up.
            std::thread::spawn(move || stdout.read_to_end(&mut Vec::new()));
        }
        let server = Self { child, base_url: line.trim().to_owned() };
        if server.base_url.starts_with("http://127.0.0.1:") {
            Ok(server)
        } else {
            Err(format!("the emulator began with {line:?}, not with its base URL"))
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
