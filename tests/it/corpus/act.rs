//! Makes one bad input, calls the program, and says in what it differs from what was promised.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use tests::house::{House, KEY, creates};
use tests::process::{Said, Server, binary};
use tests::rows;

use super::case::Case;

/// Nothing of the table takes this long, in seconds, unless it hangs.
const PATIENCE: &str = "120";
/// Goes before a command that must not be root's.
const NOBODY: &str = "setpriv --reuid 65534 --regid 65534 --clear-groups";
const SHORT_WAITS: &str = "--poll-interval 30ms --settle 300ms --patience 2s";

/// Who answers the program; dropped at the end.
enum Service {
    Nobody,
    Emulator(Server),
    /// The address of a thread that gives everybody the same bytes.
    Parrot(String),
}

impl Service {
    fn of(case: &Case, house: &House) -> Self {
        if let Some(bytes) = &case.serve {
            let bytes = bytes.replace("$LONG", &"x".repeat(1 << 20));
            return Self::Parrot(parrot(bytes.into_bytes()));
        }
        let canned = case.results.as_ref().map(|body| download(body));
        let mut words = vec!["--time-scale", "300", "--control", "--answers", "echo"];
        if let Some(script) = canned.as_ref().or(case.script.as_ref()) {
            let name = if canned.is_some() { "script.json" } else { "script.toml" };
            house.write(name, script);
            words.extend(["--script", name]);
        } else if !case.emulator {
            return Self::Nobody;
        }
        Self::Emulator(Server::emulator(house.path(), &words))
    }

    fn base_url(&self) -> &str {
        match self {
            Self::Nobody => "http://127.0.0.1:9",
            Self::Emulator(server) => server.base_url(),
            Self::Parrot(address) => address,
        }
    }
}

/// A script by which every download gives this body, in which `$K0` stands for the key of row 0.
fn download(body: &str) -> String {
    let body = (0..3).fold(body.to_owned(), |body, n| body.replace(&format!("$K{n}"), &key(n)));
    let headers = json!({"Content-Type": "application/octet-stream"});
    let answer = json!({"status": 200, "headers": headers, "body": body});
    let fault = json!({"when": {"path": ":download"}, "action": {"answer": answer}});
    json!({ "faults": [fault] }).to_string()
}

/// The key of a row of [`rows::plain`] as it is sent: without the model it was logged with.
fn key(n: usize) -> String {
    let mut row: Value = serde_json::from_str(&rows::plain(n)).unwrap();
    let request = row["request"].as_object_mut().unwrap();
    request.remove("model");
    let request = serde_json::to_vec(request).unwrap();
    jsonl_transform::RowKey::new(n.try_into().unwrap(), &request).to_string()
}

fn parrot(bytes: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let bytes = bytes.clone();
            std::thread::spawn(move || {
                let _ = stream.read(&mut vec![0; 1 << 16]);
                let _ = stream.write_all(&bytes).and_then(|()| stream.shutdown(Shutdown::Write));
                let _ = stream.read(&mut [0; 1]);
            });
        }
    });
    address
}

/// A shell in the folder, with `batch-eval` in its path and the words that most rows share.
fn shell(folder: &Path, base_url: &str, script: &str) -> Said {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new("timeout");
    command
        .args([PATIENCE, "sh", "-c", script])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:{path}", folder.join("bin").display()))
        .env("HOME", folder)
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100")
        .env("GEMINI_API_KEY", KEY)
        .env("BASE", base_url)
        .env("ON", SHORT_WAITS)
        .env("NOBODY", if rustix::process::geteuid().is_root() { NOBODY } else { "" })
        .env("SIM", "run data.jsonl -m sim-a --name x --emulator")
        .env("RUN", format!("run data.jsonl -m sim-a --name x --base-url {base_url} {SHORT_WAITS}"))
        .stdin(Stdio::null());
    Said::from(command.output().unwrap())
}

/// Everything in which the program differs from what the row says; nothing when all is well.
pub(super) fn differences(case: &Case) -> Vec<String> {
    let house = House::with_rows(0);
    let bin = house.path().join("bin");
    fs::create_dir(&bin).unwrap();
    if case.run.contains("$NOBODY") {
        // The checkout may lie where nobody but its owner gets to.
        fs::copy(binary(), bin.join("batch-eval")).unwrap();
    } else {
        symlink(binary(), bin.join("batch-eval")).unwrap();
    }
    match (&case.data, case.rows) {
        (Some(data), _) => _ = house.write("data.jsonl", data),
        (None, Some(n_rows)) => _ = house.write("data.jsonl", &rows::plain_file(0..n_rows)),
        (None, None) => {}
    }
    for file in &case.file {
        fs::write(house.path().join(&file.path), file.bytes()).unwrap();
    }
    let service = Service::of(case, &house);
    for script in &case.before {
        let said = shell(house.path(), service.base_url(), script);
        if said.code != Some(0) {
            return vec![format!("before, {script:?}: {said:?}")];
        }
    }
    let said = shell(house.path(), service.base_url(), &case.run);
    let mut found = spoken(case, &said);
    found.extend(left_behind(case, &house));
    if let (Some(n), Service::Emulator(server)) = (case.creates, &service) {
        let made = creates(server).len();
        if made != n {
            found.push(format!("{made} jobs were created, not {n}"));
        }
    }
    if !found.is_empty() {
        found.push(format!("it said: {said:?}"));
    }
    found
}

/// Differences in the exit code and the texts.
fn spoken(case: &Case, said: &Said) -> Vec<String> {
    let mut found = Vec::new();
    if said.code != Some(case.code) {
        found.push(format!("the exit code is {:?}, not {}", said.code, case.code));
    }
    let texts = format!("{}{}", said.stderr, said.stdout);
    for part in case.says.iter().filter(|part| !texts.contains(*part)) {
        found.push(format!("it does not say {part:?}"));
    }
    let never = case.never.iter().map(String::as_str).chain([KEY, "panicked"]);
    for part in never.filter(|part| texts.contains(part)) {
        found.push(format!("it says {part:?}"));
    }
    if let Some(raw) = texts.chars().find(|c| steers(*c)) {
        found.push(format!("it says {raw:?} as it is"));
    }
    found
}

/// Whether a character can change more of a terminal than its next cell.
fn steers(c: char) -> bool {
    (c.is_control() && !matches!(c, '\n' | '\t'))
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Differences in what is left in the folder.
fn left_behind(case: &Case, house: &House) -> Vec<String> {
    let mut found = Vec::new();
    for (path, parts) in &case.holds {
        let text = fs::read(house.path().join(path)).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        for part in parts.iter().filter(|part| !text.contains(*part)) {
            found.push(format!("{path} does not hold {part:?}"));
        }
    }
    if !case.outcomes.is_empty() {
        let report = fs::read(house.run("x").join("report/report.json")).unwrap_or_default();
        let report: Value = serde_json::from_slice(&report).unwrap_or_default();
        let columns = report["models"].as_array().cloned().unwrap_or_default();
        let column = columns.into_iter().find(|column| column["role"] == "model");
        let outcomes = column.unwrap_or_default()["outcomes"].clone();
        for (outcome, n) in case.outcomes.iter().filter(|(name, n)| outcomes[*name] != **n) {
            found.push(format!("{outcome} is not {n} in {outcomes}"));
        }
    }
    found
}
