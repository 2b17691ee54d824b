//! Which labels were given where which were expected, and how well each class fares.

use serde::{Deserialize, Serialize};

/// Expected labels against given ones.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    /// The labels, in the order of rows and columns.
    pub labels: Vec<String>,
    /// `matrix[expected][given]`, in rows.
    pub matrix: Vec<Vec<u64>>,
    /// One class a label, in the same order.
    pub per_class: Vec<ClassFigures>,
}

/// How well one class fares. A share without rows to stand on is none, and never 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassFigures {
    /// Of the rows that were given this label, how many it was expected of.
    pub precision: Option<f64>,
    /// Of the rows that it was expected of, how many were given it.
    pub recall: Option<f64>,
    /// The harmonic mean of both.
    pub f1: Option<f64>,
    /// The rows that it was expected of.
    pub support: u64,
}

impl Confusion {
    /// The matrix of these counts with the figures of its classes; rows that lack a cell have none there.
    ///
    /// ```
    /// use eval_report::Confusion;
    /// let confusion = Confusion::of(vec!["ham".into(), "spam".into()], vec![vec![8, 2], vec![1, 4]]);
    /// let spam = &confusion.per_class[1];
    /// assert_eq!((spam.precision, spam.recall, spam.support), (Some(4.0 / 6.0), Some(0.8), 5));
    /// ```
    pub fn of(labels: Vec<String>, matrix: Vec<Vec<u64>>) -> Self {
        let cell = |expected: usize, given: usize| {
            matrix.get(expected).and_then(|row| row.get(given)).copied().unwrap_or(0)
        };
        let all = 0..labels.len();
        let class = |at: usize| {
            let right = cell(at, at);
            let support = all.clone().map(|given| cell(at, given)).sum();
            let given: u64 = all.clone().map(|expected| cell(expected, at)).sum();
            ClassFigures {
                precision: eval_stats::proportion(right, given),
                recall: eval_stats::proportion(right, support),
                // 2PR / (P + R), without the division by zero when nothing is right.
                f1: eval_stats::proportion(2 * right, given + support),
                support,
            }
        };
        let per_class = all.clone().map(class).collect();
        Self { labels, matrix, per_class }
    }
}
