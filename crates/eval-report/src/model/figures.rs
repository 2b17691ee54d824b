//! The small figures that comparisons, slices and gates are made of: bounds, methods, tests.

use serde::{Deserialize, Serialize};

/// How the bounds of an interval were found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Wilson's score interval of a share.
    #[default]
    Wilson,
    /// Student's t, of a mean of grades.
    StudentT,
    /// Wilson's interval at the effective number of rows, for rows that come in clusters.
    ClusteredWilson,
    /// Clustered standard errors with Student's t of one less than the clusters.
    Clustered,
    /// Tango's score interval of a difference of two shares over the same rows.
    Tango,
    /// Student's t of the differences over the same rows.
    PairedT,
    /// The large-sample interval of Cohen's kappa.
    Kappa,
}

impl Method {
    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Wilson => "Wilson",
            Self::StudentT => "Student's t",
            Self::ClusteredWilson => "Wilson, clustered",
            Self::Clustered => "clustered standard errors",
            Self::Tango => "Tango",
            Self::PairedT => "paired t",
            Self::Kappa => "large samples",
        }
    }
}

/// The bounds of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    /// The lower bound.
    pub low: f64,
    /// The upper bound.
    pub high: f64,
    /// The confidence of the interval, 0.95 for 95 %.
    pub confidence: f64,
    /// How it was found.
    pub method: Method,
}

impl Bounds {
    /// Whether the bounds lie on one side of 0: a difference is shown.
    pub fn leave_out_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Which test a p value is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TestName {
    /// `McNemar`'s test in its mid-p form.
    MidP,
    /// Student's t of the differences.
    PairedT,
    /// Student's t with clustered standard errors.
    Clustered,
}

impl TestName {
    /// What a sentence calls the p value.
    pub fn word(self) -> &'static str {
        match self {
            Self::MidP => "mid-p",
            Self::PairedT => "paired t p",
            Self::Clustered => "clustered p",
        }
    }
}

/// How surprising a difference is if there is none.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Test {
    /// Which test.
    pub name: TestName,
    /// Its two-sided p value.
    pub p: f64,
    /// The exact p of `McNemar`'s test, which stands beside the mid-p; none for other tests.
    pub exact_p: Option<f64>,
    /// The p value adjusted for all that was compared at once: by Holm over the models, by Benjamini and Hochberg
    /// over slices. None where nothing else was compared.
    pub adjusted_p: Option<f64>,
}

impl Test {
    /// The p value to judge by: the adjusted one where there is one.
    pub fn decisive(&self) -> f64 {
        self.adjusted_p.unwrap_or(self.p)
    }
}

/// How many rows would be needed to see a gap.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RowsForGap {
    /// The gap, 0.05 for five points.
    pub gap: f64,
    /// Rows, with two-sided level 0.05 and power 0.8.
    pub rows: u64,
}
