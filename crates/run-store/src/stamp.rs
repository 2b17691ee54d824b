//! Points in time as files hold them: RFC 3339 in UTC, to the nanosecond.

use std::time::SystemTime;

use jiff::Timestamp;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A time on its way into or out of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(Timestamp);

impl Stamp {
    /// Takes a time of the years -9999 to 9999.
    pub(crate) fn new(at: SystemTime) -> Result<Self, jiff::Error> {
        Timestamp::try_from(at).map(Self)
    }

    pub(crate) fn time(self) -> SystemTime {
        self.0.into()
    }
}

impl std::fmt::Display for Stamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for Stamp {
    type Err = jiff::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(|_| D::Error::custom("no RFC 3339 time"))
    }
}
