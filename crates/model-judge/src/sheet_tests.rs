//! Tests of the sheet: what both orders together mean, and that nothing is lost in a byte.

use super::*;
use crate::{MOST_LABELS, Scale};

const WINNERS: [Winner; 3] = [Winner::First, Winner::Second, Winner::Tie];

fn pair(forward: Said, backward: Said) -> Sheet {
    let mut sheet = Sheet::new(Kind::Pairwise, 1);
    sheet.note(0, Order::Forward, forward);
    sheet.note(0, Order::Backward, backward);
    sheet
}

#[expect(clippy::unnecessary_wraps, reason = "it stands for what was said")]
fn winner(winner: Winner) -> Said {
    Ok(Opinion::Winner(winner))
}

#[test]
fn orders_that_disagree_are_a_tie() {
    use Winner::{First, Second, Tie};
    for (forward, backward, want) in [
        (First, Second, 1.0),
        (Second, First, 0.0),
        (First, First, 0.5),
        (Second, Second, 0.5),
        (Tie, Tie, 0.5),
        (First, Tie, 1.0),
        (Tie, First, 0.0),
    ] {
        let sheet = pair(winner(forward), winner(backward));
        assert_eq!(sheet.verdict(0), Verdict::Value(want), "{forward:?} {backward:?}");
        let tally = sheet.tally();
        assert_eq!(tally.wins + tally.losses + tally.ties, 1);
        assert_eq!(tally.split == 1, forward == backward && forward != Tie);
    }
}

#[test]
fn swapping_the_two_answers_turns_every_verdict_over() {
    for forward in WINNERS {
        for backward in WINNERS {
            let (Verdict::Value(one), Verdict::Value(other)) = (
                pair(winner(forward), winner(backward)).verdict(0),
                pair(winner(backward), winner(forward)).verdict(0),
            ) else {
                panic!("both are grades")
            };
            assert!((one + other - 1.0).abs() < f64::EPSILON);
        }
    }
}

#[test]
fn half_a_pair_is_no_verdict_and_counts_for_no_place() {
    let sheet = pair(winner(Winner::First), Err(Lack::NotJson));
    assert_eq!(sheet.verdict(0), Verdict::unscorable(Lack::NotJson.reason()));
    let tally = sheet.tally();
    assert_eq!((tally.asked, tally.answered, tally.judged, tally.first), (2, 1, 0, 0));
    assert_eq!((tally.unparsable(), tally.lacks), (1, vec![(Lack::NotJson, 1)]));
}

#[test]
fn every_opinion_and_every_lack_comes_back_from_its_byte() {
    let labels: Vec<String> = (0..MOST_LABELS).map(|n| format!("l{n}")).collect();
    let mut opinions = vec![Opinion::Pass(true), Opinion::Pass(false)];
    opinions.extend((1..=5).map(Opinion::Grade));
    opinions.extend(WINNERS.map(Opinion::Winner));
    opinions.extend(Relation::ALL.map(|(relation, _)| Opinion::Relation(relation)));
    opinions.extend((0..100).map(Opinion::Label));
    let mut sheet = Sheet::new(Kind::Rubric(Scale::Labels(labels)), 1);
    assert_eq!(sheet.said(0, Order::Forward), None);
    for said in opinions.into_iter().map(Ok).chain(Lack::ALL.map(Err)) {
        sheet.note(0, Order::Forward, said);
        assert_eq!(sheet.said(0, Order::Forward), Some(said));
    }
    sheet.note(7, Order::Forward, Ok(Opinion::Pass(true)));
    assert_eq!((sheet.said(7, Order::Forward), sheet.said(0, Order::Backward)), (None, None));
}

#[test]
fn a_row_that_was_asked_about_and_not_answered_is_not_zero() {
    let mut sheet = Sheet::new(Kind::Rubric(Scale::Grade), 2);
    sheet.ask(1, Order::Forward);
    assert_eq!(sheet.verdict(0), Verdict::unscorable("the judge was not asked about this answer"));
    assert_eq!(sheet.verdict(1), Verdict::unscorable("no answer of the judge came"));
    sheet.note(1, Order::Forward, Ok(Opinion::Grade(2)));
    assert_eq!(sheet.verdict(1), Verdict::Value(0.25));
    let mut sum = sheet.tally();
    sum.absorb(&sheet.tally());
    assert_eq!((sum.asked, sum.answered, sum.rows), (2, 2, 2));
}
