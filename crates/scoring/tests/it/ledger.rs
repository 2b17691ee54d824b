//! Sound files: every row finds its place, every line is counted, whatever the order and the line ends.

use proptest::prelude::*;
use scoring::{Form, Keys, Outcome, Pass, Scores};

use crate::support::{call, error, file, key, letters, pass, run, scorers, text, with_parts};

#[test]
fn order_does_not_matter_and_what_did_not_come_is_missing() {
    let lines = [call(4), error(2), text(0), call(1)];
    let (scores, summary) = pass(5, file(&lines));
    assert_eq!(letters(&scores), "aAx-A");
    let tally = scores.tally(0).unwrap();
    assert_eq!((tally.passes, tally.scored, tally.unscorable), (2, 3, 0));
    assert_eq!((summary.lines, summary.rows), (4, 4));
    assert_eq!((summary.tokens.prompt, summary.tokens.rows), (240, 3));
    assert_eq!(summary.model_versions.iter().collect::<Vec<_>>(), [("sim-pro", 3)]);
    assert_eq!(summary.finish_reasons.iter().collect::<Vec<_>>(), [("STOP", 3)]);
    assert_eq!(summary.error_codes.iter().collect::<Vec<_>>(), [("13", 1)]);
    assert_eq!(summary.failed_rows[0].message, "Internal error encountered.");
    assert_eq!(scores.outcomes().returned(), 4);
}

#[test]
fn line_ends_blank_lines_and_a_byte_order_mark_are_tolerated() {
    let plain = file(&[call(0), text(1)]);
    let odd = format!("\u{feff}\r\n{}\r\n  \t\n\n{}", call(0), text(1));
    let (scores, summary) = pass(2, &odd);
    assert_eq!(letters(&scores), letters(&pass(2, plain).0));
    assert_eq!((summary.lines, summary.blank, summary.rows), (5, 3, 2));
    assert_eq!(summary.cut_at, None, "a last line that parses is whole without its line end");
}

#[test]
fn an_empty_file_is_all_missing() {
    let (scores, summary) = pass(3, "");
    assert_eq!(letters(&scores), "---");
    assert_eq!((summary.lines, summary.damage().len()), (0, 0));
    assert_eq!(scores.tally(0).unwrap().scored, 0);
}

#[test]
fn a_file_without_our_keys_is_read_by_position() {
    let strangers = [
        r#"{"response":{"candidates":[{"content":{"parts":[{"functionCall":{}}]}}]}}"#,
        r#"{"key":"mine","response":{}}"#,
        "not json",
        r#"{"key":7,"error":{"code":3}}"#,
    ];
    let (scores, summary) =
        run(0, Keys::by_position(), Form::Results, strangers.join("\n").as_bytes());
    assert_eq!(letters(&scores), "Aeux");
    assert_eq!((scores.rows(), summary.rows, summary.foreign), (4, 4, 0));

    let three = Keys::ByPosition { rows: 0..3 };
    let (scores, summary) = run(3, three, Form::Results, strangers.join("\n").as_bytes());
    assert_eq!((letters(&scores).as_str(), summary.foreign), ("Aeu", 1));
}

#[test]
fn logged_rows_without_a_response_are_missing_not_damaged() {
    let (k0, k1, k2) = (key(0), key(1), key(2));
    let lines = [
        format!(
            r#"{{"key":"{k0}","model":"old","response":{{"candidates":[{{"content":{{"parts":[{{"functionCall":{{}}}}]}}}}]}}}}"#
        ),
        format!(r#"{{"key":"{k1}","model":"old","row":{{"status":{{"code":9}}}}}}"#),
        format!(r#"{{"key":"{k2}","response":{{}}}}"#),
    ];
    let (scores, summary) = run(3, Keys::ours(0..3), Form::Logged, file(&lines).as_bytes());
    assert_eq!(letters(&scores), "A-e");
    assert!(summary.bad_lines.is_empty() && summary.damage().is_empty());
    assert_eq!(summary.model_versions.iter().collect::<Vec<_>>(), [("old", 1)]);
}

#[test]
fn a_dataset_is_its_own_baseline() {
    let dataset = concat!(
        r#"{"request":{"model":"m1","contents":[]},"response":{"candidates":[{"content":{"parts":[{"functionCall":null}]}}]}}"#,
        "\n",
        r#"{"request":{"model":"m1","contents":[]}}"#,
    );
    let (scores, summary) = run(0, Keys::by_position(), Form::Logged, dataset.as_bytes());
    assert_eq!(letters(&scores), "A-");
    assert_eq!(summary.model_versions.iter().collect::<Vec<_>>(), [("m1", 1)]);
}

#[test]
fn a_second_file_fills_gaps_and_replaces_errors_but_no_answer() {
    let scorers = scorers();
    let mut scores = Scores::new(4, &scorers);
    let mut all = scoring::PassSummary::default();
    for lines in [[text(0), error(1)], [call(1), call(0)], [error(2), error(1)]] {
        let pass = Pass::new(&scorers).keys(Keys::ours(0..4));
        all.absorb(&pass.run(file(&lines).as_bytes(), &mut scores).unwrap());
    }
    assert_eq!(letters(&scores), "aAx-");
    assert_eq!((all.rows, all.kept, all.lines), (6, 2, 6));
    assert!(all.adds_up());
    assert_eq!(scores.outcomes().get(Outcome::Missing), 1);
}

#[test]
fn shards_go_into_the_same_scores_each_with_its_own_rows() {
    let scorers = scorers();
    let mut scores = Scores::new(4, &scorers);
    for (rows, lines) in [(2..4, [call(3), text(2)]), (0..2, [call(0), call(2)])] {
        let pass = Pass::new(&scorers).keys(Keys::ours(rows));
        let summary = pass.run(file(&lines).as_bytes(), &mut scores).unwrap();
        let foreign = u64::from(lines[1] == call(2));
        assert_eq!(summary.foreign, foreign, "row 2 is of another shard");
    }
    assert_eq!(letters(&scores), "A-aA");
}

proptest! {
    #[test]
    fn any_order_gives_the_same_scores(kinds in proptest::collection::vec(0..6_u8, 1..40), seed in any::<u64>()) {
        let mut lines: Vec<String> = (0..).zip(&kinds).filter_map(|(row, kind)| match kind {
            0 => Some(call(row)),
            1 => Some(text(row)),
            2 => Some(error(row)),
            3 => Some(with_parts(row, "[]")),
            4 => Some(format!(r#"{{"key":"{}"}}"#, key(row))),
            _ => None,
        }).collect();
        let rows = kinds.len() as u64;
        let (ordered, _) = pass(rows, file(&lines));
        let sort_key = |line: &String| {
            line.bytes().fold(seed, |mixed, byte| mixed.rotate_left(7).wrapping_mul(31) ^ u64::from(byte))
        };
        lines.sort_by_key(sort_key);
        let (shuffled, summary) = pass(rows, file(&lines));
        prop_assert_eq!(letters(&ordered), letters(&shuffled));
        prop_assert_eq!(summary.rows, lines.len() as u64);
        let counts = ordered.outcomes();
        prop_assert_eq!(counts.get(Outcome::Missing), rows - lines.len() as u64);
        prop_assert_eq!(counts.iter().map(|(_, rows)| rows).sum::<u64>(), rows);
    }
}
