//! Pages through the service's list of jobs: to its end, in bounded memory, and never for ever.

use std::collections::BTreeSet;

use batch_backend::{
    BackendError, BatchBackend, ErrorKind, JobName, JobPage, Operation, PageToken,
};

use crate::observe::Listing;

/// So many pages are read of one list: far more than a project's jobs fill.
const MOST_PAGES: u32 = 100_000;

/// Pages through the list, to its end or until all `watched` were seen, and keeps what is ours or
/// watched: memory does not grow with other people's jobs.
pub(crate) async fn list(
    backend: &dyn BatchBackend,
    prefix: &str,
    watched: BTreeSet<JobName>,
    whole: bool,
) -> Result<Listing, BackendError> {
    let mut reading = Reading::new(prefix, watched, whole);
    let mut page = None;
    loop {
        match reading.take(backend.list(page.as_ref()).await?)? {
            None => return Ok(reading.listing),
            next => page = next,
        }
    }
}

/// A list, as far as it was read.
struct Reading<'p> {
    prefix: &'p str,
    watched: BTreeSet<JobName>,
    whole: bool,
    listing: Listing,
    pages: u32,
    /// The token of an earlier page, a later one each time the pages have doubled: in a circle it comes again.
    landmark: Option<PageToken>,
}

impl<'p> Reading<'p> {
    fn new(prefix: &'p str, watched: BTreeSet<JobName>, whole: bool) -> Self {
        let listing = Listing::default();
        Self { prefix, watched, whole, listing, pages: 0, landmark: None }
    }

    /// Takes a page; gives the next one's token, if there is more to read.
    fn take(&mut self, page: JobPage) -> Result<Option<PageToken>, BackendError> {
        self.pages += 1;
        for job in page.jobs {
            let ours = job.token.as_ref().is_some_and(|t| t.as_str().starts_with(self.prefix));
            if self.watched.remove(&job.name) || ours {
                self.listing.jobs.push(job);
            } else if !job.ended() {
                self.listing.foreign_live += 1;
            }
        }
        if !self.whole && self.watched.is_empty() {
            return Ok(None);
        }
        let Some(next) = page.next else {
            self.listing.whole = true;
            return Ok(None);
        };
        if self.landmark.as_ref() == Some(&next) {
            return Err(endless("a page of the list leads back to itself".to_owned()));
        }
        if self.pages >= MOST_PAGES {
            return Err(endless(format!("the list has no end within {MOST_PAGES} pages")));
        }
        if self.pages.is_power_of_two() {
            self.landmark = Some(next.clone());
        }
        Ok(Some(next))
    }
}

fn endless(reason: String) -> BackendError {
    BackendError::new(Operation::List, "jobs", ErrorKind::Protocol, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a list without jobs whose `n`th page names this token; gives how many pages were read.
    fn read(next: impl Fn(u32) -> Option<u32>) -> (u32, Result<(), BackendError>) {
        let mut reading = Reading::new("be1.t.", BTreeSet::new(), true);
        loop {
            let next = next(reading.pages + 1).map(|token| PageToken::new(token.to_string()));
            match reading.take(JobPage { jobs: Vec::new(), next }) {
                Ok(Some(_)) => {}
                Ok(None) => return (reading.pages, Ok(())),
                Err(error) => return (reading.pages, Err(error)),
            }
        }
    }

    #[test]
    fn a_list_that_never_ends_is_given_up() {
        let (pages, read) = read(Some);
        let error = read.unwrap_err();
        assert_eq!((pages, error.kind()), (MOST_PAGES, &ErrorKind::Protocol), "{error}");
    }

    #[test]
    fn a_long_list_is_read_to_its_end() {
        let (pages, read) = read(|page| (page < MOST_PAGES).then_some(page));
        assert!(read.is_ok());
        assert_eq!(pages, MOST_PAGES);
    }

    #[test]
    fn a_circle_of_pages_is_noticed_wherever_it_begins_and_however_long_it_is() {
        for begins in [0, 1, 5, 40] {
            for len in [1, 2, 3, 17] {
                let (pages, read) = read(|page| {
                    let round = page.saturating_sub(begins) % len;
                    Some(if page < begins { page } else { begins + round })
                });
                assert!(read.is_err_and(|error| error.to_string().contains("back to itself")));
                assert!(pages <= 4 * (begins + len) + 2, "{pages} for {len} from {begins} on");
            }
        }
    }
}
