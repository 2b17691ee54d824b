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
    if summary.bad.count > 0 {
        return None;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_blamed_for_rows_that_are_bad() {
        let mut summary = Summary::default();
        (summary.rows_in, summary.left_out.head) = (12, 12);
        let said = left("d", &summary).map(|failure| failure.what);
        assert_eq!(said.as_deref(), Some("d: --head leaves none of 12 rows"));
        // The first ten were taken, and none of them could be sent.
        (summary.left_out.head, summary.bad.count) = (2, 10);
        assert!(left("d", &summary).is_none());
    }
}
