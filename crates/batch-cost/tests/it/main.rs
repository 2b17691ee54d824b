//! What the crate promises, from outside: worked numbers, properties, coverage of the ranges, the tables.

#[cfg(test)]
mod coverage;
#[cfg(test)]
mod forecasts;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tables;
