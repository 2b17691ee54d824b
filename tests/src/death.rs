//! Killing the program at a moment that is counted and not timed: by what it has written, and looks at that.

use std::fs;
use std::path::Path;
use std::process::Child;

use crate::house::House;

/// The `n`th of a series of numbers that look random (splitmix64), of those that `seed` begins.
pub fn chance(seed: u64, n: u64) -> u64 {
    let mut z = (seed ^ n).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(n);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// What tests are told by a variable of the environment: how many to try, and from which seed on.
///
/// # Panics
///
/// When the variable holds no number.
pub fn told(variable: &str, usual: u64) -> u64 {
    match std::env::var(variable).map(|text| text.parse()) {
        Ok(Ok(number)) => number,
        Ok(Err(error)) => panic!("{variable}: {error}"),
        Err(_) => usual,
    }
}

/// Kills a program as soon as `reached`, looked at again and again, says so; whether it came to that before it
/// ended by itself.
///
/// # Panics
///
/// When the program cannot be waited for.
pub fn kill_when(child: &mut Child, mut reached: impl FnMut() -> bool) -> bool {
    let came = loop {
        if reached() {
            break true;
        }
        match child.try_wait() {
            Ok(None) => {}
            Ok(Some(_)) => break false,
            Err(error) => panic!("failed to look at the program: {error}"),
        }
    };
    // One that has just ended by itself cannot be killed, and is as good a case.
    let _ = child.kill();
    if let Err(error) = child.wait() {
        panic!("failed to wait for the program: {error}");
    }
    came
}

/// Kills a program once it has written so many lines into the journals of a run and its judges, and so many looks at
/// them later: with each a moment between two lines.
///
/// # Panics
///
/// When the program cannot be waited for.
pub fn kill_between_lines(
    house: &House,
    run: &str,
    child: &mut Child,
    lines: usize,
    mut looks: u64,
) {
    let until = written(&house.run(run)) + lines;
    kill_when(child, || {
        if written(&house.run(run)) < until {
            return false;
        }
        looks = looks.saturating_sub(1);
        looks == 0
    });
}

/// The lines in all journals of a run: its own, and those of its judges.
pub fn written(run: &Path) -> usize {
    let Ok(entries) = fs::read_dir(run) else { return 0 };
    let lines = |path: &Path| match path.file_name() {
        _ if path.is_dir() => written(path),
        Some(name) if name == "journal.jsonl" => {
            fs::read_to_string(path).unwrap_or_default().lines().count()
        }
        _ => 0,
    };
    entries.flatten().map(|entry| lines(&entry.path())).sum()
}
