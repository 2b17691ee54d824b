//! Scripts from text: JSON or TOML, refused with the place of what is wrong.

use std::collections::BTreeMap;

use hyper::StatusCode;
use hyper::header::{HeaderName, HeaderValue};

use super::{Action, Chaos, Script};

/// Why a text is no script.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// It is not JSON, or JSON with fields that a script does not have.
    #[error("the script is wrong: {0}")]
    Json(serde_json::Error),
    /// It is not TOML, or TOML with fields that a script does not have; names line and column.
    #[error("the script is wrong: {0}")]
    Toml(toml::de::Error),
    /// A chance lies outside of 0..=1, or chances that exclude each other add up to more.
    #[error("{0} must lie between 0 and 1, and all rates of a kind together too")]
    Chance(String),
    /// A name or value cannot stand in the head of an answer.
    #[error("{0:?} is no header that an answer can have")]
    Header(String),
    /// A status is not one of HTTP.
    #[error("{0} is no status of HTTP")]
    Status(u16),
}

impl Script {
    /// Reads a script. `extension` is that of its file; `json` and `toml` decide, anything else
    /// leaves it to the text: what begins with `{` is JSON.
    ///
    /// ```
    /// use gemini_emulator::Script;
    ///
    /// let script = Script::parse("toml", r#"
    ///     [[faults]]
    ///     when = { method = "GET", path = ":download" }
    ///     times = 1
    ///     action = { truncate = { bytes = 1000, length = "right" } }
    /// "#)?;
    /// let same = Script::parse("", r#"{"faults": [{
    ///     "when": {"method": "GET", "path": ":download"}, "times": 1,
    ///     "action": {"truncate": {"bytes": 1000, "length": "right"}}}]}"#)?;
    /// assert_eq!(script, same);
    /// # Ok::<(), gemini_emulator::ScriptError>(())
    /// ```
    ///
    /// # Errors
    /// See [`ScriptError`]; unknown fields are errors.
    pub fn parse(extension: &str, text: &str) -> Result<Self, ScriptError> {
        let is_toml = match extension.to_ascii_lowercase().as_str() {
            "toml" => true,
            "json" => false,
            _ => !text.trim_start_matches('\u{feff}').trim_start().starts_with('{'),
        };
        let script: Self = if is_toml {
            toml::from_str(text).map_err(ScriptError::Toml)?
        } else {
            serde_json::from_str(text).map_err(ScriptError::Json)?
        };
        script.check()?;
        Ok(script)
    }

    /// Turns chaos on with this seed: with the rates that the script has, else with mild ones.
    ///
    /// ```
    /// let script = gemini_emulator::Script::default().with_chaos_seed(7);
    /// assert_eq!(script.chaos.unwrap().seed, 7);
    /// ```
    #[must_use]
    pub fn with_chaos_seed(mut self, seed: u64) -> Self {
        let chaos = self.chaos.unwrap_or_else(|| Chaos::mild(seed));
        self.chaos = Some(Chaos { seed, ..chaos });
        self
    }

    /// Checks what the types do not say.
    pub(crate) fn check(&self) -> Result<(), ScriptError> {
        let chance = |name: &str, sum: f64| {
            if (0.0..=1.0).contains(&sum) { Ok(()) } else { Err(ScriptError::Chance(name.into())) }
        };
        for fault in &self.faults {
            match &fault.action {
                Action::Answer(canned) | Action::ApplyThenAnswer(canned) => {
                    // 1xx would not end the exchange; 0 stands for one that was not given.
                    let known = canned.status >= 200 && StatusCode::from_u16(canned.status).is_ok();
                    if canned.status != 0 && !known {
                        return Err(ScriptError::Status(canned.status));
                    }
                    check_headers(&canned.headers)?;
                }
                Action::Headers(headers) => check_headers(headers)?,
                _ => {}
            }
        }
        for rule in &self.jobs {
            for (name, rows) in rule.plan.choices() {
                chance(&format!("jobs.plan.{name}.share"), rows.share)?;
            }
        }
        let Some(chaos) = &self.chaos else { return Ok(()) };
        for (group, rates) in [("rates", &chaos.rates.all()[..]), ("jobs", &chaos.jobs.all()[..])] {
            for (name, rate) in rates {
                chance(&format!("chaos.{group}.{name}"), *rate)?;
            }
        }
        chance("the sum of chaos.rates", chaos.rates.all().iter().map(|(_, rate)| rate).sum())?;
        let ends = chaos.jobs.fails + chaos.jobs.expires;
        chance("the sum of chaos.jobs.fails and chaos.jobs.expires", ends)
    }
}

fn check_headers(headers: &BTreeMap<String, String>) -> Result<(), ScriptError> {
    let sound = |(name, value): &(&String, &String)| {
        HeaderName::try_from(name.as_str()).is_ok() && HeaderValue::try_from(value.as_str()).is_ok()
    };
    match headers.iter().find(|header| !sound(header)) {
        Some((name, _)) => Err(ScriptError::Header(name.clone())),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_said_with_its_place() {
        for (extension, text, expected) in [
            ("json", "{\"fault\": []}", "unknown field `fault`"),
            ("toml", "[[faults]]\naction = { hang_up = 1 }", "unknown variant `hang_up`"),
            ("toml", "[[faults]]\naction = { late = { ms = 1 } }", "line 2"),
            ("", "{\"faults\": 1}", "line 1 column"),
            ("", "chaos = { rates = { drop = 1.5 } }", "chaos.rates.drop must lie"),
            ("", "chaos = { rates = { drop = 0.6, hang = 0.6 } }", "the sum of chaos.rates"),
            ("", "faults = [{ action = { answer = { status = 42 } } }]", "42 is no status"),
            (
                "",
                "faults = [{ action = { headers = { \"a b\" = \"\" } } }]",
                "\"a b\" is no header",
            ),
            ("", "[[jobs]]\nplan = { missing = { share = -1 } }", "jobs.plan.missing.share"),
        ] {
            let error = Script::parse(extension, text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        assert_eq!(Script::parse("toml", "").unwrap(), Script::default());
        assert_eq!(Script::parse("yaml", " {} ").unwrap(), Script::default());
    }

    #[test]
    fn a_script_survives_being_written_and_read() {
        let script = Script::default().with_chaos_seed(3);
        let text = serde_json::to_string(&script).unwrap();
        assert_eq!(Script::parse("json", &text).unwrap(), script);
        assert_eq!(script.with_chaos_seed(4).chaos.unwrap().seed, 4);
    }
}
