//! The fake server as a process of its own, for tests that kill the program under test.
//!
//! Settings are words (`create=drop+400ms end=expired`). The first line printed is the base URL;
//! the process ends when its standard input does, and so never outlives the test that started it.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use tests::fake::{FakeServer, Knobs};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "fake-server: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(words: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let server = FakeServer::start(Knobs::from_words(words.iter().map(String::as_str))?)?;
    writeln!(io::stdout(), "{}", server.base_url())?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
