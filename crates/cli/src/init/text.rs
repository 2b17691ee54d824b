//! The text of a new settings file: what is set, what could be, and what was seen that speaks for it.

use std::fmt::Write as _;

use eval_report::{display_width, sanitize};

use super::look::{Look, Seen};
use super::suggest::Suggestion;
use crate::catalog::Catalog;
use crate::layout::wrap;
use crate::words::{grouped, rows};

/// Lines of the file are no longer, where that can be.
const WIDTH: usize = 96;
/// Comments behind a setting begin in this column.
const BEHIND: usize = 44;

/// What a new file is made of.
pub(super) struct Page<'a> {
    pub(super) dataset: Option<String>,
    pub(super) models: &'a [String],
    pub(super) look: Option<&'a Look>,
    pub(super) scorers: Vec<Suggestion>,
    pub(super) catalog: &'a Catalog,
}

/// The file as it grows. What is not set stands as a comment that only lacks its mark.
#[derive(Default)]
struct Lines(String);

impl Lines {
    /// A comment, wrapped; text from outside in it can do nothing.
    fn say(&mut self, text: &str) {
        for line in wrap(&sanitize(text), WIDTH - 2) {
            let _ = writeln!(self.0, "# {line}");
        }
    }

    fn blank(&mut self) {
        self.0.push('\n');
    }

    fn set(&mut self, setting: &str) {
        let _ = writeln!(self.0, "{setting}");
    }

    /// A setting that is not made, with a word about it behind.
    fn could(&mut self, setting: &str, why: &str) {
        let line = format!("# {setting}");
        let space = BEHIND.saturating_sub(display_width(&line)).max(2);
        let behind = if why.is_empty() {
            String::new()
        } else {
            format!("{}# {}", " ".repeat(space), sanitize(why))
        };
        let _ = writeln!(self.0, "{line}{behind}");
    }
}

/// A text as TOML writes it: as it is between single quotes where that can be, with escapes else.
fn quoted(text: &str) -> String {
    if text.contains('"') && !text.contains(['\'', '\\']) && sanitize(text) == text {
        return format!("'{text}'");
    }
    // JSON's escapes are TOML's too, but for a slash that needs none, and what is above ASCII stays.
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            c if sanitize(c.encode_utf8(&mut [0; 4])) != c.to_string() => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn list(texts: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(", "))
}

/// Values with how often each was met.
fn values(seen: &Seen, most: usize) -> String {
    let all = seen.most();
    let named = all.iter().take(most).map(|(name, rows)| format!("{name} ({})", grouped(*rows)));
    let mut text = named.collect::<Vec<_>>().join(", ");
    if all.len() > most {
        let _ = write!(text, ", {} more", all.len() - most);
    }
    text
}

impl Page<'_> {
    /// The scorers that are set.
    pub(super) fn active_scorers(&self) -> Vec<&str> {
        self.scorers.first().map(|first| first.scorer.as_str()).into_iter().collect()
    }

    pub(super) fn render(&self) -> String {
        let mut lines = Lines::default();
        lines.say(
            "Settings of batch-eval. `batch-eval run` reads this file from the folder it is called in; flags \
             come before it. `batch-eval check` says whether all of it holds, before anything is spent. A line \
             with a `#` before a setting is not set. Every field: docs/config.md.",
        );
        lines.blank();
        self.dataset(&mut lines);
        self.models(&mut lines);
        self.scorers(&mut lines);
        self.comparison(&mut lines);
        money(&mut lines);
        patience(&mut lines);
        variants(&mut lines);
        lines.0
    }

    fn dataset(&self, lines: &mut Lines) {
        match self.look {
            Some(look) => {
                let mut text = format!(
                    "The dataset, from a look at {}: {} with a logged answer",
                    look.extent(),
                    rows(look.with_response)
                );
                if look.models.distinct() > 0 {
                    let by = if look.with_response > 0 { ", by" } else { "; the requests name" };
                    let _ = write!(text, "{by} {}", values(&look.models, 4));
                }
                lines.say(&format!("{text}."));
                if look.unreadable > 0 {
                    let all = rows(look.rows + look.unreadable);
                    lines.say(&format!(
                        "{} of {all} hold no request: `bad_rows` below says what becomes of such rows.",
                        grouped(look.unreadable)
                    ));
                }
            }
            None => {
                lines
                    .say("The dataset: one JSON object a line, {\"request\": …, \"response\": …}.");
            }
        }
        match &self.dataset {
            Some(name) => lines.set(&format!("dataset = {}", quoted(name))),
            None => {
                lines.could("dataset = \"logs.jsonl\"", "also .gz and .zst; - is standard input");
            }
        }
        lines.could(
            "bad_rows = \"skip\"",
            "leave out rows that cannot be sent; else they stop the run",
        );
        lines.blank();
    }

    fn models(&self, lines: &mut Lines) {
        lines.say(&format!(
            "The models to compare (names of {}). You pay for every row times every model. Without any, and \
             without a key, the built-in emulator answers, free of charge.",
            self.catalog.as_of
        ));
        if self.models.is_empty() {
            lines.could(&format!("models = {}", list(&self.catalog.default_pair)), "");
        } else {
            lines.set(&format!("models = {}", list(self.models)));
        }
        lines.blank();
    }

    fn scorers(&self, lines: &mut Lines) {
        lines.say("How a row is judged; several scorers make several figures.");
        if let Some(look) = self.look.filter(|look| look.with_tools > 0) {
            lines.say(&format!(
                "{} of {} rows declare functions: {}.",
                grouped(look.with_tools),
                grouped(look.rows),
                values(&look.functions, 5)
            ));
        }
        if let Some(look) = self.look.filter(|look| look.with_tools == 0 && look.texts > 0) {
            let answers = match look.answers.distinct() {
                n @ 1..=20 if look.answers.others == 0 => {
                    format!(" They are {n} different ones: {}.", values(&look.answers, 8))
                }
                _ => String::new(),
            };
            lines.say(&format!(
                "No row declares a function; {} of {} logged answers are text, {} of them JSON.{answers}",
                grouped(look.texts),
                grouped(look.with_response),
                grouped(look.jsons),
            ));
        }
        for (at, suggestion) in self.scorers.iter().enumerate() {
            let setting = format!("scorer = {}", list([&suggestion.scorer]));
            if at == 0 {
                lines.say(&format!("This one: {}.", suggestion.why));
                lines.set(&setting);
            } else {
                lines.could(&setting, &suggestion.why);
            }
        }
        lines.could(
            "scorer = [\"jq:EXPRESSION\", \"python:FILE.py\"]",
            "your own: docs/scoring-plugins.md",
        );
        lines.blank();
    }

    fn comparison(&self, lines: &mut Lines) {
        lines.say("What the figures are compared with, and by what they are broken down.");
        lines.could("baseline = \"logged\"", "the logged answers, or one of the models");
        lines.could("gate = [\"MODEL >= logged - 0.02\"]", "fail where a model is worse than that");
        let Some(look) = self.look else {
            lines.could("slices = [\"/metadata/language\"]", "figures for each value of a field");
            lines.could("cluster = \"/metadata/conversation\"", "rows that belong together");
            lines.blank();
            return;
        };
        for (pointer, seen) in look.slices().take(6) {
            lines.could(&format!("slices = {}", list([pointer])), &values(seen, 4));
        }
        for (pointer, seen) in look.clusters().take(3) {
            let why = format!(
                "{} values in {} rows: such rows are not independent",
                grouped(seen.distinct() as u64),
                grouped(seen.rows())
            );
            lines.could(&format!("cluster = {}", quoted(pointer)), &why);
        }
        if look.fields.is_empty() {
            lines.say(
                "No field stands beside `request` and `response` that rows could be grouped by.",
            );
        }
        lines.blank();
    }
}

fn money(lines: &mut Lines) {
    lines.say("Money, in US dollars.");
    lines.could("budget = 5", "start nothing that may cost more, over all of a run");
    lines.could("ask_above = 1", "ask before a run that may cost more");
    lines.blank();
}

fn patience(lines: &mut Lines) {
    lines.say("What becomes of rows that fail and of jobs that do not end.");
    lines.could("retry_rows = 1", "send rows that failed or never came once more");
    lines.could("stuck_after = \"24h\"", "the age from which a job is stuck …");
    lines.could("stuck_then = \"split\"", "… and what then: wait, cancel or split");
    lines.could("accept_partial = true", "take a report with missing rows as success");
    lines.blank();
}

fn variants(lines: &mut Lines) {
    lines.say(
        "Variants of the prompt, each run by each model; the requests as they are without any.",
    );
    for setting in [
        "[[variant]]",
        "name = \"as-logged\"",
        "[[variant]]",
        "name = \"terse\"",
        "system_instruction = \"Answer in one short sentence.\"",
        "generation_config = { temperature = 0.2 }",
    ] {
        lines.could(setting, "");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn texts_from_outside_stay_texts() {
        for text in ["a\"b\\c", "new\nline", "\u{202e}x", "ä 模 😀", "", "'"] {
            let read = Config::parse(&format!("baseline = {}", quoted(&format!("x{text}"))));
            assert_eq!(read.unwrap().baseline.unwrap(), format!("x{text}"));
        }
    }

    #[test]
    fn what_could_be_set_is_right_once_it_is_set() {
        let catalog = Catalog::bundled().unwrap();
        let scorers = super::super::suggest::scorers(None, &scoring::Registry::builtin());
        let page = Page { dataset: None, models: &[], look: None, scorers, catalog: &catalog };
        let text = page.render();
        assert_eq!(Config::parse(&text).unwrap().scorers, ["function-call"]);
        let is_setting = |line: &&str| line.contains(" = ") || line.contains("[[");
        let mut set = 0;
        for line in text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_setting) {
            let needs = if line.starts_with("[[variant]]") { "\nname = \"x\"" } else { "" };
            let within = ["name", "system_instruction", "generation_config"];
            let head = match within.iter().any(|field| line.starts_with(field)) {
                true if line.starts_with("name") => "[[variant]]\n",
                true => "[[variant]]\nname = \"x\"\n",
                false => "",
            };
            Config::parse(&format!("{head}{line}{needs}"))
                .unwrap_or_else(|e| panic!("{line}: {e}"));
            set += 1;
        }
        assert!(set >= 15, "{set} settings in\n{text}");
    }
}
