//! Any bytes as what the service answers: targets that drive the real client through a socket.

mod answers;
mod desk;
mod refusals;
mod scripts;
mod uploads;
mod waits;
mod words;

pub use answers::operation_json;
pub use refusals::error_body;
pub use uploads::upload_session;
pub use waits::retry_headers;

/// The key of every client here; the corpora hold it, so that answers repeat it.
const KEY: &str = "AIzaSyCANARY-0123456789abcdef";

const JOB: &str = "batches/6u50zzu2d9xf639ic6pmdmb7s8opo9mtskie";
const FILE: &str = "files/k3v9qh2m7x1c";
