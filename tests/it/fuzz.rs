//! The fuzz targets in everyday's tests: their corpus, and inputs made of it from a seed.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use tests::fuzz::{Mutator, result_line, transform_file, transform_line};

/// Inputs for each target; `BATCH_EVAL_FUZZ_RUNS` sets another number.
const RUNS: u64 = 3000;

/// Another seed, `BATCH_EVAL_FUZZ_SEED`, gives other inputs.
const SEED: u64 = 1;

fn set(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 5, "hardly a corpus: {files:?}");
    files.iter().map(|file| fs::read(file).unwrap()).collect()
}

/// Takes a target through its corpus and the usual number of inputs.
pub(super) fn check(name: &str, target: fn(&[u8])) {
    check_one_in(1, name, target);
}

/// As [`check`], for a target so slow that it has one input where others have `share`.
pub(super) fn check_one_in(share: u64, name: &str, target: fn(&[u8])) {
    let corpus = corpus(name);
    let mut mutator = Mutator::new(set("BATCH_EVAL_FUZZ_SEED", SEED));
    let runs = set("BATCH_EVAL_FUZZ_RUNS", RUNS).div_ceil(share);
    let made = (0..runs).map(|_| mutator.next(&corpus));
    for input in corpus.iter().cloned().chain(made) {
        assert!(
            catch_unwind(|| target(&input)).is_ok(),
            "{name} failed on b\"{}\"",
            input.escape_ascii()
        );
    }
}

#[test]
fn transform_line_holds() {
    check("transform_line", transform_line);
}

#[test]
fn transform_file_holds() {
    check("transform_file", transform_file);
}

#[test]
fn result_line_holds() {
    check("result_line", result_line);
}
