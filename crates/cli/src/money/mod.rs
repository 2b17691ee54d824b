//! What a run may cost before it begins, and whether it may begin.

mod census;
mod consent;
mod count;
mod forecast;
mod quotes;
mod spent;
mod tariff;

pub(crate) use consent::{Wish, consent};
pub(crate) use forecast::{Forecasted, as_json, forecast, kept_forecast, remembered, tell};
pub(crate) use quotes::{Quotes, keep, kept};
pub(crate) use spent::{Bills, of_usage};
pub(crate) use tariff::Tariff;
