//! Figures against those of the packages that people know them from.

use serde_json::Value;

use crate::builtin::rouge::{self, Measure};
use crate::builtin::squad;

#[test]
fn rouge_figures_are_those_of_googles_package() {
    let file: Value =
        serde_json::from_str(include_str!("../../../tests/fixtures/rouge.json")).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 100);
    for case in cases {
        let (target, prediction) =
            (case["target"].as_str().unwrap(), case["prediction"].as_str().unwrap());
        for (kind, figures) in [
            ("rouge1", rouge::ngrams(target, prediction, 1)),
            ("rouge2", rouge::ngrams(target, prediction, 2)),
            ("rougeL", rouge::longest(target, prediction).unwrap()),
        ] {
            let measures = [Measure::Precision, Measure::Recall, Measure::F1];
            for (at, measure) in measures.into_iter().enumerate() {
                let (ours, theirs) = (figures.of(measure), case[kind][at].as_f64().unwrap());
                assert!((ours - theirs).abs() < 1e-12, "{kind} {measure:?} {ours} {theirs} {case}");
            }
        }
    }
}

#[test]
fn words_are_normalised_as_for_squad() {
    for (text, wanted, want) in [
        ("The Denver Broncos!", "denver broncos", 1.0),
        ("an apple a day", "Apple, day.", 1.0),
        ("theatre", "the atre", 0.0),
        ("U.S.A.", "usa", 1.0),
        ("x–a–y", "x– –y", 1.0),
        ("b b c", "b c c", 2.0 / 3.0),
        ("the", "a", 1.0),
        ("the", "cat", 0.0),
        ("", "cat", 0.0),
    ] {
        let ours = squad::f1(text, wanted);
        assert!((ours - want).abs() < 1e-12, "{text:?} {wanted:?} {ours}");
    }
}

#[test]
fn texts_too_long_for_the_product_of_their_lengths_have_no_figure() {
    let long = "word ".repeat(70_000);
    assert_eq!(rouge::longest(&long, &format!("{long}x")), None);
}
