//! The program under test and its servers as processes of their own.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

use crate::schema::{Met, Published};

/// The release binary: `BATCH_EVAL_BIN`, or built once for this test process.
///
/// # Panics
///
/// When it cannot be built.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| match std::env::var_os("BATCH_EVAL_BIN") {
        Some(path) => PathBuf::from(path),
        None => build_release(),
    })
}

/// The folder of the checkout.
pub fn root() -> &'static Path {
    let member = Path::new(env!("CARGO_MANIFEST_DIR"));
    member.parent().unwrap_or(member)
}

fn build_release() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .current_dir(root())
        .args(["build", "--quiet", "--release", "--package", "cli", "--bin", "batch-eval"])
        .status();
    assert!(built.is_ok_and(|status| status.success()), "failed to build batch-eval");
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let target = target.unwrap_or_else(|| root().join("target"));
    target.join("release").join(format!("batch-eval{}", std::env::consts::EXE_SUFFIX))
}

/// `batch-eval` in an environment of our own: no key, no settings of the machine, no colours.
pub fn batch_eval<S: AsRef<OsStr>>(
    folder: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(binary());
    command
        .current_dir(folder)
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .stdin(Stdio::null());
    command
}

/// What a finished program said, for assertions.
#[derive(Debug)]
pub struct Said {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// Standard output as text.
    pub stdout: String,
    /// Standard error as text.
    pub stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Said {
    /// Standard output as the JSON objects it holds, one a line, each as its published schema says.
    ///
    /// # Panics
    ///
    /// When a line is no JSON, or is not what its schema says.
    pub fn events(&self) -> Vec<Value> {
        static PUBLISHED: OnceLock<Published> = OnceLock::new();
        let published = PUBLISHED.get_or_init(Published::read);
        let parse = |line: &str| {
            let value: Value = match serde_json::from_str(line) {
                Ok(value) => value,
                Err(error) => panic!("{line:?} is no JSON ({error}): {self:?}"),
            };
            // Rows that are exported have no type.
            if value["type"].is_string()
                && let Err(broken) = published.check(&value, &mut Met::new())
            {
                panic!("{broken}");
            }
            value
        };
        self.stdout.lines().map(parse).collect()
    }

    /// The last object on standard output.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn last(&self) -> Value {
        match self.events().pop() {
            Some(value) => value,
            None => panic!("nothing on standard output: {self:?}"),
        }
    }
}

/// Runs `batch-eval` to its end.
///
/// # Panics
///
/// When it cannot be started at all.
pub fn run<S: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = S>) -> Said {
    match batch_eval(folder, arguments).output() {
        Ok(output) => Said::from(output),
        Err(error) => panic!("failed to start {}: {error}", binary().display()),
    }
}

/// A server process that is killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    base_url: String,
    // Held open, lest the server dies of a closed pipe when it prints more.
    _stdout: BufReader<ChildStdout>,
}

impl Server {
    /// Starts `batch-eval emulator` on a free port with further arguments.
    ///
    /// # Panics
    ///
    /// When it does not print its base URL as its first line.
    pub fn emulator(folder: &Path, arguments: &[&str]) -> Self {
        let mut command = batch_eval(folder, ["emulator", "--listen", "127.0.0.1:0"]);
        command.args(arguments);
        Self::start(command)
    }

    /// Starts the fake server with settings as [`crate::fake::Knobs::from_words`] reads them;
    /// `program` is `env!("CARGO_BIN_EXE_fake-server")`.
    ///
    /// # Panics
    ///
    /// When it does not print its base URL as its first line.
    pub fn fake(program: &str, words: &[&str]) -> Self {
        let mut command = Command::new(program);
        command.args(words).stdin(Stdio::piped());
        Self::start(command)
    }

    /// Starts any server that prints its base URL as its first line.
    ///
    /// # Panics
    ///
    /// When it does not.
    pub fn start(mut command: Command) -> Self {
        let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
        let Ok(mut child) = child else {
            panic!("failed to start {command:?}: {child:?}");
        };
        let Some(stdout) = child.stdout.take() else {
            panic!("{command:?} has no standard output");
        };
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let base_url = line.trim().trim_end_matches('/').to_owned();
        if !base_url.starts_with("http://127.0.0.1:") {
            let _ = child.kill();
            panic!("{command:?} began with {line:?} ({read:?}), not with its base URL");
        }
        Self { child, base_url, _stdout: stdout }
    }

    /// Where it listens, such as `http://127.0.0.1:4711`.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
