//! The program under strace: every call of every thread of it, on record or spoilt.

use std::process::Command;

use crate::house::{House, KEY};
use crate::process::{Said, batch_eval};

/// Runs the program in the house under strace, on one worker thread, so that the order of calls hardly varies.
///
/// `strace` holds the file of the record and then more words for strace.
///
/// # Panics
///
/// When strace cannot be started.
pub fn run(house: &House, strace: &[String], words: &[&str]) -> Said {
    let program = batch_eval(house.path(), words);
    let mut command = Command::new("strace");
    command
        .args(["-f", "-qq", "-y", "-o"])
        .args(strace)
        .arg(program.get_program())
        .args(program.get_args());
    command.current_dir(house.path()).env_clear();
    command.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.env("GEMINI_API_KEY", KEY).env("TOKIO_WORKER_THREADS", "1");
    match command.output() {
        Ok(output) => Said::from(output),
        Err(error) => panic!("failed to start strace: {error}"),
    }
}
