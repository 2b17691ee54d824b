//! A folder to work in, with a dataset, and the program called in it against a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Child;

use serde_json::Value;
use tempfile::TempDir;

use crate::process::{Said, Server, batch_eval};
use crate::{get, rows};

/// A key that is easy to find wherever it leaks to.
pub const KEY: &str = "AIzaCANARY0123456789abcdefghijklmnopqrs";

/// A temporary folder with `data.jsonl` in it.
#[derive(Debug)]
pub struct House {
    folder: TempDir,
}

impl House {
    /// A folder whose dataset has `n_rows` made-up rows.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
    pub fn with_rows(n_rows: usize) -> Self {
        let made = tempfile::tempdir().and_then(|folder| {
            fs::write(folder.path().join("data.jsonl"), rows::file(11, n_rows))?;
            Ok(folder)
        });
        match made {
            Ok(folder) => Self { folder },
            Err(error) => panic!("failed to make a folder: {error}"),
        }
    }

    /// A folder whose dataset has `n_rows` plain rows, with a script for an emulator.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
    pub fn scripted(n_rows: usize, script: &str) -> Self {
        let house = Self::with_rows(0);
        house.write("data.jsonl", &rows::plain_file(0..n_rows));
        house.write("script.toml", script);
        house
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into the folder.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        if let Err(error) = fs::write(&path, text) {
            panic!("failed to write {name}: {error}");
        }
        path
    }

    /// Runs the program to its end, with a key.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn call(&self, words: &[&str]) -> Said {
        match batch_eval(self.path(), words).env("GEMINI_API_KEY", KEY).output() {
            Ok(output) => Said::from(output),
            Err(error) => panic!("failed to start: {error}"),
        }
    }

    /// Writes rows into a file, one a line.
    ///
    /// # Panics
    ///
    /// When it cannot be written.
    pub fn write_rows(&self, name: &str, rows: impl IntoIterator<Item = Value>) -> PathBuf {
        let lines: Vec<String> = rows.into_iter().map(|row| row.to_string()).collect();
        self.write(name, &(lines.join("\n") + "\n"))
    }

    /// Runs the program to its end, without a key.
    pub fn call_without_key(&self, words: &[&str]) -> Said {
        crate::process::run(self.path(), words)
    }

    /// Starts the program with a key; its output goes to the files `out` and `err`.
    ///
    /// # Panics
    ///
    /// When it cannot be started.
    pub fn start(&self, words: &[&str]) -> Child {
        let open = |name| fs::File::create(self.path().join(name));
        let (Ok(out), Ok(err)) = (open("out"), open("err")) else { panic!("failed to open files") };
        let mut command = batch_eval(self.path(), words);
        match command.env("GEMINI_API_KEY", KEY).stdout(out).stderr(err).spawn() {
            Ok(child) => child,
            Err(error) => panic!("failed to start: {error}"),
        }
    }

    /// The folder of a run.
    pub fn run(&self, name: &str) -> PathBuf {
        self.path().join("runs").join(name)
    }

    /// The rows of an input of a run as they are uploaded, such as `s0001.v0`.
    ///
    /// # Panics
    ///
    /// When there is no such input or it is no JSONL.
    pub fn input(&self, run: &str, id: &str) -> Vec<Value> {
        let path = self.run(run).join("input").join(format!("{id}.jsonl"));
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => panic!("failed to read {}: {error}", path.display()),
        };
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(row) => row,
            Err(error) => panic!("{line:?}: {error}"),
        };
        text.lines().map(parse).collect()
    }

    /// The events of one kind in the journal of a run.
    pub fn told(&self, run: &str, event: &str) -> Vec<Value> {
        let parsed = self.journal(run).into_iter().filter_map(|l| serde_json::from_str(&l).ok());
        parsed.filter(|line: &Value| line["ev"] == event).collect()
    }

    /// The lines of the journal of a run so far.
    pub fn journal(&self, run: &str) -> Vec<String> {
        let path = self.path().join("runs").join(run).join("journal.jsonl");
        let text = fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// The report of a run, without what differs from one run to the next.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn report(&self, run: &str) -> Value {
        let path = self.path().join("runs").join(run).join("report").join("report.json");
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) => panic!("failed to read {}: {error}", path.display()),
        };
        let Ok(Value::Object(mut report)) = serde_json::from_slice(&text) else {
            panic!("{} is no object", path.display());
        };
        for varying in ["run", "elapsed_ms", "backend"] {
            report.remove(varying);
        }
        Value::Object(report)
    }
}

/// The jobs an emulator with `--control` has ever been asked to create.
///
/// # Panics
///
/// When it does not tell.
pub fn creates(server: &Server) -> Vec<Value> {
    let history = get::json(server.base_url(), "/__emulator/history");
    match history.get("creates") {
        Some(Value::Array(creates)) => creates.clone(),
        _ => panic!("no creates in {history}"),
    }
}

/// The column of a report with this model, and this variant if the run has several.
///
/// # Panics
///
/// When there is none.
pub fn column(report: &Value, model: &str, variant: Option<&str>) -> Value {
    let columns = report["models"].as_array().cloned().unwrap_or_default();
    let is_it = |column: &&Value| column["model"] == model && column["variant"].as_str() == variant;
    match columns.iter().find(|column| column["role"] == "model" && is_it(column)) {
        Some(column) => column.clone(),
        None => panic!("no {model} {variant:?} in {report}"),
    }
}

/// Arguments of a run against a server, with short waits.
pub fn run_words<'a>(server: &'a Server, name: &'a str, models: &[&'a str]) -> Vec<&'a str> {
    let mut words = vec!["run", "data.jsonl", "--name", name, "--base-url", server.base_url()];
    for model in models {
        words.extend(["-m", model]);
    }
    words.extend(["--poll-interval", "50ms", "--accept-partial"]);
    words
}
