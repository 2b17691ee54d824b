//! The special functions under the intervals and tests, own code because no dependency earns its line for so little.
//!
//! The crates at hand lose digits where rows are many (they subtract logarithms of gamma functions of the size of n),
//! and bring a distribution library for four functions. Everything here stands on one kernel, the saddle-point form
//! of the binomial by C. Loader ("Fast and accurate computation of binomial probabilities", 2000), which subtracts
//! nothing large.

mod beta;
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
