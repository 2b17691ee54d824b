//! A day of the calendar: prices have dates, and no clock is read here.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::Date;
use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Deserializer};

/// A day, written `2026-11-22`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(Date);

/// A text that is no day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no day: write it as 2026-11-22")]
pub struct NoDay(String);

impl Day {
    /// The day in UTC at so many seconds after 1970; the first or last day there is if it lies beyond.
    pub fn at_unix_seconds(seconds: i64) -> Self {
        let beyond = if seconds < 0 { Timestamp::MIN } else { Timestamp::MAX };
        let at = Timestamp::from_second(seconds).unwrap_or(beyond);
        Self(at.to_zoned(TimeZone::UTC).date())
    }

    /// So many days later.
    #[must_use]
    pub fn plus(self, days: u32) -> Self {
        Self(self.0.saturating_add(Duration::from_hours(24 * u64::from(days))))
    }

    /// How many days lie between it and a later one; 0 if `later` is not later.
    pub fn days_to(self, later: Self) -> u32 {
        self.0.until(later.0).map_or(0, |span| u32::try_from(span.get_days()).unwrap_or(0))
    }
}

impl FromStr for Day {
    type Err = NoDay;

    fn from_str(text: &str) -> Result<Self, NoDay> {
        let day = Some(text).filter(|text| text.len() == 10).and_then(|text| text.parse().ok());
        day.map(Self).ok_or_else(|| NoDay(text.to_owned()))
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_string())
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_counted_and_written() {
        let day: Day = "2026-12-31".parse().unwrap();
        assert_eq!(day.plus(1).to_string(), "2027-01-01");
        assert_eq!((day.days_to(day.plus(400)), day.plus(1).days_to(day)), (400, 0));
        assert_eq!(Day::at_unix_seconds(1_795_305_600).to_string(), "2026-11-22");
        assert_eq!(Day::at_unix_seconds(i64::MIN).to_string(), "-009999-01-02");
        for odd in ["", "2026-02-30", "20261122", "22.11.2026", "2026-11-22T00:00:00"] {
            assert!(odd.parse::<Day>().is_err(), "{odd}");
        }
    }
}
