//! What answers cost, for scorers that ask: known by whoever makes the registry, not by this crate.

use std::fmt;

use crate::Usage;

/// What one answer costs.
pub trait Prices: fmt::Debug + Send + Sync {
    /// What a row with this usage costs in dollars, if `model` answered it; `None` if that is not known.
    ///
    /// `model` is the `modelVersion` that the response states.
    fn dollars(&self, model: Option<&str>, usage: &Usage) -> Option<f64>;
}
