//! Pages of documentation as a reader follows them: their blocks, the commands in these, what they show.
//!
//! A block of ```` ```sh ```` holds commands, and each must end well. In one of ```` ```console ```` a command
//! stands behind `$ `, and below it what it prints, where `…` stands for any text or, alone on a line, for any
//! lines; a command that ends otherwise is followed by `$ echo $?`. A comment above a block says more:
//! `<!-- with a key -->`, `<!-- parsed: WHY -->` where it cannot be run, `<!-- file: NAME -->` where it is a
//! file that the commands below it need, `<!-- served -->` where it serves while the rest of the page is read.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::house::{House, KEY};
use crate::process::{Server, binary, root};

/// Where pages let the emulator listen.
const PORT: &str = "127.0.0.1:8080";

/// A fenced block of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The line of its opening fence, counted from 1.
    pub line: usize,
    /// The word behind the fence: `sh`, `console`, `toml`, …
    pub language: String,
    /// What the comment right above it says, or nothing.
    pub mark: String,
    /// What stands in it.
    pub text: String,
}

/// The fenced blocks of a page.
pub fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    let mut mark = String::new();
    for (number, line) in (1..).zip(page.lines()) {
        if let Some(block) = &mut open {
            if line.trim() == "```" {
                found.extend(open.take());
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
        } else if let Some(language) = line.trim_start().strip_prefix("```") {
            let (language, mark) = (language.trim().to_owned(), std::mem::take(&mut mark));
            open = Some(Block { line: number, language, mark, text: String::new() });
        } else if let Some(comment) = line.trim().strip_prefix("<!-- ") {
            comment.trim_end_matches("-->").trim().clone_into(&mut mark);
        } else if !line.trim().is_empty() {
            mark.clear();
        }
    }
    found
}

/// Whether what a block shows is what was printed: `…` alone on a line stands for any lines, within a line for
/// any text. White space at line ends, and empty lines at both ends, do not count.
///
/// ```
/// assert!(tests::pages::shows("run  …\n…\ndone", "run  a1\nb\nc\ndone\n"));
/// assert!(!tests::pages::shows("done", "done\nand more"));
/// ```
pub fn shows(shown: &str, printed: &str) -> bool {
    let trimmed = |text: &'_ str| -> Vec<String> {
        text.trim_matches('\n').lines().map(|line| line.trim_end().to_owned()).collect()
    };
    let (shown, printed) = (trimmed(shown), trimmed(printed));
    // `reached[p]`: the lines of `shown` so far can be the first `p` lines that were printed.
    let mut reached = vec![false; printed.len() + 1];
    reached[0] = true;
    for line in &shown {
        let mut next = vec![false; printed.len() + 1];
        if line == "…" {
            let first = reached.iter().position(|is| *is).unwrap_or(reached.len());
            next.iter_mut().skip(first).for_each(|is| *is = true);
        } else {
            for (at, said) in printed.iter().enumerate() {
                next[at + 1] = reached[at] && line_shows(line, said);
            }
        }
        reached = next;
    }
    reached[printed.len()]
}

fn line_shows(shown: &str, printed: &str) -> bool {
    let Some((first, rest)) = shown.split_once('…') else { return shown == printed };
    let Some(mut left) = printed.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('…').collect();
    let (last, between) = parts.split_last().unwrap_or((&"", &[]));
    for part in between {
        match left.split_once(part) {
            Some((_, after)) => left = after,
            None => return false,
        }
    }
    left.ends_with(last)
}

/// A folder in which a page is followed; `logs.jsonl` in it is the bundled sample.
#[derive(Debug)]
pub struct Reader {
    house: House,
    /// What stands for the real service, and for models on this machine.
    emulator: Option<Server>,
    /// What the page itself serves, instead of at port 8080.
    served: Option<Server>,
}

impl Reader {
    /// Somebody who has the program in `PATH` and a dataset.
    ///
    /// # Panics
    ///
    /// When the folder cannot be made.
    pub fn new() -> Self {
        let house = House::with_rows(0);
        let made =
            fs::copy(root().join("crates/cli/data/sample.jsonl"), house.path().join("logs.jsonl"))
                .and_then(|_| fs::create_dir(house.path().join("bin")))
                .and_then(|()| fs::remove_file(house.path().join("data.jsonl")));
        assert!(made.is_ok(), "failed to make a reader's folder: {made:?}");
        // Where a server of ours stands for the service, nobody waits ten seconds for the first look at a
        // job, and rows that it fails on purpose are no failure.
        let script = format!(
            "#!/bin/sh\ncase \"$DOCS_QUICK$1\" in\n1run|1resume|1retry)\n\
             set -- \"$@\" --poll-interval 50ms\n\
             case \"$*\" in *--accept-partial*) ;; *) set -- \"$@\" --accept-partial ;; esac ;;\nesac\n\
             exec '{}' \"$@\"\n",
            binary().display()
        );
        let program = house.write("bin/batch-eval", &script);
        let made = Command::new("chmod").arg("755").arg(program).status();
        assert!(made.is_ok_and(|status| status.success()), "failed to make a program of a script");
        Self { house, emulator: None, served: None }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.house.path()
    }

    /// Follows a page from its first block to its last, and gives what is wrong with it.
    ///
    /// # Panics
    ///
    /// When a process cannot be started or a file not be written.
    pub fn follow(&mut self, page: &str) -> Vec<String> {
        let mut complaints = Vec::new();
        for block in blocks(page) {
            let wrong = match (block.mark.split_once(": "), block.language.as_str()) {
                (Some(("file", name)), _) => {
                    self.house.write(name, &block.text);
                    None
                }
                (_, "sh") if block.text.starts_with("#!") => None,
                _ if block.mark == "served" => {
                    self.serve(&block.text);
                    None
                }
                (Some(("parsed", _)), "sh" | "console") => self.parse(&block),
                (_, "sh") => self.run_all(&block),
                (_, "console") => self.run_each(&block),
                _ => None,
            };
            complaints.extend(wrong.map(|wrong| format!("line {}: {wrong}", block.line)));
        }
        complaints
    }

    /// Runs all commands of a block in one shell.
    fn run_all(&mut self, block: &Block) -> Option<String> {
        let of_the_checkout = |line: &&str| !line.starts_with("cargo ");
        let lines: Vec<&str> = block.text.lines().filter(of_the_checkout).collect();
        let script = format!("set -e\n{}", lines.join("\n").replace("=…", "=any"));
        let output = self.shell(&script, block.mark == "with a key");
        (!output.status.success()).then(|| format!("{}\n{}", block.text, both(&output)))
    }

    /// Runs the commands of a block one by one, and compares what they print.
    fn run_each(&mut self, block: &Block) -> Option<String> {
        let mut code = 0;
        let commands = commands(&block.text);
        for (at, (command, shown)) in commands.iter().enumerate() {
            let output =
                self.shell(&format!("(exit {code})\n{command}"), block.mark == "with a key");
            let printed = String::from_utf8_lossy(&output.stdout);
            let said = String::from_utf8_lossy(&output.stderr);
            let seen = if printed.trim().is_empty() { said } else { printed };
            code = output.status.code().unwrap_or(255);
            let is_told = commands.get(at + 1).is_some_and(|(next, _)| next == "echo $?");
            if code != 0 && !is_told {
                return Some(format!("`{command}` ended with {code}\n{}", both(&output)));
            }
            if !shows(shown, &seen) {
                return Some(format!("`{command}` printed\n{seen}\nand the page shows\n{shown}"));
            }
        }
        commands.is_empty().then(|| "no command in it".to_owned())
    }

    /// Starts the one command of a block, on a free port; the model server that it asks is an emulator.
    fn serve(&mut self, text: &str) {
        let mut command = text.trim().replace("http://127.0.0.1:11434", &self.service());
        if command.contains(PORT) {
            command = command.replace(PORT, "127.0.0.1:0");
        } else {
            command.push_str(" --listen 127.0.0.1:0");
        }
        let mut shell = self.command();
        shell.arg("sh").args(["-c", &format!("exec {command}")]);
        self.served = Some(Server::start(shell));
    }

    /// Where the server is that stands for the real service.
    fn service(&mut self) -> String {
        let folder = self.house.path();
        let start = || Server::emulator(folder, &["--time-scale", "600"]);
        self.emulator.get_or_insert_with(start).base_url().to_owned()
    }

    /// Whether the program takes the words of each command.
    fn parse(&mut self, block: &Block) -> Option<String> {
        let calls = block.text.lines().filter_map(call);
        calls.into_iter().find_map(|call| {
            let output = self.shell(&format!("{call} --help"), false);
            (!output.status.success()).then(|| format!("{call}\n{}", both(&output)))
        })
    }

    fn shell(&mut self, script: &str, with_key: bool) -> Output {
        let mut script = script.to_owned();
        // A page that makes a reader wait is wrong, whatever it waits for.
        let mut command = self.command();
        command.args(["timeout", "120", "sh", "-c"]);
        if with_key {
            command.env("GOOGLE_GEMINI_BASE_URL", self.service());
            command.env("GEMINI_API_KEY", KEY).env("DOCS_QUICK", "1");
        }
        if let Some(served) = &self.served {
            script = script.replace(PORT, served.base_url().trim_start_matches("http://"));
            command.env("DOCS_QUICK", "1");
        }
        match command.arg(script).output() {
            Ok(output) => output,
            Err(error) => panic!("failed to start a shell: {error}"),
        }
    }

    /// A command in the reader's folder, whose words follow; nothing of this machine is in its environment.
    fn command(&self) -> Command {
        let mut path = self.path().join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut command = Command::new("env");
        command.current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.envs([("NO_COLOR", "1"), ("COLUMNS", "100")]);
        command.env("PATH", path).env("HOME", self.path());
        command
    }
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

fn both(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}: {}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// The commands of a console, each with what is shown below it. A line that ends in `\` goes on in the next.
fn commands(console: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in console.lines() {
        match (line.strip_prefix("$ "), found.last_mut()) {
            (Some(command), _) => found.push((command.to_owned(), String::new())),
            (None, Some((command, shown))) if shown.is_empty() && command.ends_with('\\') => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, shown))) => {
                shown.push_str(line);
                shown.push('\n');
            }
            (None, None) => {}
        }
    }
    found
}

/// The call of the program on a line, without what a shell would do with it.
fn call(line: &str) -> Option<&str> {
    let line = &line[line.find("batch-eval ")?..];
    let mut quote = None;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match quote {
            Some(open) if open == letter => quote = None,
            None if "'\"".contains(letter) => quote = Some(letter),
            None if "|>&;".contains(letter) => return Some(&line[..at]),
            None if letter == '#' && before == ' ' => return Some(&line[..at]),
            _ => {}
        }
        before = letter;
    }
    Some(line)
}

/// The pages: the README of the project and what lies in `docs`.
///
/// # Panics
///
/// When they cannot be read.
pub fn pages() -> Vec<(String, String)> {
    let Ok(entries) = fs::read_dir(root().join("docs")) else { panic!("there are no docs") };
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "md"));
    paths.push(root().join("README.md"));
    paths.sort();
    let read = |path: &PathBuf| {
        let name = path.strip_prefix(root()).unwrap_or(path).to_string_lossy().into_owned();
        match fs::read_to_string(path) {
            Ok(text) => (name, text),
            Err(error) => panic!("{name}: {error}"),
        }
    };
    paths.iter().map(read).collect()
}
