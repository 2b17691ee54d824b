//! The one test binary: the figures of reports, their two renderings, and what hostile text can do (nothing).

#![expect(clippy::similar_names, reason = "scores come from scorers")]

#[cfg(test)]
mod comparisons;
#[cfg(test)]
mod export;
#[cfg(test)]
mod figures;
#[cfg(test)]
mod groups;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod markdown;
#[cfg(test)]
mod page;
#[cfg(test)]
mod schema;
#[cfg(test)]
mod statistics_doc;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal;
