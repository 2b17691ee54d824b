//! Rows in clusters, rows with several tries, several models, two graders.

use eval_stats::{
    Disagreement, benjamini_hochberg, clustered_mean, cochran_q, compare_models, holm, kappa, mean,
    pass_at_k, pass_hat_k, try_spread,
};
use serde_json::Value;

use super::{assert_close, assert_closes, cases, count, number, numbers, oracles};

#[test]
fn clustered_errors_equal_statsmodels() {
    let case = oracles("clustered");
    let clusters: Vec<&str> =
        case["cluster"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    let y = numbers(&case["y"]);
    let found = clustered_mean(&y, &clusters, 0.95).unwrap();
    assert_close(found.mean, number(&case, "mean"), "mean");
    assert_close(found.se_cr0.unwrap(), number(&case, "cr0"), "CR0");
    assert_close(found.se.unwrap(), number(&case, "cr1"), "CR1");
    assert_closes(found.interval.unwrap(), &case["interval"], "interval");
    assert_close(mean(&y, 0.95).unwrap().se.unwrap(), number(&case, "naive"), "naive");
    let differences = clustered_mean(&numbers(&case["differences"]), &clusters, 0.95).unwrap();
    assert_close(differences.se_cr0.unwrap(), number(&case, "differences_cr0"), "CR0, paired");
    assert_close(differences.se.unwrap(), number(&case, "differences_cr1"), "CR1, paired");
}

#[test]
fn several_tries_equal_the_papers() {
    for case in cases("tries") {
        let (n, c, k) = (count(&case, "n"), count(&case, "c"), count(&case, "k"));
        assert_close(pass_at_k(n, c, k).unwrap(), number(&case, "pass_at_k"), &case);
        assert_close(pass_hat_k(n, c, k).unwrap(), number(&case, "pass_hat_k"), &case);
    }
    let case = oracles("try_spread");
    let rows: Vec<Vec<f64>> = case["rows"].as_array().unwrap().iter().map(numbers).collect();
    let found = try_spread(&rows).unwrap();
    assert_close(found.mean, number(&case, "mean"), "mean");
    assert_close(found.se.unwrap(), number(&case, "se"), "se");
    assert_close(found.within, number(&case, "within"), "within");
    assert_close(found.between.unwrap(), number(&case, "between"), "between");
}

#[track_caller]
fn assert_all_close(got: Option<Vec<f64>>, want: &Value) {
    let (got, want) = (got.unwrap(), numbers(want));
    assert_eq!(got.len(), want.len());
    got.iter().zip(&want).for_each(|(got, want)| assert_close(*got, *want, "adjusted p"));
}

#[test]
fn adjusted_p_values_equal_statsmodels_in_any_order() {
    let case = oracles("many");
    assert_all_close(holm(&numbers(&case["p"])), &case["holm"]);
    assert_all_close(benjamini_hochberg(&numbers(&case["p"])), &case["bh"]);
    assert_all_close(holm(&numbers(&case["shuffled"])), &case["shuffled_holm"]);
    assert_all_close(benjamini_hochberg(&numbers(&case["shuffled"])), &case["shuffled_bh"]);
}

#[test]
fn several_models_equal_statsmodels() {
    let case = oracles("cochran");
    let rows: Vec<Vec<f64>> = case["rows"].as_array().unwrap().iter().map(numbers).collect();
    let of = |model: usize| rows.iter().map(|row| row[model] > 0.5).collect::<Vec<bool>>();
    let models = [of(0), of(1), of(2)];
    let test = cochran_q(&models).unwrap();
    assert_close(test.q, number(&case, "q"), "Q");
    assert_eq!(test.df, count(&case, "df"));
    assert_close(test.p, number(&case, "p"), "p");
    let pairs = compare_models(&models, None).unwrap();
    let exact: Vec<f64> = pairs.iter().map(|pair| pair.test.exact_p).collect();
    assert_all_close(Some(exact.clone()), &case["exact_p"]);
    assert_all_close(holm(&exact), &case["holm"]);
    let mid: Vec<f64> = pairs.iter().map(|pair| pair.test.mid_p).collect();
    let adjusted: Vec<f64> = pairs.iter().map(|pair| pair.adjusted_p).collect();
    assert_eq!(Some(adjusted), holm(&mid));
}

#[test]
fn kappa_equals_statsmodels() {
    for case in cases("kappa") {
        let of = |row: &Value| -> Vec<u64> {
            row.as_array().unwrap().iter().map(|k| k.as_u64().unwrap()).collect()
        };
        let table: Vec<Vec<u64>> = case["table"].as_array().unwrap().iter().map(of).collect();
        let disagreement = match case["disagreement"].as_str().unwrap() {
            "alike" => Disagreement::Alike,
            "linear" => Disagreement::Linear,
            other => {
                assert_eq!(other, "quadratic");
                Disagreement::Quadratic
            }
        };
        let found = kappa(&table, disagreement, 0.95).unwrap();
        assert_close(found.kappa.unwrap(), number(&case, "kappa"), &case);
        assert_close(found.se.unwrap(), number(&case, "se"), &case);
        assert_closes(found.interval.unwrap(), &case["interval"], &case);
    }
}
