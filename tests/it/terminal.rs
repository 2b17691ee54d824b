//! The question on a terminal: what may cost more than a trifle is asked for, and only yes sends it.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::process::{Child, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use tests::house::{House, KEY, creates, run_words};
use tests::process::{Server, batch_eval};

const MODEL: &str = "gemini-3.8-flash";

/// The program at a terminal of its own, of which this is the other end.
struct Terminal {
    end: File,
    child: Child,
}

impl Terminal {
    fn start(house: &House, words: &[&str]) -> Self {
        let end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&end).unwrap();
        unlockpt(&end).unwrap();
        let name = ptsname(&end, Vec::new()).unwrap().into_string().unwrap();
        let terminal = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let mut command = batch_eval(house.path(), words);
        command.env("GEMINI_API_KEY", KEY).stdin(terminal()).stderr(terminal());
        let child = command.stdout(Stdio::null()).spawn().unwrap();
        Self { end: File::from(end), child }
    }

    /// Reads until this is shown.
    fn shows(&mut self, text: &str) {
        let (mut seen, mut buffer) = (String::new(), [0; 4096]);
        while !seen.contains(text) {
            let read = self.end.read(&mut buffer).unwrap_or(0);
            assert!(read > 0, "it ended after {seen:?}");
            seen.push_str(&String::from_utf8_lossy(&buffer[..read]));
        }
    }

    fn types(&mut self, text: &str) {
        self.end.write_all(text.as_bytes()).unwrap();
    }

    fn ends(mut self) -> Option<i32> {
        // What it still says is read, lest it waits for that.
        let mut reader = self.end.try_clone().unwrap();
        let rest = std::thread::spawn(move || {
            // The other end of a terminal that is gone gives an error.
            let _ = reader.read_to_end(&mut Vec::new());
        });
        let code = self.child.wait().unwrap().code();
        rest.join().unwrap();
        code
    }
}

#[test]
fn only_a_yes_sends_what_costs_more_than_a_trifle() {
    let house = House::scripted(8, "");
    let server =
        Server::emulator(house.path(), &["--time-scale", "300", "--control", "--answers", "echo"]);
    let table = format!(
        "schema = \"batch-eval/prices/1\"\ndate = \"2026-11-22\"\n\
         [[model]]\nname = \"{MODEL}\"\n[[model.price]]\ninput = 100000\noutput = 100000\n"
    );
    house.write("prices.toml", &table);
    let mut words = run_words(&server, "asked", &[MODEL]);
    words.extend(["--prices", "prices.toml"]);
    for no in ["n\n", "\n", "yesterday\n", "\u{4}"] {
        let mut terminal = Terminal::start(&house, &words);
        terminal.shows("Send it? [y/N]");
        assert_eq!(creates(&server).len(), 0);
        terminal.types(no);
        assert_eq!((terminal.ends(), creates(&server).len()), (Some(2), 0), "{no:?}");
    }
    // `resume` asks the same, and yes sends it.
    let mut terminal = Terminal::start(&house, &["resume", "asked", "--poll-interval", "30ms"]);
    terminal.shows("Send it? [y/N]");
    terminal.types("y\n");
    assert_eq!((terminal.ends(), creates(&server).len()), (Some(0), 1));
    // Nobody is asked twice for what is paid for already.
    let mut terminal = Terminal::start(&house, &words);
    terminal.shows("going on");
    assert_eq!((terminal.ends(), creates(&server).len()), (Some(0), 1));
}
