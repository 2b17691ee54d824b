//! What a plugin's process says, taken from bytes instead of from a process, for fuzz targets.

use std::sync::Arc;
use std::time::Duration;

use scoring::{Row, Verdict};

use crate::protocol::{self, Greeting};
use crate::worker::lines::{self, Read};
use crate::worker::{Broken, LONGEST_ANSWER, Partner, Shared, Trouble, Worker};
use crate::{PluginError, Settings};

/// The verdicts of a process that says `said`, whatever it is asked: a hello, and then answers.
///
/// It is asked as any process is, and never replaced: what it left open when it broke down is unscorable. One that could
/// not read a message of many rows is asked for them one at a time.
///
/// # Errors
/// When what it says begins with no hello, or with one that refuses to work.
pub fn judged(said: &[u8], rows: &[Row<'_>]) -> Result<Vec<Verdict>, PluginError> {
    let scorer = || "exec:bytes".to_owned();
    let hello = |why| PluginError::Hello { scorer: scorer(), why };
    let mut script = Script(said);
    let line = script.next(Duration::ZERO).map_err(|Trouble(why)| hello(why))?;
    let greeting = match protocol::greeting(&line).map_err(hello)? {
        Greeting::Hello(greeting) => greeting,
        Greeting::Refused(why) => return Err(PluginError::Refused { scorer: scorer(), why }),
    };
    let shared = Shared::new(scorer(), Vec::new(), Settings::default());
    let mut worker = Worker::new(Arc::new(shared), greeting, None);
    let mut verdicts: Vec<Option<Verdict>> = rows.iter().map(|_| None).collect();
    let mut asked: Vec<Vec<usize>> = vec![(0..rows.len()).collect()];
    let mut trouble = Trouble("did not answer".to_owned());
    while let Some(places) = asked.pop() {
        match worker.exchange(&mut script, rows, &places, &mut verdicts) {
            Ok(()) => {}
            Err(Broken::Unreadable) => {
                let open = places.iter().filter(|at| verdicts.get(**at) == Some(&None));
                asked.extend(open.map(|at| vec![*at]));
            }
            Err(Broken::Down(why)) => {
                trouble = why;
                break;
            }
        }
    }
    let lost = || Verdict::unscorable(format!("the scorer {trouble}"));
    Ok(verdicts.into_iter().map(|verdict| verdict.unwrap_or_else(lost)).collect())
}

/// The bytes of a process that does not listen.
struct Script<'a>(&'a [u8]);

impl Partner for Script<'_> {
    fn send(&self, _: Vec<u8>) {}

    fn next(&mut self, _: Duration) -> Result<Vec<u8>, Trouble> {
        match lines::next(&mut self.0, LONGEST_ANSWER) {
            Ok(Read::Line(line)) => Ok(line),
            Ok(Read::Overlong(_)) => Err(Trouble("wrote an overlong line".to_owned())),
            Ok(Read::End) | Err(_) => Err(Trouble("ended".to_owned())),
        }
    }
}
