//! `batch-eval man`: man pages made of the same words as `--help`.

use std::io;
use std::path::Path;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;
use eval_report::sanitize;
use serde_json::json;

use crate::args::{Cli, ManArgs};
use crate::exit::{Failure, Outcome};
use crate::ui::Ui;

/// A page: the name of its file, and its text.
type Page = (String, Vec<u8>);

pub(crate) fn man(ui: Ui, args: &ManArgs) -> Outcome<()> {
    let pages = pages().map_err(|error| Failure::io("failed to make the man pages", &error))?;
    let Some(folder) = &args.folder else {
        let first = pages.into_iter().next().map(|(_, text)| text).unwrap_or_default();
        let text = String::from_utf8_lossy(&first).into_owned();
        return if ui.json {
            Ui::object(&json!({"type": "man", "page": text}))
        } else {
            Ui::result(&text)
        };
    };
    write(folder, &pages).map_err(|error| {
        let shown = folder.display().to_string();
        Failure::io(format!("failed to write to {}", sanitize(&shown)), &error)
    })?;
    let names: Vec<&String> = pages.iter().map(|(name, _)| name).collect();
    if ui.json {
        return Ui::object(&json!({"type": "man", "folder": folder, "pages": names}));
    }
    let shown = folder.display().to_string();
    ui.note(&format!("wrote {} pages to {}", names.len(), sanitize(&shown)));
    Ok(())
}

fn write(folder: &Path, pages: &[Page]) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    pages.iter().try_for_each(|(name, text)| std::fs::write(folder.join(name), text))
}

/// The page of the program, then one for each command and for each command below it.
fn pages() -> io::Result<Vec<Page>> {
    let mut program = Cli::command();
    program.build();
    let mut found = vec![page("batch-eval", &program)?];
    below("batch-eval", &program, &mut found)?;
    Ok(found)
}

fn below(name: &str, command: &Command, found: &mut Vec<Page>) -> io::Result<()> {
    let is_ours = |command: &&Command| !command.is_hide_set() && command.get_name() != "help";
    for command in command.get_subcommands().filter(is_ours) {
        let name = format!("{name}-{}", command.get_name());
        found.push(page(&name, command)?);
        below(&name, command, found)?;
    }
    Ok(())
}

fn page(name: &str, command: &Command) -> io::Result<Page> {
    let mut text = Vec::new();
    let man = Man::new(command.clone()).title(name).manual("batch-eval");
    man.source(crate::version::LONG).render(&mut text)?;
    Ok((format!("{name}.1"), text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_a_page_and_all_pages_are_alike_twice() {
        let pages = pages().unwrap();
        let program = Cli::command();
        for command in program.get_subcommands().filter(|command| command.get_name() != "help") {
            let name = format!("batch-eval-{}.1", command.get_name());
            assert!(pages.iter().any(|(page, _)| *page == name), "{name}");
        }
        for (name, text) in &pages {
            let text = String::from_utf8_lossy(text);
            assert!(text.contains(".SH SYNOPSIS"), "{name}");
        }
        assert_eq!(pages, super::pages().unwrap());
    }
}
