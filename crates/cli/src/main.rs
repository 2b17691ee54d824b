//! The program: three lines around [`cli::App`].

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::App::default().run()
}
