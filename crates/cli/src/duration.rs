//! Durations as people write them: `100ms`, `30s`, `5m`, `24h`.

use std::time::Duration;

/// The longest duration taken: 366 days.
const MAX: Duration = Duration::from_hours(366 * 24);

/// Reads a number and a unit: `ms`, `s`, `m` (minutes), `h` or `d`. Fractions are taken.
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(cli::parse_duration("1.5h"), Ok(Duration::from_secs(5400)));
/// assert!(cli::parse_duration("30").is_err());
/// ```
///
/// # Errors
/// A sentence that says what is taken instead.
pub fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        "" => return Err(format!("{text:?} has no unit: write 100ms, 30s, 5m or 24h")),
        _ => return Err(format!("{unit:?} is no unit of time: write 100ms, 30s, 5m or 24h")),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("{text:?} is no duration: write 100ms, 30s, 5m or 24h"))?;
    let duration = Duration::try_from_secs_f64(number * seconds).ok().filter(|d| *d <= MAX);
    duration.ok_or_else(|| format!("{text:?} is longer than 366 days"))
}

/// A duration in at most two units, for people: `2 h 5 min`, `1.3 s`.
pub(crate) fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", duration.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..172_800 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_help_names() {
        let millis = |text| parse_duration(text).map(|d| d.as_millis());
        assert_eq!(millis("100ms"), Ok(100));
        assert_eq!(millis("30s"), Ok(30_000));
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("24h"), Ok(86_400_000));
        for odd in ["", "s", "5", "-5s", "5x", "1..5s", "NaNs", "infs", "1e9h", "9999999999999999h"]
        {
            assert!(parse_duration(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn shows_two_units_at_most() {
        let shown =
            [0.05, 9.94, 59.9, 61.0, 7_265.0, 180_000.0].map(|s| human(Duration::from_secs_f64(s)));
        assert_eq!(shown, ["0.1 s", "9.9 s", "59 s", "1 min 1 s", "2 h 1 min", "2 d 2 h"]);
    }
}
