//! Asks for the rows of one job, so many at a time, and keeps each answer as it comes.

use std::fs::File;
use std::io::{self, BufReader};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use super::part::{Part, publish};
use super::{Live, rows_of};
use crate::answer::{Answerer, Pace};
use crate::record::JobRecord;
use crate::results::Job;
use crate::rows::Lines;
use crate::shared::Core;

/// Rows that are passed over without a pause, so that other tasks get their turn.
const PASSED: u64 = 1_000;

pub(super) async fn answer(
    core: &Core,
    record: &JobRecord,
    answerer: &dyn Answerer,
    live: &Live,
) -> io::Result<()> {
    // A late create takes effect only then.
    core.clock.sleep_until(record.created).await;
    let concurrency = match answerer.pace() {
        Pace::Real { concurrency } => concurrency.max(1),
        Pace::MadeUp => 1,
    };
    let path = core.store.part(&record.id);
    let opened = {
        let path = path.clone();
        tokio::task::spawn_blocking(move || Part::open(&path)).await.map_err(io::Error::other)?
    };
    let (mut part, known) = opened?;
    live.set(known.counts);
    let job = rows_of(core, record);
    let mut lines = Lines::new(BufReader::new(File::open(core.store.input(&record.id))?));
    let mut asked = FuturesUnordered::new();
    let mut all = false;
    loop {
        while !all && asked.len() < concurrency {
            match lines.next()? {
                None => all = true,
                Some((number, _)) if known.answered(number) => {
                    if number.is_multiple_of(PASSED) {
                        tokio::task::yield_now().await;
                    }
                }
                Some((number, line)) => asked.push(ask(&job, number, line.to_vec(), answerer)),
            }
        }
        let Some(answered) = asked.next().await else { break };
        let (number, settled) = answered?;
        part.append(number, &settled)?;
        live.count(&settled);
    }
    let blank_lines = record.plan.blank_lines && !job.inlined;
    let (inlined, results) = (job.inlined, core.store.results(&record.id));
    let foreign: Vec<Vec<u8>> = job.foreign().collect();
    let published = move || publish(&path, &results, inlined, blank_lines, &foreign);
    tokio::task::spawn_blocking(published).await.map_err(io::Error::other)?
}

async fn ask(
    job: &Job<'_>,
    number: u64,
    line: Vec<u8>,
    answerer: &dyn Answerer,
) -> io::Result<(u64, crate::results::Settled)> {
    let pending = job.read(number, &line)?;
    drop(line);
    Ok((number, job.settle(pending, answerer).await?))
}
