//! The one test binary: figures against oracles, and properties that no oracle can show.

#[cfg(test)]
mod oracles;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod sums;
