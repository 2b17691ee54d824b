//! The GitHub Action without GitHub: its script, and the workflow that its page shows.

use std::fs;
use std::process::Command;

use tests::house::House;
use tests::pages::blocks;
use tests::process::{Said, Server, batch_eval, binary, root};

fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The step that evaluates, in a workspace with a dataset. `more` are further variables.
fn evaluate(house: &House, more: &[(&str, &str)]) -> Said {
    let sample = root().join("crates/cli/data/sample.jsonl");
    fs::copy(sample, house.path().join("data.jsonl")).unwrap();
    let mut command = Command::new(root().join(".github/actions/batch-eval/evaluate.sh"));
    command.current_dir(house.path()).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", house.path());
    command.env("BATCH_EVAL", binary()).env("BATCH_EVAL_RUNS_DIR", "kept");
    command.env("GITHUB_OUTPUT", "outputs").env("GITHUB_STEP_SUMMARY", "summary.md");
    let usual = [
        ("DATASET", "data.jsonl"),
        ("MODELS", "\n  sim-flash\n  sim-pro\n"),
        ("NAME", "nightly"),
        ("GATE", "sim-pro >= logged - 0.2\n\nsim-flash >= 0.2"),
        ("BUDGET", "5"),
        ("DEADLINE", "5h"),
        ("WORDS", "--accept-partial\n--seed=1\n"),
    ];
    command.envs(usual).envs(more.iter().copied());
    Said::from(command.output().unwrap())
}

fn file(house: &House, name: &str) -> String {
    fs::read_to_string(house.path().join(name)).unwrap_or_default()
}

#[test]
fn the_action_ends_as_its_gate_does_and_shows_figures_without_rows() {
    let house = House::with_rows(0);
    let said = evaluate(&house, &[]);
    assert_eq!(said.code, Some(0), "{said:?}");
    assert_eq!(file(&house, "outputs"), "exit-code=0\nrun-folder=kept/nightly\n");
    let summary = file(&house, "summary.md");
    assert!(summary.contains("| sim-pro | ") && summary.contains("| sim-flash | "), "{summary}");
    assert!(!summary.contains("merhaba") && !summary.contains("Merhaba"), "no rows: {summary}");
    // The same words again go on with the run, without another job.
    let again = evaluate(&house, &[]);
    assert_eq!((again.code, again.stdout == said.stdout), (Some(0), true), "{again:?}");

    let other = House::with_rows(0);
    let said = evaluate(&other, &[("GATE", "sim-pro >= logged - 0.02")]);
    assert_eq!(said.code, Some(11), "{said:?}");
    assert!(said.stdout.contains("::warning::The gate is undecided"), "{said:?}");
    assert!(file(&other, "summary.md").contains("| sim-pro | "), "there is a report all the same");
}

#[test]
fn jobs_that_outlive_the_step_are_left_to_the_next_one() {
    let house = House::with_rows(0);
    house.write("quick.toml", "poll_interval = \"100ms\"\n");
    let state = house.path().join("service").to_string_lossy().into_owned();
    let slow = Server::emulator(house.path(), &["--state", &state]);
    let said = evaluate(&house, &against(slow.base_url()));
    assert_eq!(said.code, Some(75), "{said:?}");
    assert!(said.stdout.contains("the next run of this workflow goes on"), "{said:?}");
    assert!(file(&house, "outputs").contains("exit-code=75"), "{said:?}");
    assert_eq!(house_journal(&house).matches("\"create_intended\"").count(), 1);

    // A later step, with the folder from the cache; the service soon finishes the job.
    let listen = slow.base_url().trim_start_matches("http://").to_owned();
    drop(slow);
    let words = ["emulator", "--listen", &listen, "--state", &state, "--time-scale", "600"];
    let quick = Server::start(batch_eval(house.path(), words));
    let mut steps = (0..50).map(|_| evaluate(&house, &against(quick.base_url())));
    let said = steps.find(|said| said.code != Some(75)).unwrap();
    assert_eq!(said.code, Some(0), "{said:?}");
    assert!(file(&house, "summary.md").contains("| sim-pro | "), "{said:?}");
    let created = house_journal(&house).matches("\"create_intended\"").count();
    assert_eq!(created, 1, "never a second job");
}

/// What a step is given that uses a key at this address.
fn against(url: &str) -> [(&str, &str); 6] {
    [
        ("GEMINI_API_KEY", "any"),
        ("BATCH_EVAL_CONFIG", "quick.toml"),
        ("GOOGLE_GEMINI_BASE_URL", url),
        ("MODELS", "sim-pro"),
        ("GATE", ""),
        ("DEADLINE", "300ms"),
    ]
}

fn house_journal(house: &House) -> String {
    file(house, "kept/nightly/journal.jsonl")
}

#[test]
fn the_workflow_on_the_page_fits_the_action() {
    let action = text(".github/actions/batch-eval/action.yml");
    let page = text("docs/github-action.md");
    let shown: Vec<_> =
        blocks(&page).into_iter().filter(|block| block.language == "yaml").collect();
    assert_eq!(shown.len(), 1);
    let (_, step) = shown[0].text.split_once("OWNER/batch-eval").unwrap();
    let (_, with) = step.split_once("with:\n").unwrap();
    let (with, _) = with.split_once("      - name").unwrap();
    let inputs: Vec<&str> =
        with.lines().map(|line| line.trim().split(':').next().unwrap()).collect();
    assert_eq!(inputs.len(), 6, "{with}");
    for input in inputs {
        assert!(action.contains(&format!("\n  {input}:\n")), "the action has no input {input}");
    }
    let (_, declared) = action.split_once("\ninputs:\n").unwrap();
    let (declared, _) = declared.split_once("\noutputs:\n").unwrap();
    for line in declared.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ")) {
        let input = line.trim().trim_end_matches(':');
        assert!(page.contains(&format!("`{input}`")), "the page does not tell of {input}");
        assert!(action.contains(&format!("${{{{ inputs.{input} }}}}")), "nothing reads {input}");
    }
    for forbidden in ["upload-artifact", "pull_request_target", "set -x"] {
        let script = text(".github/actions/batch-eval/evaluate.sh");
        for text in [&action, &script, &shown[0].text] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
    }
}
