//! Sums that grow row by row give what lists of the same rows give.

use eval_stats::{
    ClusterSums, CochranSums, Interval, ScoreSums, clustered_mean, clustered_proportion, cochran_q,
    mean_score, paired_scores,
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
        let (grown, listed) = (sums(a.clone()).mean(0.95).unwrap(), mean_score(&a, 0.95).unwrap());
        prop_assert!(close(grown.mean, listed.mean) && same(grown.interval, listed.interval), "{:?} {:?}", grown, listed);
        let differences = a.iter().zip(&b).map(|(a, b)| a - b);
        let (grown, listed) = (sums(differences).paired(0.9).unwrap(), paired_scores(&a, &b, 0.9).unwrap());
        // Passes and fails have counts, and Tango's interval of them.
        if a.iter().chain(&b).any(|score| score.fract() != 0.0) {
            prop_assert!(same(grown.difference.interval, listed.difference.interval), "{:?} {:?}", grown, listed);
        }
        prop_assert!(close(grown.difference.mean, listed.difference.mean));
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
