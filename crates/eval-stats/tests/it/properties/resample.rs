//! Sign flips and the bootstrap.

use eval_stats::{
    Bootstrap, Flips, PairedCounts, mcnemar, paired_t, sign_flip, sign_flip_drawn, sign_flip_exact,
};
use proptest::prelude::*;

use super::real;

fn mean(rows: &[f64]) -> f64 {
    rows.iter().sum::<f64>() / real(rows.len() as u64)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn drawn_and_counted_flips_agree(
        differences in prop::collection::vec(prop_oneof![Just(0.0), Just(0.5), -1.0..1.0_f64], 1..13),
        seed in any::<u64>(),
    ) {
        let (exact, draws) = (sign_flip_exact(&differences).unwrap(), 4_000);
        let drawn = sign_flip_drawn(&differences, draws, seed).unwrap();
        // Five standard errors and the one that is added.
        let slack = 5.0 * (exact * (1.0 - exact) / f64::from(draws)).sqrt() + 2.0 / f64::from(draws);
        prop_assert!((exact - drawn).abs() <= slack, "{exact} {drawn}");
    }

    #[test]
    fn flips_of_verdicts_are_the_exact_mcnemar(b in 0..10_usize, c in 0..10_usize, zeros in 0..5_usize) {
        let ups = std::iter::repeat_n(1.0, b);
        let downs = std::iter::repeat_n(-1.0, c);
        let differences: Vec<f64> =
            ups.chain(downs).chain(std::iter::repeat_n(0.0, zeros)).collect();
        prop_assume!(!differences.is_empty());
        let counts = PairedCounts {
            both: zeros as u64, only_a: b as u64, only_b: c as u64, neither: 0,
        };
        let (flips, test) = (sign_flip_exact(&differences).unwrap(), mcnemar(&counts).unwrap());
        prop_assert!((flips - test.exact_p).abs() < 1e-12);
    }

    #[test]
    fn flips_do_not_see_scale_sign_or_order(
        differences in prop::collection::vec(-1.0..1.0_f64, 1..12), scale in 0.01..100.0_f64,
    ) {
        let exact = sign_flip_exact(&differences).unwrap();
        let other: Vec<f64> = differences.iter().rev().map(|d| -d * scale).collect();
        prop_assert!((exact - sign_flip_exact(&other).unwrap()).abs() < 1e-15);
        prop_assert!(exact > 0.0 && exact <= 1.0);
    }

    #[test]
    fn the_bootstrap_is_the_same_for_the_same_seed_and_honest(
        rows in prop::collection::vec(0.0..=1.0_f64, 2..20), seed in any::<u64>(),
    ) {
        let bootstrap = Bootstrap { draws: 200, seed, confidence: 0.9 };
        let found = bootstrap.rows(&rows, mean).unwrap();
        prop_assert_eq!(Some(found), bootstrap.rows(&rows, mean));
        for interval in [found.bca, found.percentile].into_iter().flatten() {
            prop_assert!(0.0 <= interval.low && interval.low < interval.high && interval.high <= 1.0);
        }
    }
}

#[test]
fn the_bootstrap_of_clusters_finds_the_clustered_error() {
    let rows: Vec<f64> = (0..400_u32).map(|row| f64::from(row / 10 * 37 % 11) / 10.0).collect();
    let clusters: Vec<u32> = (0..400).map(|row| row / 10).collect();
    let clustered = eval_stats::clustered_mean(&rows, &clusters, 0.95).unwrap();
    let bootstrap = Bootstrap { draws: 4_000, seed: 3, confidence: 0.95 };
    let found = bootstrap.clusters(&rows, &clusters, mean).unwrap();
    let alone = bootstrap.rows(&rows, mean).unwrap();
    assert!((found.se / clustered.se_cr0.unwrap() - 1.0).abs() < 0.05, "{found:?} {clustered:?}");
    assert!(alone.se < 0.5 * found.se);
    let (bca, t) = (found.bca.unwrap(), clustered.interval.unwrap());
    assert!((bca.low - t.low).abs() < 0.02 && (bca.high - t.high).abs() < 0.02);
}

#[test]
fn bca_follows_skew_where_the_percentile_does_not() {
    // Squares of 1..=30: skewed to the right, so the interval of the mean reaches farther right.
    let rows: Vec<f64> = (1..=30).map(|row| f64::from(row).powi(4)).collect();
    let found = Bootstrap { draws: 5_000, seed: 9, confidence: 0.95 }.rows(&rows, mean).unwrap();
    let (bca, percentile) = (found.bca.unwrap(), found.percentile.unwrap());
    assert!(bca.low > percentile.low && bca.high > percentile.high);
}

#[test]
fn the_bootstrap_does_not_see_where_the_scale_begins() {
    let bootstrap = Bootstrap { draws: 500, seed: 4, confidence: 0.9 };
    // Means of 0, one of them skewed and one that many draws have again.
    for rows in [[-3.0, -2.0, -1.0, -1.0, 7.0], [-1.0, 0.0, 0.0, 0.0, 1.0]] {
        let here = bootstrap.rows(&rows, mean).unwrap().bca.unwrap();
        let there = bootstrap.rows(&rows.map(|row| row + 16.0), mean).unwrap().bca.unwrap();
        let apart = (there.low - here.low - 16.0).abs().max((there.high - here.high - 16.0).abs());
        assert!(apart < 1e-9, "{here:?} {there:?}");
    }
}

#[test]
fn what_cannot_be_drawn_again_has_no_answer() {
    let bootstrap = Bootstrap { draws: 100, seed: 0, confidence: 0.95 };
    assert_eq!(bootstrap.rows(&[1.0], mean), None);
    assert_eq!(bootstrap.rows::<f64>(&[], mean), None);
    assert_eq!(bootstrap.clusters(&[1.0, 2.0], &[1, 1], mean), None);
    assert_eq!(bootstrap.clusters(&[1.0, 2.0], &[1], mean), None);
    assert_eq!(bootstrap.rows(&[0.0, 1.0], |_| f64::NAN), None);
    assert_eq!(Bootstrap { draws: 99, ..bootstrap }.rows(&[0.0, 1.0], mean), None);
    assert_eq!(Bootstrap { confidence: 1.0, ..bootstrap }.rows(&[0.0, 1.0], mean), None);
    let flat = bootstrap.rows(&[1.0; 9], mean).unwrap();
    assert_eq!((flat.se, flat.bca, flat.percentile), (0.0, None, None));
    assert_eq!(sign_flip_exact(&[]), None);
    assert_eq!(sign_flip_exact(&[0.1; 21]), None);
    assert_eq!(sign_flip_exact(&[f64::NAN]), None);
    assert_eq!(sign_flip_drawn(&[0.1], 0, 1), None);
    assert_eq!(sign_flip_exact(&[0.0; 30]), Some(1.0));
    assert_eq!(sign_flip(&[0.1; 20], 1).unwrap().flips, Flips::All);
}

#[test]
fn flips_and_students_t_agree_where_both_hold() {
    let a: Vec<f64> = (0..200_u32).map(|row| f64::from(row * 7919 % 101) / 100.0).collect();
    let b: Vec<f64> = (0..200_u32).map(|row| f64::from(row * 104_729 % 97) / 100.0).collect();
    let differences: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a - b).collect();
    let (t, flips) = (paired_t(&a, &b, 0.95).unwrap(), sign_flip(&differences, 5).unwrap());
    assert!((t.p.unwrap() - flips.p).abs() < 0.025, "{t:?} {flips:?}");
}
