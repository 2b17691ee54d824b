//! Sums that grow row by row give what lists of the same rows give.

use eval_stats::{
    ClusterSums, CochranSums, FEW_CLUSTERS, Interval, PairedCounts, ScoreSums, clustered_mean,
    clustered_proportion, cochran_q, mean_score, paired_scores, tango, wilson,
};
use proptest::prelude::*;

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1e-3)
}

fn same(a: Option<Interval>, b: Option<Interval>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => close(a.low, b.low) && close(a.high, b.high),
        (None, None) => true,
        _ => false,
    }
}

fn sums(values: impl IntoIterator<Item = f64>) -> ScoreSums {
    let mut sums = ScoreSums::default();
    values.into_iter().for_each(|value| sums.push(value));
    sums
}

/// Grades in tenths, so that equal ones and whole ones come up.
fn grades() -> impl Strategy<Value = Vec<(f64, f64, u32)>> {
    let grade = || (0..=10_u8).prop_map(|tenths| f64::from(tenths) / 10.0);
    prop::collection::vec((grade(), grade(), 0..6_u32), 1..40)
}

proptest! {
    #[test]
    fn means_and_pairs(rows in grades()) {
        let (a, b): (Vec<f64>, Vec<f64>) = rows.iter().map(|(a, b, _)| (*a, *b)).unzip();
        prop_assert_eq!(sums(a.clone()).rows(), rows.len() as u64);
        let (grown, listed) = (sums(a.clone()).mean(0.95).unwrap(), mean_score(&a, 0.95).unwrap());
        prop_assert!(close(grown.mean, listed.mean) && same(grown.interval, listed.interval), "{:?} {:?}", grown, listed);
        let differences = a.iter().zip(&b).map(|(a, b)| a - b);
        let (grown, listed) = (sums(differences).paired(0.9).unwrap(), paired_scores(&a, &b, 0.9).unwrap());
        // Passes and fails have counts, and Tango's interval of them.
        if a.iter().chain(&b).any(|score| score.fract() != 0.0) {
            prop_assert!(same(grown.difference.interval, listed.difference.interval), "{:?} {:?}", grown, listed);
        }
        prop_assert!(close(grown.difference.mean, listed.difference.mean));
        let both = grown.p.zip(listed.p);
        prop_assert!(both.is_none_or(|(grown, listed)| close(grown, listed)), "{:?}", both);
    }

    #[test]
    fn clusters(rows in grades()) {
        let (values, names): (Vec<f64>, Vec<u32>) = rows.iter().map(|(a, _, cluster)| (*a, *cluster)).unzip();
        let passes: Vec<bool> = values.iter().map(|value| *value > 0.5).collect();
        let mut grown = ClusterSums::default();
        let mut shares = ClusterSums::default();
        for (row, cluster) in names.iter().enumerate() {
            grown.push(values[row], *cluster);
            shares.push(f64::from(u8::from(passes[row])), *cluster);
        }
        let (found, listed) = (grown.mean(0.95).unwrap(), clustered_mean(&values, &names, 0.95).unwrap());
        prop_assert_eq!((found.n, found.clusters, found.few_clusters), (listed.n, listed.clusters, listed.few_clusters));
        prop_assert!(same(found.interval, listed.interval), "{:?} {:?}", found, listed);
        let (found, listed) = (shares.proportion(0.95).unwrap(), clustered_proportion(&passes, &names, 0.95).unwrap());
        prop_assert!(same(found.interval, listed.interval), "{:?} {:?}", found, listed);
        // A difference always has an interval where there are two clusters, and never a single point.
        let difference = shares.difference(0.95).unwrap();
        prop_assert_eq!(difference.interval.is_some(), difference.clusters > 1);
        if let Some(interval) = difference.interval {
            prop_assert!(-1.0 <= interval.low && interval.low < interval.high && interval.high <= 1.0);
        }
    }

    #[test]
    fn several_models(rows in prop::collection::vec(prop::array::uniform3(any::<bool>()), 1..60)) {
        let mut sums = CochranSums::new(3);
        for row in &rows {
            sums.push(row);
        }
        let models: [Vec<bool>; 3] = std::array::from_fn(|model| rows.iter().map(|row| row[model]).collect());
        prop_assert_eq!(sums.test(), cochran_q(&models));
        prop_assert_eq!(sums.rows(), rows.len() as u64);
    }
}

#[test]
fn the_p_value_of_a_clustered_mean_is_where_its_interval_ends() {
    let values = [1.0, 0.0, 1.0, 0.0, 0.0, -1.0, 1.0, 1.0, 0.0, 1.0];
    let clusters = [1, 1, 2, 2, 3, 3, 4, 4, 5, 5];
    let p = clustered_mean(&values, &clusters, 0.95).unwrap().p().unwrap();
    let at_its_level = clustered_mean(&values, &clusters, 1.0 - p).unwrap().interval.unwrap();
    assert!(at_its_level.low.abs() < 1e-9, "{at_its_level:?}");
    assert_eq!(clustered_mean(&values, &[1; 10], 0.95).unwrap().p(), None);
}

#[test]
fn rows_that_all_agree_are_not_certain_to_the_last_digit() {
    let interval = mean_score(&[0.2; 3], 0.95).unwrap().interval.unwrap();
    assert!(interval.low < 0.1 && interval.high > 0.5, "{interval:?}");
    assert_eq!(clustered_mean(&[0.2; 3], &[0, 0, 1], 0.95).unwrap().interval, None);
    // 0.3 - 0.2 is not 0.9 - 0.8 in the last digit.
    let (a, b) = ([0.3, 0.9, 0.3, 0.9], [0.2, 0.8, 0.2, 0.8]);
    let interval = paired_scores(&a, &b, 0.95).unwrap().difference.interval.unwrap();
    assert!(interval.low < 0.0 && interval.high > 0.2, "{interval:?}");
}

#[test]
fn what_is_no_number_has_no_mean() {
    assert!(sums([f64::INFINITY, 1.0]).mean(0.95).is_none());
    assert!(sums([]).mean(0.95).is_none() && sums([0.5]).mean(1.0).is_none());
    assert!(sums([]).grades(0.95).is_none() && sums([0.5, 0.6]).grades(1.0).is_none());
    let mut clusters = ClusterSums::default();
    assert_eq!(clusters.mean(0.95), None);
    clusters.push(0.5, 0);
    assert!(clusters.mean(0.95).is_some() && clusters.mean(1.0).is_none());
    clusters.push(f64::INFINITY, 1);
    assert_eq!(clusters.mean(0.95), None);
}

#[test]
fn grades_that_happen_to_be_whole_have_students_t_interval() {
    let interval = |values: &[f64]| {
        let (found, is_level) = sums(values.iter().copied()).grades(0.95).unwrap();
        (found.interval.unwrap(), is_level)
    };
    let verdicts = sums([[0.0; 10], [1.0; 10]].concat()).mean(0.95).unwrap();
    assert!(same(verdicts.interval, wilson(10, 20, 0.95)), "{verdicts:?}");
    // Ten of twenty: a spread of √(5/19), and t of nineteen degrees of freedom from a table.
    let half = 2.093_024_054_408_263 * (5.0_f64 / 19.0 / 20.0).sqrt();
    let (found, is_level) = interval(&[[0.0; 10], [1.0; 10]].concat());
    assert!(close(found.low, 0.5 - half) && close(found.high, 0.5 + half) && !is_level);
    // Beyond the scale there are no grades.
    let (found, is_level) = interval(&[1.0, 1.0, 0.0, 1.0]);
    assert!(
        found.low >= 0.0 && close(found.high, 1.0) && found.high <= 1.0 && !is_level,
        "{found:?}"
    );
    // Without any spread it is Wilson's.
    let (found, is_level) = interval(&[1.0; 4]);
    assert!(same(Some(found), wilson(4, 4, 0.95)) && is_level, "{found:?}");
}

#[test]
fn one_row_has_no_variance() {
    assert_eq!((sums([]).variance(), sums([0.5]).variance()), (None, None));
}

#[test]
fn what_is_forgotten_is_as_if_it_had_never_been() {
    let mut used = ClusterSums::default();
    (0..3).for_each(|cluster| used.push(0.7, cluster));
    used.clear();
    let mut fresh = ClusterSums::default();
    for sums in [&mut used, &mut fresh] {
        for (row, cluster) in [(1.0, 0), (0.0, 2), (1.0, 2)] {
            sums.push(row, cluster);
        }
    }
    assert_eq!(used.mean(0.95), fresh.mean(0.95));
}

#[test]
fn clusters_that_never_differ_count_as_one_row_each() {
    let rows = clustered_proportion(&[true; 8], &[1, 1, 2, 2, 3, 3, 4, 4], 0.95).unwrap();
    let alone = clustered_proportion(&[true; 4], &[1, 2, 3, 4], 0.95).unwrap();
    assert_eq!(rows.interval, alone.interval);
}

#[test]
fn several_models_take_two_and_a_row() {
    assert_eq!(CochranSums::new(3).test(), None);
    let mut one = CochranSums::new(1);
    one.push(&[true]);
    assert_eq!(one.test(), None);
}

#[test]
fn small_differences_of_grades_are_more_than_rounding() {
    let found = sums([0.5, 0.5 + 2e-9]).mean(0.95).unwrap();
    assert!((found.sd.unwrap() / (2e-9 / 2_f64.sqrt()) - 1.0).abs() < 1e-6, "{found:?}");
    assert!(mean_score(&[0.5, 0.5 + 2e-9], 0.95).unwrap().sd.unwrap() > 1e-9);
}

#[test]
fn clusters_are_few_below_their_number() {
    let few = |clusters: u64| {
        let names: Vec<u64> = (0..clusters).collect();
        clustered_mean(&vec![1.0; names.len()], &names, 0.95).unwrap().few_clusters
    };
    assert!(few(2) && few(FEW_CLUSTERS - 1));
    assert!(!few(FEW_CLUSTERS) && !few(FEW_CLUSTERS + 1));
}

#[test]
fn differences_that_cancel_within_each_cluster_count_as_one_row_a_cluster() {
    let mut found = ClusterSums::default();
    for cluster in 0..4 {
        found.push(1.0, cluster);
        found.push(-1.0, cluster);
    }
    let one_row_each = PairedCounts { both: 0, only_a: 2, only_b: 2, neither: 0 };
    let found = found.difference(0.95).unwrap().interval;
    assert!(same(found, tango(&one_row_each, 0.95)), "{found:?}");
}

#[test]
fn a_share_in_clusters_has_wilsons_interval_of_the_rows_it_is_worth() {
    // Means of the clusters: 1, 0, 1 and a half. Their sums are 0.75, -1.25, 0.75 and -0.25 away from the mean's.
    let passes = [true, true, false, false, true, true, true, false];
    let found = clustered_proportion(&passes, &[1, 1, 2, 2, 3, 3, 4, 4], 0.95).unwrap();
    let (p, se) = (0.625, (2.75_f64 / 64.0 * 4.0 / 3.0).sqrt());
    assert!(close(found.mean, p) && close(found.se.unwrap(), se), "{found:?}");
    // t of three degrees of freedom, from a table.
    let (rows, t) = (p * (1.0 - p) / (se * se), 3.182_446_305_284_263_f64);
    let middle = (p + t * t / (2.0 * rows)) / (1.0 + t * t / rows);
    let half =
        t * (p * (1.0 - p) / rows + t * t / (4.0 * rows * rows)).sqrt() / (1.0 + t * t / rows);
    let want = Interval { low: middle - half, high: middle + half };
    assert!(same(found.interval, Some(want)), "{found:?} {want:?}");
}
