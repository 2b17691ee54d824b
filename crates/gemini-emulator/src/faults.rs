//! Picks the fault or plan of a script that is due, and counts how often each was used.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use hyper::HeaderMap;

use crate::chaos::Draws;
use crate::limits::Limits;
use crate::script::{Action, Fault, JobMatch, JobPlan, RequestMatch, Script};

/// The script in force; it may be replaced while the emulator runs.
#[derive(Debug)]
pub(crate) struct Faults {
    loaded: Mutex<Arc<Loaded>>,
}

/// A script with its counters.
#[derive(Debug)]
struct Loaded {
    script: Script,
    requests_seen: Vec<AtomicU64>,
    jobs_seen: Vec<AtomicU64>,
    draws: Mutex<Draws>,
}

/// A request as rules see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) headers: &'a HeaderMap,
}

/// A fault that is due, and its name in the history.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) action: Action,
    pub(crate) name: String,
}

impl Faults {
    pub(crate) fn new(script: Script) -> Self {
        Self { loaded: Mutex::new(Arc::new(Loaded::new(script))) }
    }

    /// Puts another script in force, or the same once more, with all counters at zero.
    pub(crate) fn replace(&self, script: Script) {
        *self.loaded.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(Loaded::new(script));
    }

    fn loaded(&self) -> Arc<Loaded> {
        Arc::clone(&self.loaded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn script(&self) -> Script {
        self.loaded().script.clone()
    }

    pub(crate) fn limits(&self, limits: &Limits) -> Limits {
        self.loaded().script.limits.apply(limits)
    }

    pub(crate) fn for_request(&self, asked: &Asked<'_>) -> Option<Due> {
        let loaded = self.loaded();
        let rules = loaded.script.faults.iter().zip(&loaded.requests_seen);
        let by_rule = rules
            .filter(|(fault, _)| request_matches(&fault.when, asked))
            .find(|(fault, seen)| due(fault, seen.fetch_add(1, Ordering::Relaxed)));
        if let Some((fault, _)) = by_rule {
            return Some(Due { action: fault.action.clone(), name: name_of(&fault.action) });
        }
        let chaos = loaded.script.chaos.as_ref()?;
        if !request_matches(&chaos.when, asked) {
            return None;
        }
        let mut draws = loaded.draws.lock().unwrap_or_else(PoisonError::into_inner);
        let action = draws.for_request(chaos, asked)?;
        Some(Due { name: format!("chaos/{}", name_of(&action)), action })
    }

    pub(crate) fn for_job(&self, model: &str, display_name: &str, index: u64) -> JobPlan {
        let loaded = self.loaded();
        let rules = loaded.script.jobs.iter().zip(&loaded.jobs_seen);
        let by_rule = rules
            .filter(|(rule, _)| job_matches(&rule.when, model, display_name, index))
            .find(|(rule, seen)| {
                let seen = seen.fetch_add(1, Ordering::Relaxed);
                rule.times.is_none_or(|times| seen < times)
            });
        match (by_rule, &loaded.script.chaos) {
            (Some((rule, _)), _) => rule.plan.clone(),
            (None, Some(chaos)) => crate::chaos::plan(chaos, index),
            (None, None) => JobPlan::default(),
        }
    }
}

impl Loaded {
    fn new(script: Script) -> Self {
        let counters = |n: usize| (0..n).map(|_| AtomicU64::new(0)).collect();
        Self {
            requests_seen: counters(script.faults.len()),
            jobs_seen: counters(script.jobs.len()),
            draws: Mutex::default(),
            script,
        }
    }
}

/// The action's name as it stands in a script.
fn name_of(action: &Action) -> String {
    match serde_json::to_value(action) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(serde_json::Value::Object(map)) if map.contains_key("refuse") => {
            format!("refuse/{}", map["refuse"].as_str().unwrap_or_default())
        }
        Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    }
}

fn due(fault: &Fault, seen: u64) -> bool {
    seen >= fault.skip && fault.times.is_none_or(|times| seen - fault.skip < times)
}

fn request_matches(when: &RequestMatch, asked: &Asked<'_>) -> bool {
    let header_matches = |(name, pattern): (&String, &String)| {
        let value = asked.headers.get(name.as_str()).and_then(|value| value.to_str().ok());
        value.is_some_and(|value| contains(value, pattern))
    };
    (when.method.is_empty() || when.method.eq_ignore_ascii_case(asked.method))
        && contains(asked.path, &when.path)
        && contains(asked.query, &when.query)
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
        let mut fault =
            Fault::on("POST", "/files", Action::Drop).skip(1).times(2).header("x", "up*ze");
        fault.when.query = "pageToken=".into();
        let faults = Faults::new(Script { faults: vec![fault], ..Script::default() });
        let hits = |method: &str, query: &str, headers: &HeaderMap| {
            faults.for_request(&Asked { method, path: "/files", query, headers }).is_some()
        };
        let mut headers = HeaderMap::new();
        assert!(!hits("POST", "pageToken=x", &headers), "header missing");
        headers.insert("x", "upload, finalize".parse().unwrap());
        assert!(!hits("GET", "pageToken=x", &headers));
        assert!(!hits("POST", "pageSize=1", &headers));
        let seen: Vec<bool> = (0..4).map(|_| hits("POST", "a=b&pageToken=x", &headers)).collect();
        assert_eq!(seen, [false, true, true, false]);
        faults.replace(faults.script());
        assert!(!hits("POST", "pageToken=x", &headers), "the counters begin anew");
    }
}
