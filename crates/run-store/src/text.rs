//! Checked types in `run.json`: they stand there as the texts they are parsed from.

use std::time::SystemTime;

use batch_orchestrator::{InputId, RunTag};
use serde::{Deserialize, Deserializer, Serializer};

use crate::OwnName;
use crate::stamp::Stamp;

/// What is written as a text and checked when it is read.
pub(crate) trait Text: Sized {
    /// Reads the text, or says what is wrong with it.
    fn read(text: &str) -> Result<Self, String>;
    /// The text, or why there is none.
    fn write(&self) -> Result<String, String>;
}

/// For `#[serde(with = "text")]`.
pub(crate) fn serialize<T: Text, S: Serializer>(value: &T, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(&value.write().map_err(serde::ser::Error::custom)?)
}

/// For `#[serde(with = "text")]`.
pub(crate) fn deserialize<'de, T: Text, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    T::read(&String::deserialize(from)?).map_err(serde::de::Error::custom)
}

impl Text for RunTag {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn write(&self) -> Result<String, String> {
        Ok(self.as_str().to_owned())
    }
}

impl Text for OwnName {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn write(&self) -> Result<String, String> {
        Ok(self.as_str().to_owned())
    }
}

impl Text for InputId {
    fn read(text: &str) -> Result<Self, String> {
        Self::parse(text).ok_or_else(|| format!("{text:?} is no input"))
    }

    fn write(&self) -> Result<String, String> {
        Ok(self.to_string())
    }
}

/// Sixteen hex digits.
impl Text for u64 {
    fn read(text: &str) -> Result<Self, String> {
        let is_print = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let read = Self::from_str_radix(text, 16).ok().filter(|_| is_print);
        read.ok_or_else(|| format!("{text:?} is no print of sixteen hex digits"))
    }

    fn write(&self) -> Result<String, String> {
        Ok(format!("{self:016x}"))
    }
}

impl Text for SystemTime {
    fn read(text: &str) -> Result<Self, String> {
        text.parse().map(Stamp::time).map_err(|_| format!("{text:?} is no RFC 3339 time"))
    }

    fn write(&self) -> Result<String, String> {
        Stamp::new(*self).map(|at| at.to_string()).map_err(|error| error.to_string())
    }
}
