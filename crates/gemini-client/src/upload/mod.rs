//! Resumable upload: the session, the state machine, and the driver that gives it a network.

mod drive;
mod exchange;
mod machine;
mod session;

pub(crate) use self::session::Session;
