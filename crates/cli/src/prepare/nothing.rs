//! A dataset of which nothing is left to send: which words left out its rows, and what to say instead.

use jsonl_transform::Summary;

use crate::exit::{Exit, Failure};
use crate::words::rows;

/// The failure for a dataset without a row to send; none where its rows are bad, which is said of each.
pub(super) fn left(label: &str, summary: &Summary) -> Option<Failure> {
    if summary.rows_in == 0 {
        return Some(
            Failure::new(Exit::Dataset, format!("{label}: 0 rows: nothing is in it"))
                .next("one JSON object a line is expected, {\"request\": …, \"response\": …}"),
        );
    }
    let left = &summary.left_out;
    let words: Vec<&str> = [
        ("--rows", left.range),
        ("--where", left.predicate),
        ("--head", left.head),
        ("--sample", left.sample),
    ]
    .into_iter()
    .filter_map(|(word, left)| (left > 0).then_some(word))
    .collect();
    let (last, verb) = (words.last()?, if words.len() == 1 { "leaves" } else { "leave" });
    let what = format!("{label}: {} {verb} none of {}", words.join(" and "), rows(summary.rows_in));
    let next = match *last {
        "--where" => {
            "its expression sees each line as it is, such as .metadata.country == \"DE\"; `batch-eval init \
             DATASET` lists the fields of the rows and their values"
                .to_owned()
        }
        "--rows" => format!("rows are counted from 0: --rows 0..{}", summary.rows_in),
        word => format!("{word} 10 takes ten of them"),
    };
    Some(Failure::new(Exit::Dataset, what).next(next))
}
