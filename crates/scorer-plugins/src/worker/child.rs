//! One process of a plugin: started, written to, read from, ended, never waited for without an end.

use std::fmt;
use std::io::{self, BufReader, Write};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child as Process, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, WaitId, WaitIdOptions};

use super::Partner;
use super::lines::{self, Read};
use crate::{PluginEvent, Settings};

/// The longest line a process may write, in bytes.
pub(crate) const LONGEST_ANSWER: usize = 1 << 20;
/// The longest line of its standard error that is shown whole, and how much is shown in all.
const LONGEST_STDERR: usize = 4 << 10;
const MOST_STDERR: usize = 1 << 20;
/// The largest file a process may write, in bytes.
#[cfg(target_os = "linux")]
const LARGEST_FILE: u64 = 1 << 30;
/// Answers that wait to be read; beyond it the process waits.
const WAITING: usize = 16;
/// How long the threads of a process that was ended may take to see it.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// What comes from the process.
#[derive(Debug)]
enum Event {
    Line(Vec<u8>),
    Overlong,
    /// It closed its output.
    Closed,
    /// It ended.
    Exited,
}

/// What is wrong with a process, as the end of a sentence that begins with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble(pub(crate) String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A process and the threads that serve its three streams.
pub(crate) struct Child {
    process: Process,
    group: Option<Pid>,
    input: Option<Sender<Vec<u8>>>,
    events: Receiver<Event>,
    has_exited: bool,
    end_limit: Duration,
}

impl Child {
    /// Starts `words` in a process group of its own, with nothing but the allowed environment.
    pub(crate) fn start(words: &[std::ffi::OsString], settings: &Settings) -> io::Result<Self> {
        let (program, arguments) =
            words.split_first().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut command = Command::new(settings.program(program));
        if let Some(folder) = &settings.folder {
            command.current_dir(folder);
        }
        let mut process = command
            .args(arguments)
            .env_clear()
            .envs(settings.environment.iter().map(|(name, value)| (name, value)))
            .env("BATCH_EVAL_SCORER", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let group = i32::try_from(process.id()).ok().and_then(Pid::from_raw);
        limit(group, settings.memory);
        let (input, messages) = channel();
        let (answers, events) = sync_channel(WAITING);
        if let Some(stdin) = process.stdin.take() {
            widen(&stdin);
            thread::spawn(move || write(stdin, &messages));
        }
        if let Some(stdout) = process.stdout.take() {
            let answers = answers.clone();
            thread::spawn(move || read(stdout, &answers));
        }
        if let Some(stderr) = process.stderr.take() {
            let (settings, listening) = (settings.clone(), answers.clone());
            thread::spawn(move || {
                show(stderr, &settings);
                drop(listening);
            });
        }
        if let Some(pid) = group {
            thread::spawn(move || {
                // Leaves the process to be reaped, so that its number stays its own until then.
                let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
                let ended = retried(|| rustix::process::waitid(WaitId::Pid(pid), options));
                if ended.is_ok() {
                    // Nobody listens any more if it was ended by us.
                    let _ = answers.send(Event::Exited);
                }
            });
        }
        let end_limit = settings.end_limit;
        Ok(Self { process, group, input: Some(input), events, has_exited: false, end_limit })
    }

    /// Closes its input, and says whether it ended by itself, without error, in the time it has for that; anything it
    /// still writes is an error too.
    pub(crate) fn finish(mut self) -> Result<(), Trouble> {
        self.input = None;
        while !self.has_exited {
            match self.events.recv_timeout(self.end_limit) {
                Ok(Event::Exited) => self.has_exited = true,
                Ok(Event::Closed) => {}
                Ok(Event::Line(_) | Event::Overlong) => {
                    return Err(Trouble("wrote more than it was asked for".to_owned()));
                }
                Err(_) => return Err(Trouble("did not end when its input was closed".to_owned())),
            }
        }
        match self.reap() {
            Some(status) if status.success() => Ok(()),
            status => Err(how(status)),
        }
    }

    /// How it ended, after it closed its output.
    fn ended(&mut self) -> Trouble {
        while !self.has_exited {
            match self.events.recv_timeout(self.end_limit) {
                Ok(Event::Exited) => self.has_exited = true,
                Ok(_) => {}
                Err(_) => return Trouble("closed its output".to_owned()),
            }
        }
        how(self.reap())
    }

    /// Ends all that it started, and then takes its status: until then its number, which is that of its group, is its
    /// own. Only for one that exited or was killed, so that this waits for nothing but the system.
    fn reap(&mut self) -> Option<ExitStatus> {
        if let Some(group) = self.group.take() {
            // There may be nobody left.
            let _ = rustix::process::kill_process_group(group, Signal::KILL);
        }
        self.process.wait().ok()
    }

    /// Ends it and all it started, at once.
    pub(crate) fn kill(&mut self) {
        self.end_limit = Duration::ZERO;
        // An error means that it was reaped.
        let _ = self.process.kill();
        self.reap();
    }
}

impl Partner for Child {
    fn send(&self, line: Vec<u8>) {
        // A process that does not read any more is noticed when it does not answer.
        let _ = self.input.as_ref().map(|input| input.send(line));
    }

    fn next(&mut self, limit: Duration) -> Result<Vec<u8>, Trouble> {
        loop {
            match self.events.recv_timeout(limit) {
                Ok(Event::Line(line)) => return Ok(line),
                Ok(Event::Overlong) => {
                    return Err(Trouble(format!(
                        "wrote a line of more than {LONGEST_ANSWER} bytes"
                    )));
                }
                // What it wrote before it ended may still come.
                Ok(Event::Exited) => self.has_exited = true,
                Ok(Event::Closed) | Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) => {
                    let seconds = limit.as_secs_f64();
                    return Err(Trouble(format!("said nothing for {seconds} s")));
                }
            }
        }
    }
}

fn how(status: Option<ExitStatus>) -> Trouble {
    let code = status.and_then(|status| status.code());
    let signal = status.and_then(|status| status.signal());
    Trouble(match (code, signal) {
        (Some(code), _) => format!("ended with status {code}"),
        (_, Some(signal)) => format!("was ended by signal {signal}"),
        _ => "ended".to_owned(),
    })
}

impl Drop for Child {
    /// Ends it and all it started; one that is at rest is given time to end by itself.
    fn drop(&mut self) {
        self.input = None;
        // One that still writes is not at rest.
        while !thread::panicking()
            && let Ok(Event::Closed) = self.events.recv_timeout(self.end_limit)
        {}
        self.kill();
        // What it still wrote to its standard error is told before it is forgotten; who left its group is not waited for.
        for _ in 0..2 * WAITING {
            if self.events.recv_timeout(LAST_WORDS).is_err() {
                break;
            }
        }
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child").field("id", &self.process.id()).finish_non_exhaustive()
    }
}

fn write(mut stdin: impl Write, messages: &Receiver<Vec<u8>>) {
    for message in messages {
        if stdin.write_all(&message).is_err() {
            return;
        }
    }
}

fn read(stdout: impl io::Read, answers: &SyncSender<Event>) {
    let mut reader = BufReader::with_capacity(1 << 16, stdout);
    loop {
        let event = match lines::next(&mut reader, LONGEST_ANSWER) {
            Ok(Read::Line(line)) => Event::Line(line),
            Ok(Read::Overlong(_)) => Event::Overlong,
            Ok(Read::End) | Err(_) => Event::Closed,
        };
        let is_last = !matches!(event, Event::Line(_));
        if answers.send(event).is_err() || is_last {
            return;
        }
    }
}

/// Tells what the process writes to its standard error, up to a limit; what is beyond is read and dropped.
fn show(stderr: impl io::Read, settings: &Settings) {
    let mut reader = BufReader::new(stderr);
    let mut shown = 0;
    while let Ok(Read::Line(line) | Read::Overlong(line)) = lines::next(&mut reader, LONGEST_STDERR)
    {
        if shown <= MOST_STDERR {
            shown += line.len() + 1;
            let line = String::from_utf8_lossy(&line);
            settings.tell(PluginEvent::Stderr(line.trim_end_matches('\r')));
            if shown > MOST_STDERR {
                settings.tell(PluginEvent::Stderr("(more of its standard error is not shown)"));
            }
        }
    }
}

/// Bounds the memory of a process, which has not read anything yet, and forbids core dumps.
#[cfg(target_os = "linux")]
fn limit(pid: Option<Pid>, memory: u64) {
    for (resource, most) in
        [(Resource::Data, memory), (Resource::Core, 0), (Resource::Fsize, LARGEST_FILE)]
    {
        let limit = Rlimit { current: Some(most), maximum: Some(most) };
        // A process without this limit is still one that can be ended.
        let _ = pid.map(|pid| rustix::process::prlimit(Some(pid), resource, limit));
    }
}

#[cfg(not(target_os = "linux"))]
fn limit(_: Option<Pid>, _: u64) {}

/// Lets a pipe hold messages as a whole, so that the process is not woken for each piece of one.
#[cfg(target_os = "linux")]
fn widen(pipe: &std::process::ChildStdin) {
    // A narrow pipe works too.
    let _ = rustix::pipe::fcntl_setpipe_size(pipe, 1 << 20);
}

#[cfg(not(target_os = "linux"))]
fn widen(_: &std::process::ChildStdin) {}

fn retried<T>(mut call: impl FnMut() -> rustix::io::Result<T>) -> rustix::io::Result<T> {
    loop {
        match call() {
            Err(rustix::io::Errno::INTR) => {}
            other => return other,
        }
    }
}
