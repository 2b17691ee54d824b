//! The report for a pull request: short, complete, and no place for markup from outside.

use eval_report::{Conclude, Gate, Paint, Slicing, Terminal, to_markdown};
use insta::assert_snapshot;

use crate::support::{concluded, pair};

fn full() -> eval_report::Report {
    let [a, b] = pair(36, 12, 2, 0);
    let gates =
        [Gate::parse("sim-pro >= logged - 0.02").unwrap(), Gate::parse("sim-pro >= 0.99").unwrap()];
    let mut slicing = Slicing::new("/country");
    for row in 0..50 {
        slicing.push(Some(if row % 3 == 0 { "de" } else { "fr" }));
    }
    let slices = [slicing];
    let how = Conclude { gates: &gates, slices: &slices, ..Conclude::default() };
    concluded(&[("logged", &b), ("sim-pro", &a)], &how)
}

#[test]
fn a_pull_request_gets_verdict_figures_and_commands() {
    assert_snapshot!("pull-request", to_markdown(&full()));
}

#[test]
fn the_terminal_fits_its_width() {
    for width in [60, 80, 100, 140] {
        let text = Terminal { width, paint: Paint::Plain }.render(&full());
        assert!(text.lines().all(|line| eval_report::display_width(line) <= width), "{width}");
        assert_snapshot!(format!("full-{width}"), text);
    }
}

#[test]
fn hostile_names_stay_text() {
    let mut report = full();
    let hostile = "a|b`c`<img src=x onerror=alert(1)>[x](https://evil.example)@everyone\n# head";
    report.models[1].label = hostile.to_owned();
    report.dataset.as_mut().unwrap().name = hostile.to_owned();
    for found in &mut report.comparisons {
        found.a = hostile.to_owned();
        found.sentence = format!("{hostile} beats logged.");
    }
    let text = to_markdown(&report);
    let (prose, commands) = text.split_once("```sh").unwrap();
    for live in ["<img", "](http", "@everyone", "\n# head", " `c`", "https://"] {
        let bare = prose.replace(r"\<", "").replace(r"\]", "").replace(r"\`", "");
        assert!(!bare.contains(live), "{live} in {prose}");
    }
    let cells = prose.lines().filter(|line| line.starts_with('|') && line.contains("img"));
    for line in cells {
        assert!(line.ends_with(" |"));
    }
    assert!(commands.contains("'a|b`c`<img src=x onerror=alert(1)>"), "one word for the shell");
    assert_eq!(commands.matches("```").count(), 1);
}
