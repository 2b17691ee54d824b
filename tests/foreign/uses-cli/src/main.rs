//! A `batch-eval` of its own: the whole program with one more scorer, used on a result file.

use std::error::Error;
use std::fs;

use cli::App;
use scoring::{Needs, Row, Scorer, Verdict};

/// Passes rows that were answered at all.
#[derive(Debug)]
struct Answers;

impl Scorer for Answers {
    fn name(&self) -> &str {
        "answers"
    }

    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        Verdict::Pass(row.response.is_some())
    }
}

fn app() -> Result<App, scoring::RegistryError> {
    App::default()
        .with_scorer("answers", "the model said anything at all", |_| Ok(Box::new(Answers)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::temp_dir().join(format!("uses-cli-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let results = folder.join("results.jsonl");
    fs::write(
        &results,
        "{\"response\":{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"t\"}]}}]}}\n",
    )?;
    let words = ["batch-eval", "score", "--scorer", "answers"].map(Into::into);
    let ours = app()?.run_from(words.into_iter().chain([results.clone().into_os_string()]));
    let words = ["batch-eval", "score", "--scorer", "nobody-registered-this"].map(Into::into);
    let unknown = app()?.run_from(words.into_iter().chain([results.into_os_string()]));
    fs::remove_dir_all(&folder)?;
    // An exit code can only be looked at through its debug form.
    assert_eq!(format!("{ours:?}"), format!("{:?}", std::process::ExitCode::SUCCESS));
    assert_ne!(format!("{unknown:?}"), format!("{ours:?}"), "an unknown scorer is refused");
    Ok(())
}
