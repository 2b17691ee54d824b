#![doc = include_str!("../README.md")]

mod interval;
mod normal;
mod proportion;

pub use interval::Interval;
pub use normal::normal_quantile;
pub use proportion::{proportion, wilson};
