//! The one test binary: the figures of reports, their two renderings, and what hostile text can do (nothing).

#![expect(clippy::similar_names, reason = "scores come from scorers")]

#[cfg(test)]
mod figures;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal;
