//! Tests of the public face: what a dataset becomes, and which datasets are refused.
#![expect(clippy::expect_used, reason = "a helper of a test fails by panicking, as the test does")]

mod dataset;
mod differential;
mod limits;
mod properties;
mod shapes;
mod support;
