//! Tests of the public face: what a dataset becomes, and which datasets are refused.
#![expect(clippy::expect_used, reason = "a helper of a test fails by panicking, as the test does")]

mod blocks;
mod dataset;
mod differential;
mod inputs;
mod limits;
mod oracle;
mod properties;
mod selection;
mod shapes;
mod support;
mod variants;
