//! `batch-eval completions`: what a shell needs to complete our words.

use clap::CommandFactory as _;
use serde_json::json;

use crate::args::{Cli, CompletionsArgs};
use crate::exit::Outcome;
use crate::ui::Ui;

pub(crate) fn completions(ui: Ui, args: &CompletionsArgs) -> Outcome<()> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "batch-eval", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    if ui.json {
        let shell = args.shell.to_string();
        return Ui::object(&json!({"type": "completions", "shell": shell, "script": script}));
    }
    Ui::result(&script)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, ValueEnum as _};
    use clap_complete::Shell;

    use crate::args::Cli;

    #[test]
    fn every_shell_learns_every_command() {
        for shell in Shell::value_variants() {
            let mut script = Vec::new();
            clap_complete::generate(*shell, &mut Cli::command(), "batch-eval", &mut script);
            let script = String::from_utf8(script).unwrap();
            for command in Cli::command().get_subcommands() {
                assert!(script.contains(command.get_name()), "{shell}: {}", command.get_name());
            }
        }
    }
}
