//! Picks the fault or plan of a script that is due, and counts how often each was used.

use std::sync::atomic::{AtomicU64, Ordering};

use hyper::HeaderMap;

use crate::script::{Action, Fault, JobMatch, JobPlan, RequestMatch, Script};

/// A script with its counters.
#[derive(Debug)]
pub(crate) struct Faults {
    script: Script,
    requests_seen: Vec<AtomicU64>,
    jobs_seen: Vec<AtomicU64>,
}

impl Faults {
    pub(crate) fn new(script: Script) -> Self {
        let counters = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect();
        Self {
            requests_seen: counters(script.faults.len()),
            jobs_seen: counters(script.jobs.len()),
            script,
        }
    }

    pub(crate) fn for_request(
        &self,
        method: &str,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Action> {
        let rules = self.script.faults.iter().zip(&self.requests_seen);
        rules
            .filter(|(fault, _)| request_matches(&fault.when, method, path, headers))
            .find(|(fault, seen)| due(fault, seen.fetch_add(1, Ordering::Relaxed)))
            .map(|(fault, _)| fault.action.clone())
    }

    pub(crate) fn for_job(&self, model: &str, display_name: &str, index: u64) -> JobPlan {
        let rules = self.script.jobs.iter().zip(&self.jobs_seen);
        rules
            .filter(|(rule, _)| job_matches(&rule.when, model, display_name, index))
            .find(|(rule, seen)| {
                let seen = seen.fetch_add(1, Ordering::Relaxed);
                rule.times.is_none_or(|times| seen < times)
            })
            .map(|(rule, _)| rule.plan.clone())
            .unwrap_or_default()
    }
}

fn due(fault: &Fault, seen: u64) -> bool {
    seen >= fault.skip && fault.times.is_none_or(|times| seen - fault.skip < times)
}

fn request_matches(when: &RequestMatch, method: &str, path: &str, headers: &HeaderMap) -> bool {
    let header_matches = |(name, pattern): (&String, &String)| {
        let value = headers.get(name.as_str()).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| contains(value, pattern))
    };
    (when.method.is_empty() || when.method.eq_ignore_ascii_case(method))
        && contains(path, &when.path)
        && when.headers.iter().all(header_matches)
}

fn job_matches(when: &JobMatch, model: &str, display_name: &str, index: u64) -> bool {
    contains(model, &when.model)
        && contains(display_name, &when.display_name)
        && when.index.is_none_or(|wanted| wanted == index)
}

/// Whether `pattern` occurs in `text`, its pieces between `*` in order and apart.
fn contains(text: &str, pattern: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|piece| match rest.find(piece) {
        Some(at) => {
            rest = &rest[at + piece.len()..];
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_anywhere() {
        for (text, pattern, expected) in [
            ("/v1/models/m:batchGenerateContent", ":batch", true),
            ("/v1/models/m:batchGenerateContent", "models*Content", true),
            ("/v1/models/m:batchGenerateContent", "Content*models", false),
            ("/v1/files", "", true),
            ("aa", "a*a*a", false),
        ] {
            assert_eq!(contains(text, pattern), expected, "{text} {pattern}");
        }
    }

    #[test]
    fn skip_and_times_are_counted_over_matching_requests_only() {
        let fault = Fault::on("POST", "/files", Action::Drop).skip(1).times(2).header("x", "up*ze");
        let faults = Faults::new(Script { faults: vec![fault], ..Script::default() });
        let mut headers = HeaderMap::new();
        assert!(faults.for_request("POST", "/files", &headers).is_none(), "header missing");
        headers.insert("x", "upload, finalize".parse().unwrap());
        assert!(faults.for_request("GET", "/files", &headers).is_none());
        let hits: Vec<bool> =
            (0..4).map(|_| faults.for_request("POST", "/files", &headers).is_some()).collect();
        assert_eq!(hits, [false, true, true, false]);
    }
}
