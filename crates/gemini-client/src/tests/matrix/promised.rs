//! What was promised of each call at each outcome, written down apart from the code that keeps it.

use batch_backend::Applied;

use super::Fate;
use super::calls::Call;
use super::outcomes::{Outcome, Seen};
use crate::policy::CallClass;

/// What was promised of a call that meets this `times` times and then the good answer.
pub(super) fn promised(call: Call, outcome: &Outcome, times: usize) -> Fate {
    let (word, again) = meaning(call, outcome.seen, times);
    let tries = tries(call);
    if word == "ok" {
        return Fate { word, applied: Applied::No, asked: 1 };
    }
    if again && times < tries {
        return Fate { word: "ok", applied: Applied::No, asked: times + 1 };
    }
    let asked = if again { tries } else { 1 };
    Fate { word, applied: certainty(call, outcome.seen, word), asked }
}

/// Tries in all, by the table of the policies.
pub(super) fn tries(call: Call) -> usize {
    match call.class() {
        CallClass::Change | CallClass::Generate => 4,
        CallClass::Upload | CallClass::Download => 5,
        _ => 6,
    }
}

/// The kind of error that it is, and whether asking again may help.
fn meaning(call: Call, seen: Seen, times: usize) -> (&'static str, bool) {
    use CallClass::{Create, Generate, Upload};
    let class = call.class();
    let free = !matches!(class, Create | Generate);
    match seen {
        Seen::Fine => ("ok", false),
        Seen::Lost => ("Transient", free),
        Seen::Body(body) if is_content_with(call, body) => ("ok", false),
        // Bytes are bytes: what results are is looked at later.
        Seen::Flood if call == Call::Fetch => ("ok", false),
        Seen::Flood => ("Protocol", false),
        Seen::Page | Seen::Body(_) => ("Protocol", free),
        Seen::Status(416) if call == Call::Fetch => ("Protocol", true),
        Seen::Status(404 | 410) if call == Call::EndUpload => ("ok", false),
        // What was refused is asked about once: nothing moved, so it is a refusal.
        Seen::Status(308 | 400 | 412 | 416) | Seen::BadKey if class == Upload => {
            let asked = call != Call::AskOffset && times == 1;
            let refusal = if seen == Seen::BadKey { "Auth" } else { "Rejected" };
            (if asked { refusal } else { "NotFound" }, false)
        }
        Seen::BadKey => ("Auth", false),
        Seen::Full => ("Quota", false),
        Seen::PageOf(429 | 502 | 503) => meaning(call, status_of(seen), times),
        Seen::PageOf(_) => ("Protocol", class == Upload),
        Seen::Later(status, seconds) => {
            let (word, again) = meaning(call, Seen::Status(status), times);
            (word, again && seconds <= 3_600)
        }
        Seen::Status(status) => (refused(call, status), is_repeated(class, status)),
    }
}

fn status_of(seen: Seen) -> Seen {
    match seen {
        Seen::PageOf(status) | Seen::Later(status, _) => Seen::Status(status),
        other => other,
    }
}

fn is_repeated(class: CallClass, status: u16) -> bool {
    match class {
        CallClass::Create => false,
        CallClass::Generate => matches!(status, 429 | 503),
        _ => matches!(status, 408 | 429 | 500 | 502 | 503 | 504),
    }
}

fn refused(call: Call, status: u16) -> &'static str {
    let file = matches!(call, Call::GetFile | Call::DeleteFile | Call::Fetch);
    match status {
        403 if file => "NotFound",
        401 | 403 => "Auth",
        404 | 410 => "NotFound",
        407 => "Protocol",
        408 | 500 | 502 | 503 | 504 => "Transient",
        429 => "Quota",
        _ => "Rejected",
    }
}

/// Calls that look at nothing in an answer, those that want an object, and those that want more.
fn is_content_with(call: Call, body: &str) -> bool {
    match call {
        Call::DeleteFile | Call::CancelJob | Call::DeleteJob | Call::Fetch => true,
        Call::Generate | Call::ListModels | Call::ListFiles | Call::ListJobs => body == "{}",
        _ => false,
    }
}

/// Whether a call that failed so may have changed something.
fn certainty(call: Call, seen: Seen, word: &str) -> Applied {
    let looks = matches!(
        call,
        Call::GetModel
            | Call::ListModels
            | Call::CountTokens
            | Call::OpenUpload
            | Call::GetFile
            | Call::ListFiles
            | Call::GetJob
            | Call::ListJobs
            | Call::Fetch
    );
    let definite = match seen {
        Seen::Status(s) | Seen::PageOf(s) | Seen::Later(s, _) => {
            matches!(s, 400 | 401 | 403 | 404 | 413 | 429)
        }
        Seen::Full | Seen::BadKey => true,
        _ => false,
    };
    // A session that is no more holds nothing.
    let gone = call.class() == CallClass::Upload && word == "NotFound";
    if looks || definite || gone { Applied::No } else { Applied::Maybe }
}
