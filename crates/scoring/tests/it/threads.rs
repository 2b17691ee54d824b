//! Any number of threads and any size of blocks: the same scores, the same account, the same batches' order.

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;
use scoring::{
    BatchScorer, Copies, FunctionCall, Judge, Keys, Needs, Pass, PassError, PassSummary, Row,
    RowKey, Scorer, ScorerError, Scores, Verdict, View,
};

use crate::support::{HASH, call, error, file, key, letters, scorers, text, with_parts};

/// Labels a row with its number and what came before it in the file.
#[derive(Default)]
struct InOrder {
    seen: Vec<u64>,
    short: bool,
    breaks: bool,
}

impl BatchScorer for InOrder {
    fn name(&self) -> &'static str {
        "in-order"
    }
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }
    fn score_batch(&mut self, rows: &[Row<'_>]) -> Result<Vec<Verdict>, ScorerError> {
        if self.breaks {
            let source = "it is gone".into();
            return Err(ScorerError::Failed { scorer: "in-order".to_owned(), source });
        }
        self.seen.extend(rows.iter().map(|row| row.number));
        let verdict = |row: &Row<'_>| {
            let part = row.last_part().map_or("", View::text);
            Verdict::Label(format!("{} {}", row.key, part.len() % 3).into())
        };
        Ok(rows.iter().skip(usize::from(self.short)).map(verdict).collect())
    }
}

fn lines() -> impl Strategy<Value = Vec<String>> {
    let row = 0..12_u64;
    let line = prop_oneof![
        4 => row.clone().prop_map(call),
        3 => row.clone().prop_map(text),
        1 => row.clone().prop_map(error),
        1 => row.clone().prop_map(|row| with_parts(row, r#"[{"text":"ü東"},{"functionCall":{}}]"#)),
        1 => row.clone().prop_map(|row| format!(r#"{{"key":"{}","respo"#, key(row))),
        1 => row.prop_map(|row| call(row).replace("1f9c03ab", "00000000")),
        1 => Just("  ".to_owned()),
        1 => Just("{}".to_owned()),
        1 => (1..400_usize).prop_map(|n| "x".repeat(n)),
    ];
    proptest::collection::vec(line, 0..40)
}

struct Told {
    scores: Scores,
    summary: PassSummary,
    order: Vec<u64>,
}

fn told(file: &[u8], keys: Keys<'_>, copies: &Copies, threads: usize, block: usize) -> Told {
    let (pure, mut batch) = (FunctionCall::last_part(), InOrder::default());
    let mut scores = Scores::named(15, ["in-order", "function-call"]);
    let judges = [Judge::Batch(&mut batch), Judge::Pure(&pure)];
    let pass = Pass::of(judges).keys(keys).copies(copies).longest_line(300);
    let pass = pass.threads(NonZeroUsize::new(threads).unwrap()).block(block);
    let summary = pass.run(file, &mut scores).unwrap();
    Told { scores, summary, order: batch.seen }
}

proptest! {
    #[test]
    fn threads_and_blocks_change_nothing(
        lines in lines(),
        threads in 2..5_usize,
        block in 1..900_usize,
        by_key in any::<bool>(),
        ends in any::<bool>(),
    ) {
        let mut file = file(&lines);
        if !ends {
            file.pop();
        }
        let check = |key: RowKey| key.hash == HASH;
        let keys = || if by_key { Keys::checked(0..12, &check) } else { Keys::by_position() };
        let copies = Copies::new(if by_key { vec![(12, 3), (14, 3), (13, 7)] } else { vec![] });
        let one = told(file.as_bytes(), keys(), &copies, 1, 1 << 20);
        let many = told(file.as_bytes(), keys(), &copies, threads, block);
        prop_assert!(one.summary.adds_up());
        prop_assert_eq!(&one.summary, &many.summary);
        prop_assert_eq!(format!("{:?}", one.scores), format!("{:?}", many.scores));
        prop_assert_eq!(&one.order, &many.order);
        prop_assert_eq!(one.scores.outcomes().total(), one.scores.rows());
        for row in 0..one.scores.rows() {
            let label = one.scores.label(0, row);
            prop_assert_eq!(label.is_some(), one.scores.outcome(row).is_scored());
            prop_assert_eq!(label.is_some(), one.scores.passed(1, row).is_some());
        }
    }
}

#[test]
fn a_batch_scorer_that_breaks_or_miscounts_stops_the_pass() {
    for (batch, want) in [
        (InOrder { breaks: true, ..InOrder::default() }, "scorer \"in-order\" failed"),
        (
            InOrder { short: true, ..InOrder::default() },
            "scorer \"in-order\" gave 1 verdicts for 2 rows",
        ),
    ] {
        let mut batch = batch;
        let mut scores = Scores::named(2, ["in-order"]);
        let results = file(&[call(0), text(1)]);
        let pass = Pass::of([Judge::Batch(&mut batch)]).keys(Keys::ours(0..2));
        let error = pass.run(results.as_bytes(), &mut scores).unwrap_err();
        assert!(matches!(error, PassError::Scorer(_)));
        assert_eq!(error.to_string(), want);
    }
}

/// Panics at the first row of a number.
#[derive(Debug)]
struct Panics(u64);

impl Scorer for Panics {
    fn name(&self) -> &'static str {
        "panics"
    }
    fn needs(&self) -> Needs {
        Needs::NOTHING
    }
    fn score(&self, row: &Row<'_>) -> Verdict {
        assert_ne!(row.number, self.0, "as it was told");
        Verdict::Pass(true)
    }
}

#[test]
fn a_panic_of_a_scorer_ends_the_pass_on_all_threads() {
    for at in [0, 17, 49] {
        let scorers: Vec<Box<dyn Scorer>> = vec![Box::new(Panics(at))];
        let results = file(&(0..50).map(call).collect::<Vec<_>>());
        let mut scores = Scores::new(50, &scorers);
        let threads = NonZeroUsize::new(4).unwrap();
        let pass = Pass::new(&scorers).keys(Keys::ours(0..50)).threads(threads).block(500);
        let ended = catch_unwind(AssertUnwindSafe(|| pass.run(results.as_bytes(), &mut scores)));
        assert!(ended.is_err(), "{at}");
    }
}

#[test]
fn a_line_much_longer_than_a_block_is_one_line() {
    let long = "long ü ".repeat(1 << 20);
    let lines = [call(0), with_parts(1, &format!(r#"[{{"text":"{long}"}}]"#)), call(2), text(3)];
    let scorers = scorers();
    let mut scores = Scores::new(4, &scorers);
    let threads = NonZeroUsize::new(3).unwrap();
    let pass = Pass::new(&scorers).keys(Keys::ours(0..4)).threads(threads).block(4096);
    let summary = pass.run(file(&lines).as_bytes(), &mut scores).unwrap();
    assert_eq!((letters(&scores).as_str(), summary.rows), ("AaAa", 4));
}
