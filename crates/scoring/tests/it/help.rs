//! The page about the built-in scorers says what the registry's catalog says.

use std::fmt::Write as _;

use scoring::Registry;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/scorers.md");
const START: &str = "<!-- from the catalog -->\n";

/// The part of the page that is made of the catalog.
fn catalog() -> String {
    let registry = Registry::builtin();
    let mut page = String::new();
    for entry in registry.catalog() {
        let (first, rest) = entry.about.split_at(1);
        let about = first.to_uppercase() + rest;
        let _ = write!(page, "\n### `{}`\n\n{about}.\n\n", entry.name);
        if !entry.params.is_empty() {
            page.push_str("| parameter | is | by default | |\n|---|---|---|---|\n");
        }
        for param in entry.params {
            let default = if param.default.is_empty() { "–" } else { param.default };
            let _ = writeln!(
                page,
                "| `{}` | {} | {default} | {} |",
                param.name, param.kind, param.about
            );
        }
        if !entry.params.is_empty() {
            page.push('\n');
        }
        let _ = write!(page, "```text\n{}\n```\n", entry.example);
    }
    page
}

#[test]
fn the_page_about_scorers_says_what_the_catalog_says() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, there) = page.split_once(START).unwrap();
    let want = catalog();
    if there != want && std::env::var_os("BLESS").is_some() {
        std::fs::write(PAGE, format!("{before}{START}{want}")).unwrap();
        return;
    }
    assert!(there == want, "docs/scorers.md is behind: run this test with BLESS=1");
}

#[test]
fn the_page_shows_only_scorers_that_there_are() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let registry = Registry::builtin();
    let mut shown = 0;
    for block in page.split("```text\n").skip(1) {
        for text in block.split("```").next().unwrap_or_default().lines() {
            let built = registry.build(text);
            let problem = built.err().map(|error| format!("{error}\n{}", error.caret()));
            let needs_prices = text.starts_with("cost");
            assert!(problem.is_none() || needs_prices, "{}", problem.unwrap_or_default());
            shown += 1;
        }
    }
    assert!(shown > 40, "{shown}");
}
