//! The job board: what lies at the service under one key, whoever put it there, and whose it is.

mod files;
mod gc;
mod jobs;
mod owners;

use std::time::SystemTime;

use batch_backend::JobSnapshot;
use gemini_client::{Client, RemoteFile};

use crate::args::ServiceArgs;
use crate::context::Context;
use crate::duration::human;
use crate::exit::Outcome;
use crate::{key, service};

pub(crate) use files::files;
pub(crate) use gc::gc;
pub(crate) use jobs::jobs;

/// The project of a key, ready to be asked.
struct Account {
    client: Client,
}

impl Account {
    fn open(context: &Context, args: &ServiceArgs) -> Outcome<Self> {
        let key = key::read(&args.key)?;
        let backend = service::named(args, false)?;
        let client = service::client_of(&backend, key.as_ref())?;
        context.ui.note(&format!("asking     {}", backend.base_url));
        Ok(Self { client })
    }

    /// Every job, newest first, a page at a time.
    async fn each_job(&self, mut take: impl FnMut(JobSnapshot)) -> Outcome<()> {
        let mut page = None;
        loop {
            let got = self.client.list_jobs(page.as_ref()).await;
            let got = got.map_err(|error| service::call(&error))?;
            got.jobs.into_iter().for_each(|job| take(job.snapshot));
            page = got.next;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    /// Every file, in the service's order, a page at a time.
    async fn each_file(&self, mut take: impl FnMut(RemoteFile)) -> Outcome<()> {
        let mut page = None;
        loop {
            let got = self.client.list_files(page.as_ref()).await;
            let got = got.map_err(|error| service::call(&error))?;
            got.files.into_iter().for_each(&mut take);
            page = got.next;
            if page.is_none() {
                return Ok(());
            }
        }
    }
}

/// How long ago something was, for people.
fn ago(now: SystemTime, at: Option<SystemTime>) -> String {
    at.map_or_else(|| "?".to_owned(), |at| human(now.duration_since(at).unwrap_or_default()))
}

/// Whole seconds since something was, for programs.
fn age_s(now: SystemTime, at: Option<SystemTime>) -> Option<u64> {
    at.map(|at| now.duration_since(at).unwrap_or_default().as_secs())
}
