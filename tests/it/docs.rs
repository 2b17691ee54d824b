//! Whoever types what the pages show, sees what the pages show.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tests::pages::{Reader, blocks, pages, shows};

#[test]
fn every_command_of_the_docs_runs_and_prints_what_is_shown() {
    let pages = pages();
    let next = AtomicUsize::new(0);
    let complaints = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, text)) = pages.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let wrong = Reader::new().follow(text);
                    let named = wrong.into_iter().map(|wrong| format!("{name}, {wrong}"));
                    complaints.lock().unwrap().extend(named);
                }
            });
        }
    });
    let complaints = complaints.into_inner().unwrap();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n\n"));
}

#[test]
fn the_index_names_every_page() {
    let index = pages().into_iter().find(|(name, _)| name == "docs/README.md").unwrap().1;
    for (page, _) in pages() {
        let Some(page) = page.strip_prefix("docs/") else { continue };
        assert!(page == "README.md" || index.contains(&format!("]({page})")), "no link to {page}");
    }
}

#[test]
fn commands_of_the_checkout_exist() {
    let main = std::fs::read_to_string(tests::process::root().join("xtask/src/main.rs")).unwrap();
    let mut seen = 0;
    for (page, text) in pages() {
        for block in blocks(&text).iter().filter(|block| block.language == "sh") {
            let lines = block.text.lines().filter_map(|line| line.strip_prefix("cargo xtask "));
            for word in lines.filter_map(|rest| rest.split_whitespace().next()) {
                assert!(main.contains(&format!("\"{word}\"")), "{page}: cargo xtask {word}");
                seen += 1;
            }
        }
    }
    assert!(seen >= 2, "{seen} commands");
}

#[test]
fn a_page_that_is_wrong_is_noticed() {
    let mut reader = Reader::new();
    let right = "```sh\nbatch-eval transform logs.jsonl -o out.jsonl   # a file\n```\n\n```console\n$ wc -l out.jsonl\n85 …\n$ batch-eval run nothing.jsonl\n…\n$ echo $?\n2\n```\n";
    assert_eq!(reader.follow(right), Vec::<String>::new());
    for wrong in [
        "```sh\nbatch-eval transform logs.jsonl --no-such-flag\n```\n",
        "```sh\nfalse\ntrue\n```\n",
        "```console\n$ wc -l out.jsonl\n86 …\n```\n",
        "```console\n$ batch-eval run nothing.jsonl\n…\n```\n",
        "```console\nnothing\n```\n",
        "<!-- parsed: needs a GPU -->\n```sh\nx | batch-eval run - --no-such-flag '|' # y\n```\n",
    ] {
        assert_eq!(reader.follow(wrong).len(), 1, "{wrong}");
    }
    let parsed = "<!-- parsed: needs the net -->\n```sh\nx | batch-eval run - --name '|' > y # z --nonsense\n```\n";
    assert_eq!(reader.follow(parsed), Vec::<String>::new());
    let file = "<!-- file: a.toml -->\n```toml\nmodels = [\"sim-pro\"]\n```\n```console\n$ cat a.toml\nmodels = [\"sim-pro\"]\n```\n";
    assert_eq!(reader.follow(file), Vec::<String>::new());
    let keyed = "<!-- with a key -->\n```sh\nexport GEMINI_API_KEY=…\nbatch-eval check logs.jsonl -m gemini-x\n```\n";
    assert_eq!(reader.follow(keyed), Vec::<String>::new());
}

#[test]
fn what_is_left_out_is_left_out_where_the_page_says_so() {
    assert!(shows("a …\nb", "a 12\nb  \n\n") && shows("…", "") && shows("…\nb\n…", "a\nb\nb"));
    assert!(shows("… of …, x", "3 of 4 of 5, x") && shows("a\n…\nb", "a\nb"));
    assert!(!shows("a", "a\nb") && !shows("a …", "b 1") && !shows("a\n…\nc\nd", "a\nc\nx\nd"));
    assert!(!shows("a … c", "a b d") && !shows("", "a"));
}
