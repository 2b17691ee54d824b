//! The gate's three outcomes.

use eval_stats::{
    Decision, PairedCounts, at_least, decide, non_inferiority, non_inferiority_of_scores, two_sided,
};
use proptest::prelude::*;

use super::scores;

fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::Fail => 0,
        Decision::TooLittleData => 1,
        Decision::Pass => 2,
    }
}

proptest! {
    #[test]
    fn a_wider_margin_and_a_better_candidate_never_hurt(
        both in 0..300_u64, only_a in 0..60_u64, only_b in 1..60_u64, margin in 0.0..0.9_f64,
    ) {
        let counts = PairedCounts { both, only_a, only_b, neither: 3 };
        let decision = |counts: &PairedCounts, margin: f64| {
            rank(non_inferiority(counts, margin, 0.95).unwrap().decision)
        };
        let better = PairedCounts { only_a: only_a + 1, only_b: only_b - 1, ..counts };
        prop_assert!(decision(&counts, margin) <= decision(&counts, margin + 0.1));
        prop_assert!(decision(&counts, margin) <= decision(&better, margin));
    }

    #[test]
    fn being_surer_only_takes_decisions_back(
        passes in 0..400_u64, more in 0..400_u64, limit in 0.0..=1.0_f64, c in 0.55..0.95_f64,
    ) {
        prop_assume!(passes + more > 0);
        let at = |c: f64| at_least(passes, passes + more, limit, c).unwrap().decision;
        let (loose, strict) = (at(c), at(c + 0.04));
        prop_assert!(strict == loose || strict == Decision::TooLittleData);
    }

    #[test]
    fn scores_that_are_verdicts_pass_as_verdicts_do(
        rows in prop::collection::vec((any::<bool>(), any::<bool>()), 1..80), margin in 0.0..0.5_f64,
    ) {
        let (a, b): (Vec<bool>, Vec<bool>) = rows.into_iter().unzip();
        let as_score = |passes: &[bool]| -> Vec<f64> {
            passes.iter().map(|pass| f64::from(u8::from(*pass))).collect()
        };
        let verdicts = non_inferiority(&PairedCounts::of(&a, &b).unwrap(), margin, 0.95).unwrap();
        let scores = non_inferiority_of_scores(&as_score(&a), &as_score(&b), margin, 0.95).unwrap();
        prop_assert_eq!(verdicts.decision, scores.decision);
        let (one, other) = (verdicts.bounds.unwrap(), scores.bounds.unwrap());
        prop_assert!((one.low - other.low).abs() < 1e-12 && (one.high - other.high).abs() < 1e-12);
    }

    #[test]
    fn a_candidate_equal_to_its_baseline_never_fails(scores in scores(1..200)) {
        let gate = non_inferiority_of_scores(&scores, &scores, 0.02, 0.95).unwrap();
        // z² / n at z = 1.645 comes below the margin at 133 rows.
        let want = if scores.len() >= 140 { Decision::Pass } else { gate.decision };
        prop_assert_eq!(gate.decision, want);
        prop_assert!(gate.decision != Decision::Fail);
    }
}

#[test]
fn no_rows_are_too_little_data_and_not_an_error() {
    let none = PairedCounts::default();
    let gate = non_inferiority(&none, 0.02, 0.95).unwrap();
    assert_eq!((gate.decision, gate.estimate), (Decision::TooLittleData, None));
    assert_eq!(gate.bounds, None);
    assert_eq!(at_least(0, 0, 0.5, 0.95).unwrap().decision, Decision::TooLittleData);
    let gate = non_inferiority_of_scores(&[], &[], 0.02, 0.95).unwrap();
    assert_eq!((gate.decision, gate.limit), (Decision::TooLittleData, -0.02));
}

#[test]
fn impossible_gates_have_no_answer() {
    let counts = PairedCounts { both: 9, ..PairedCounts::default() };
    for margin in [-0.1, 1.1, f64::NAN] {
        assert_eq!(non_inferiority(&counts, margin, 0.95), None);
        assert_eq!(non_inferiority_of_scores(&[0.5], &[0.5], margin, 0.95), None);
    }
    for confidence in [0.5, 0.2, 1.0, f64::NAN] {
        assert_eq!(two_sided(confidence), None);
        assert_eq!(non_inferiority(&counts, 0.1, confidence), None);
        assert_eq!(at_least(1, 2, 0.1, confidence), None);
    }
    assert_eq!(at_least(3, 2, 0.1, 0.95), None);
    assert_eq!(at_least(1, 2, 1.5, 0.95), None);
    assert_eq!(non_inferiority_of_scores(&[0.5], &[], 0.1, 0.95), None);
}

#[test]
fn the_limit_itself_passes() {
    let bounds = eval_stats::Interval { low: 0.5, high: 0.7 };
    assert_eq!(decide(Some(bounds), 0.5), Decision::Pass);
    assert_eq!(decide(Some(bounds), 0.7), Decision::TooLittleData);
    assert_eq!(decide(Some(bounds), 0.7_f64.next_up()), Decision::Fail);
    assert_eq!(decide(Some(bounds), f64::NAN), Decision::TooLittleData);
}
