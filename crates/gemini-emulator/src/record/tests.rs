//! Jobs at chosen moments of their time.

use super::*;

fn job(end: &str, seconds: &[u64]) -> JobRecord {
    let names = ["BATCH_STATE_PENDING", "BATCH_STATE_RUNNING"];
    JobRecord {
        id: "j".into(),
        kind: Kind::Generate,
        index: 0,
        source: Source::Inlined,
        model: "m".into(),
        display_name: None,
        created: Stamp(0),
        listed: Stamp(0),
        phases: names
            .iter()
            .zip(seconds)
            .map(|(name, s)| ((*name).into(), Duration::from_secs(*s)))
            .collect(),
        polls_left: Vec::new(),
        tokens: 0,
        end: end.into(),
        error: None,
        has_output: true,
        output_delay: Duration::from_secs(5),
        ignores_cancel: false,
        rows: 1,
        succeeded: 1,
        failed: 0,
        cancelled: None,
        deleted: None,
        progress: Progress::default(),
        answers: String::new(),
        plan: JobPlan::default(),
    }
}

fn at(job: &JobRecord, seconds: i64) -> Standing {
    job.standing(Stamp(seconds * 1_000_000_000))
}

#[test]
fn states_follow_the_clock() {
    let job = job("BATCH_STATE_SUCCEEDED", &[10, 20]);
    assert_eq!(at(&job, 9).state, "BATCH_STATE_PENDING");
    assert_eq!(at(&job, 10).state, "BATCH_STATE_RUNNING");
    assert!(!at(&job, 29).ended);
    let end = at(&job, 30);
    assert!(end.ended && !end.output, "{end:?}");
    assert!(at(&job, 35).output);
}

#[test]
fn phases_may_wait_for_polls() {
    let phase = |polls| Phase { state: format!("S{polls}"), polls: Some(polls), lasts_s: 0.0 };
    let plan = JobPlan { phases: vec![phase(2), phase(0), phase(1)], ..JobPlan::default() };
    let mut job = job("BATCH_STATE_SUCCEEDED", &[]);
    (job.phases, job.polls_left) = phases(&plan, Duration::ZERO, Duration::ZERO);
    let mut seen = Vec::new();
    for n in 0..4 {
        let now = Stamp(n * 1_000_000_000);
        seen.push(job.standing(now).state);
        job.polled(now);
    }
    assert_eq!(seen, ["S2", "S2", "S1", "BATCH_STATE_SUCCEEDED"]);
    assert_eq!(at(&job, 9).since, Stamp(2_000_000_000));
}

#[test]
fn more_than_two_days_is_expired_without_output() {
    let job = job("BATCH_STATE_SUCCEEDED", &[10, 200_000]);
    assert_eq!(at(&job, 172_799).state, "BATCH_STATE_RUNNING");
    let end = at(&job, 172_800 + 10);
    assert_eq!((end.state.as_str(), end.output), ("BATCH_STATE_EXPIRED", false));
    assert_eq!(end.error.unwrap().code, 4);
}

#[test]
fn cancel_ends_it_unless_ignored_or_too_late() {
    let mut job = job("BATCH_STATE_SUCCEEDED", &[10, 20]);
    job.cancelled = Some(Stamp(15_000_000_000));
    let end = at(&job, 15);
    assert_eq!((end.state.as_str(), end.output), ("BATCH_STATE_CANCELLED", false));
    assert_eq!(end.error.unwrap().code, 1);
    job.ignores_cancel = true;
    assert_eq!(at(&job, 30).state, "BATCH_STATE_SUCCEEDED");
}

#[test]
fn a_job_with_real_answers_ends_with_the_last_of_them() {
    let mut job = job("BATCH_STATE_SUCCEEDED", &[10]);
    job.progress = Progress::Real;
    assert_eq!(at(&job, 11).state, "BATCH_STATE_RUNNING");
    assert_eq!(at(&job, 172_800).state, "BATCH_STATE_EXPIRED");
    job.progress = Progress::Answered { at: Some(Stamp(50_000_000_000)) };
    assert!(!at(&job, 49).ended);
    assert_eq!(at(&job, 50).state, "BATCH_STATE_SUCCEEDED");
    job.progress = Progress::Answered { at: Some(Stamp(5_000_000_000)) };
    assert!(!at(&job, 9).ended, "not before its plan");
    job.progress = Progress::Halted;
    job.cancelled = Some(Stamp(5_000_000_000));
    assert_eq!(at(&job, 5).state, "BATCH_STATE_CANCELLED");
}

#[test]
fn a_job_whose_made_up_answers_are_late_shows_as_running() {
    let mut job = job("BATCH_STATE_SUCCEEDED", &[10, 20]);
    job.progress = Progress::Made;
    let now = Stamp(40_000_000_000);
    assert!(job.is_late(now) && job.standing(now).ended);
    assert_eq!(job.shown(now).state, "BATCH_STATE_RUNNING");
    let came = Stamp::default().plus(Duration::from_hours(100));
    job.progress = Progress::Late { at: came };
    assert_eq!(job.shown(came).state, "BATCH_STATE_SUCCEEDED");
    assert!(job.keeps_results(came) && !job.keeps_results(came.plus(TWO_DAYS)));
    job.progress = Progress::default();
    assert_eq!(job.shown(now), job.standing(now));
}
