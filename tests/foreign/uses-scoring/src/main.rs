//! Registers a scorer of its own beside the built-in ones, and uses both on a result file.

use std::error::Error;

use scoring::{Keys, Needs, Pass, Registry, Row, Scorer, Scores, Verdict, View};

/// Passes answers that end in a full stop.
#[derive(Debug)]
struct Sentence;

impl Scorer for Sentence {
    fn name(&self) -> &str {
        "sentence"
    }

    fn needs(&self) -> Needs {
        Needs::NOTHING
    }

    fn score(&self, row: &Row<'_>) -> Verdict {
        let candidate = row.response.and_then(|it| it.get("candidates")).and_then(|it| it.at(0));
        let parts = candidate.and_then(|it| it.get("content")).and_then(|it| it.get("parts"));
        match parts.and_then(|it| it.at(0)).and_then(|it| it.get("text")).and_then(View::as_str) {
            Some(text) => Verdict::Pass(text.trim_end().ends_with('.')),
            None => Verdict::unscorable("it has no text"),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut registry = Registry::builtin();
    registry.register("sentence", "passes whole sentences", |_| Ok(Box::new(Sentence)))?;
    let scorers = vec![
        registry.build("sentence")?,
        registry.build("function-call")?,
        registry.build("any(sentence, function-call)")?,
    ];
    let results = concat!(
        r#"{"key":"r00000002-00000003","response":{"candidates":[{"content":{"parts":[{"text":"Yes."}]}}]}}"#,
        "\n",
        r#"{"key":"r00000000-00000001","response":{"candidates":[{"content":{"parts":[{"functionCall":{"name":"f"}}]}}]}}"#,
        "\n",
        r#"{"key":"r00000001-00000002","response":{"candidates":[{"content":{"parts":[{"text":"no"}]}}]}}"#,
        "\n",
    );
    let mut scores = Scores::new(3, &scorers);
    let summary =
        Pass::new(&scorers).keys(Keys::ours(0..3)).run(results.as_bytes(), &mut scores)?;
    assert!(summary.adds_up());
    let tallies: Vec<(u64, u64)> = (0..3)
        .filter_map(|scorer| scores.tally(scorer))
        .map(|tally| (tally.passes, tally.scored))
        .collect();
    assert_eq!(tallies[..2], [(1, 2), (1, 3)]);
    assert_eq!(tallies[2].0, 2, "one or the other passes");
    assert!(registry.build("sentense").is_err(), "a name nobody registered");
    println!("{tallies:?}");
    Ok(())
}
