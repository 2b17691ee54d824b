//! The one test binary: the pass over sound, odd and damaged files, and scorers by name.

#![expect(clippy::similar_names, reason = "scores come from scorers")]

#[cfg(test)]
mod damage;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod help;
#[cfg(test)]
mod joined;
#[cfg(test)]
mod ledger;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod shards;
#[cfg(test)]
mod support;
#[cfg(test)]
mod threads;
