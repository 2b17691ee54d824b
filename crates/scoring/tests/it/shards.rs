//! Several files of one model: inputs cut into shards, later attempts at the same rows, rows that were not sent.

use scoring::{Copies, Form, Keys, Outcome, Pass, PassSummary, Scores};

use crate::support::{call, error, file, letters, scorers, text};

fn add(scores: &mut Scores, keys: Keys<'_>, copies: &Copies, lines: &[String]) -> PassSummary {
    let scorers = scorers();
    let pass = Pass::new(&scorers).keys(keys).copies(copies);
    let summary = pass.run(file(lines).as_bytes(), scores).unwrap();
    assert!(summary.adds_up(), "{summary:?}");
    assert_eq!(scores.outcomes().total(), scores.rows());
    let tally = scores.tally(0).unwrap();
    assert_eq!(tally.scored + tally.unscorable, scores.outcomes().seen_by_scorers());
    summary
}

#[test]
fn shards_fill_their_own_rows_and_no_others() {
    let mut scores = Scores::new(6, &scorers());
    let none = Copies::default();
    let mut all = add(&mut scores, Keys::ours(0..3), &none, &[call(2), text(0), call(4)]);
    assert_eq!((letters(&scores).as_str(), all.foreign), ("a-A---", 1), "row 4 is of shard 2");
    let second = add(&mut scores, Keys::ours(3..6), &none, &[text(5), call(3), call(2)]);
    assert_eq!((letters(&scores).as_str(), second.foreign), ("a-AA-a", 1));
    all.absorb(&second);
    assert!(all.adds_up());
    assert_eq!((all.rows, all.foreign, all.lines, all.kept), (4, 2, 6, 0));
    assert_eq!(all.tokens.rows, 4);
    let foreign: Vec<_> = all.foreign_keys.iter().map(|bad| (bad.line, &*bad.text)).collect();
    assert_eq!(foreign, [(3, "r00000004-1f9c03ab"), (3, "r00000002-1f9c03ab")]);
}

#[test]
fn a_later_attempt_replaces_what_is_no_answer_and_nothing_else() {
    let mut scores = Scores::new(6, &scorers());
    let none = Copies::default();
    let broken = call(3).replace(']', "");
    add(&mut scores, Keys::ours(0..6), &none, &[call(0), error(1), text(2), broken]);
    assert_eq!(letters(&scores), "Axau--");
    let later = [text(0), call(1), call(2), text(2), call(3), error(4)];
    let second = add(&mut scores, Keys::ours(0..6), &none, &later);
    assert_eq!(letters(&scores), "AAaAx-", "a conflict among later lines is none of row 2's");
    assert_eq!((second.kept, second.conflicts, second.rows), (2, 1, 5));
    let third = add(&mut scores, Keys::ours(0..6), &none, &[error(0), text(4), call(5), text(5)]);
    assert_eq!((letters(&scores).as_str(), third.kept), ("AAaAac", 1));
}

#[test]
fn the_answer_of_a_row_counts_for_its_copies_too() {
    let mut scores = Scores::new(8, &scorers());
    // 2 and 7 are copies of 0, 5 of 3, 6 of 4; 7 stands in another shard.
    let copies = Copies::new([(2, 0), (7, 0), (5, 3), (6, 4)]);
    let lines = [call(0), call(0), text(3), call(3), error(4), call(1), call(2)];
    let summary = add(&mut scores, Keys::ours(0..7), &copies, &lines);
    assert_eq!(letters(&scores), "AAAcxcxA");
    assert_eq!((summary.rows, summary.copies), (4, 4));
    assert_eq!((summary.foreign, summary.doubles, summary.conflicts), (1, 1, 1), "2 was not sent");
    assert_eq!(summary.tokens.rows, 3, "a copy costs nothing");
    assert_eq!(scores.outcomes().get(Outcome::Answered), 4);
    let again = add(&mut scores, Keys::ours(0..7), &copies, &[text(0), text(4)]);
    assert_eq!(letters(&scores), "AAAcacaA");
    assert_eq!((again.kept, again.copies), (3, 3));
}

#[test]
fn a_broken_line_is_its_copies_damage_too() {
    let mut scores = Scores::new(3, &scorers());
    let broken = call(0).replace(']', "");
    let copies = Copies::new([(1, 0)]);
    let summary = add(&mut scores, Keys::ours(0..3), &copies, &[broken]);
    assert_eq!((letters(&scores).as_str(), summary.copies), ("uu-", 1));
}

#[test]
fn logged_rows_of_a_shard_find_their_places() {
    let scorers = scorers();
    let mut scores = Scores::new(4, &scorers);
    let pass = Pass::new(&scorers).keys(Keys::ours(2..4)).form(Form::Logged);
    pass.run(file(&[call(2), text(3), call(1)]).as_bytes(), &mut scores).unwrap();
    assert_eq!(letters(&scores), "--Aa");
}
