//! Models that judge: they are asked in runs of their own within the run, and score as any scorer does.

mod ask;
mod desk;
mod forecast;
mod lacking;
mod people;
mod questions;
mod reasons;
mod rounds;
mod sheets;
mod template;

pub(crate) use ask::{Asking, ask, is_asked, leaves_a_report};
pub(crate) use desk::{Desk, Files, Judge, KIND, kept_files};
pub(crate) use forecast::{Expected, forecast};
pub(crate) use lacking::lacking;
pub(crate) use people::labelled;
pub(crate) use reasons::Reasons;
pub(crate) use rounds::{committed, of_run};
pub(crate) use sheets::load;
pub(crate) use template::judge;
