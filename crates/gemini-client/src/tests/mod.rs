//! The client against scripted servers that share nothing with the emulator.

mod causes;
mod create;
mod desk;
mod download;
mod drops;
#[cfg(feature = "rustls")]
mod every_cause;
mod heads;
mod jobs;
#[cfg(feature = "rustls")]
mod matrix;
mod models;
mod reads;
mod secrets;
mod server;
#[cfg(feature = "rustls")]
mod trust;
mod upload;
mod wire;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use batch_backend::{InputName, JobName, JobSpec, JobToken, ModelId};

use crate::clock::testing::RecordingClock;
use crate::{ApiKey, BaseUrl, Client, Timeouts, Transfers};

pub(crate) const KEY: &str = "AIzaSyCANARY-0123456789abcdef";

/// A client of `base` that waits for nothing, and the clock that tells what it would have waited.
pub(crate) fn client_of(base: &str) -> (Client, Arc<RecordingClock>) {
    let clock = Arc::new(RecordingClock::default());
    (clocked_client_of(base, Timeouts::default(), &clock), clock)
}

/// One that takes a second of silence for the end.
pub(crate) fn hasty_client_of(base: &str) -> Client {
    let second = Duration::from_secs(1);
    let timeouts = Timeouts { create: second, idle: second, ..Timeouts::default() };
    clocked_client_of(base, timeouts, &Arc::new(RecordingClock::default().with_real_limits()))
}

fn clocked_client_of(base: &str, timeouts: Timeouts, clock: &Arc<RecordingClock>) -> Client {
    Client::builder(ApiKey::new(KEY).unwrap())
        .base_url(BaseUrl::parse(base).unwrap())
        .timeouts(timeouts)
        .transfers(Transfers { request_bytes: 8, ..Transfers::default() })
        .clock(Arc::clone(clock) as _)
        .build()
        .unwrap()
}

pub(crate) fn spec() -> JobSpec {
    JobSpec {
        token: JobToken::new("be1.run.s0001.v0.m0.a1.0123abcd"),
        model: ModelId::parse("sim-flash").unwrap(),
        input: InputName::new("files/k3v9qh2m7x1c"),
    }
}

pub(crate) fn job() -> JobName {
    JobName::new("batches/6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie")
}

/// The operation of `job()` in a state.
pub(crate) fn operation(state: &str) -> String {
    format!(r#"{{"name":"{}","metadata":{{"state":"{state}","model":"models/sim-flash"}}}}"#, job())
}

/// An error and all its causes, in every form it can be printed in.
pub(crate) fn all_words(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = format!("{error} {error:?}");
    let mut source = error.source();
    while let Some(cause) = source {
        write!(words, " {cause} {cause:?}").unwrap();
        source = cause.source();
    }
    words
}
