//! Does a whole run of the program put on stable storage what it must, before it does what follows?
//!
//! Needs `strace` and the right to trace children. Prints one line of JSON with how often each rule was tried.

use std::io::Write as _;

use tests::house::{House, run_words};
use tests::process::Server;
use tests::traced;
use tests::write_order;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let house = House::with_rows(40);
    let server = Server::emulator(house.path(), &["--time-scale", "200"]);
    let strace = ["calls.log", "-s", "4000", "-e", write_order::CALLS].map(str::to_owned);
    let mut words = run_words(&server, "whole", &["sim-flash", "sim-pro"]);
    words.extend(["--rows-per-shard", "10"]);
    let said = traced::run(&house, &strace, &words);
    if said.code != Some(0) {
        return Err(format!("the run under strace failed: {said:?}").into());
    }
    let record = std::fs::read_to_string(house.path().join("calls.log"))?;
    let held = write_order::check(&record).map_err(|breaches| breaches.join("\n"))?;
    if held.creates != 8 || held.uploads < 4 || held.renames < 20 || held.looks < 8 {
        return Err(format!("too little was seen: {held:?}").into());
    }
    let seen = serde_json::json!({
        "lines": held.lines, "creates": held.creates, "looks": held.looks,
        "uploads": held.uploads, "renames": held.renames,
    });
    writeln!(std::io::stdout(), "{seen}")?;
    Ok(())
}
