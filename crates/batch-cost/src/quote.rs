//! What is known of a model's price: it costs nothing, it costs so much, or nobody here knows.

use std::fmt;

use crate::{Day, Price};

/// What is known of a model's price on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Quote {
    /// It costs nothing: a model of the emulator.
    Free,
    /// It costs so much.
    Known(Box<Quoted>),
    /// Nobody here knows, and nobody guesses.
    Unknown(Unpriced),
}

/// A known price, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quoted {
    /// The price on the day.
    pub price: Price,
    /// Nowhere below the price of any day that was asked for.
    pub dearest: Price,
    /// The name under which it is listed.
    pub listed: String,
    /// What to know about it.
    pub note: Option<String>,
    /// The date of the table.
    pub dated: Day,
    /// The table: `built in`, or what it was called when it was read.
    pub table: String,
}

/// Why there is no price.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unpriced {
    /// No table lists the model.
    NotListed,
    /// It is listed, but not for that day.
    NotOnThatDay {
        /// What the table says of it.
        note: Option<String>,
    },
}

impl Quoted {
    /// A quote of the caller's own making, the same on all days.
    pub fn of(price: Price, listed: &str, dated: Day, table: &str) -> Self {
        let dearest = price.clone();
        Self { price, dearest, listed: listed.into(), note: None, dated, table: table.into() }
    }
}

impl fmt::Display for Unpriced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotListed => f.write_str("no price is listed"),
            Self::NotOnThatDay { note: None } => f.write_str("no price is listed for that day"),
            Self::NotOnThatDay { note: Some(note) } => {
                write!(f, "no price is listed for that day: {note}")
            }
        }
    }
}
