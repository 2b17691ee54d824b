//! The special functions under the intervals and tests, own code because no dependency earns its line for so little.
//!
//! `statrs`, the best at hand, subtracts logarithms of gamma functions as large as the data and so loses digits where
//! rows are many: measured figures are in the README. Everything here stands on one kernel, the saddle-point form of
//! the binomial by C. Loader ("Fast and accurate computation of binomial probabilities", 2000), which subtracts
//! nothing large.

mod beta;
mod fraction;
mod gamma;
mod kernel;
mod normal;
mod student;
#[cfg(test)]
mod tests;

pub(crate) use beta::{beta_quantile, binomial_lower, incomplete_beta};
pub(crate) use gamma::chi_squared_upper;
pub(crate) use kernel::binomial;
pub(crate) use normal::normal_cdf;
pub use normal::normal_quantile;
pub(crate) use student::{student_quantile, student_two_sided};
