//! The job board: what lies at the service under one key, whoever put it there, and whose it is.

mod files;
mod gc;
mod jobs;
mod owners;

use std::collections::HashSet;
use std::time::SystemTime;

use batch_backend::{JobSnapshot, PageToken};
use gemini_client::{Client, RemoteFile};

use crate::args::ServiceArgs;
use crate::context::Context;
use crate::duration::human;
use crate::exit::{Exit, Failure, Outcome};
use crate::layout::{Align, list};
use crate::ui::Ui;
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
        let mut pages = Pages::default();
        loop {
            let got = self.client.list_jobs(pages.next.as_ref()).await;
            let got = got.map_err(|error| service::call(&error))?;
            got.jobs.into_iter().for_each(|job| take(job.snapshot));
            if !pages.turn(got.next)? {
                return Ok(());
            }
        }
    }

    /// Every file, in the service's order, a page at a time.
    async fn each_file(&self, mut take: impl FnMut(RemoteFile)) -> Outcome<()> {
        let mut pages = Pages::default();
        loop {
            let got = self.client.list_files(pages.next.as_ref()).await;
            let got = got.map_err(|error| service::call(&error))?;
            got.files.into_iter().for_each(&mut take);
            if !pages.turn(got.next)? {
                return Ok(());
            }
        }
    }
}

/// The pages of a list, each seen once.
#[derive(Default)]
struct Pages {
    next: Option<PageToken>,
    seen: HashSet<String>,
}

impl Pages {
    /// Goes on to the next page; whether there is one.
    fn turn(&mut self, next: Option<PageToken>) -> Outcome<bool> {
        if let Some(token) = &next
            && !self.seen.insert(token.as_str().to_owned())
        {
            let what = "the service's list does not end: it names a page that was shown before";
            return Err(Failure::new(Exit::Network, what).next("try again later"));
        }
        self.next = next;
        Ok(self.next.is_some())
    }
}

/// What was found as a table for this terminal; without any, no lines.
fn table<const N: usize>(
    columns: [(&str, Align); N],
    rows: Vec<[String; N]>,
    hangs: &[usize],
) -> Vec<String> {
    if rows.is_empty() { Vec::new() } else { list(columns, rows, vec![], hangs, Ui::width()) }
}

/// How long ago something was, for people.
fn ago(now: SystemTime, at: Option<SystemTime>) -> String {
    at.map_or_else(|| "?".to_owned(), |at| human(now.duration_since(at).unwrap_or_default()))
}

/// Whole seconds since something was, for programs.
fn age_s(now: SystemTime, at: Option<SystemTime>) -> Option<u64> {
    at.map(|at| now.duration_since(at).unwrap_or_default().as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_goes_in_circles_ends() {
        let mut pages = Pages::default();
        let token = |text: &str| Some(PageToken::new(text));
        assert!(pages.turn(token("a")).unwrap() && pages.turn(token("b")).unwrap());
        assert_eq!(pages.turn(token("a")).unwrap_err().exit, Exit::Network);
        assert!(!Pages::default().turn(None).unwrap());
    }
}
