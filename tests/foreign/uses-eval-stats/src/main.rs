//! Reads counts from a survey of its own and says what they are worth.

use eval_stats::{proportion, wilson};

fn main() {
    let surveys = [("left", 14, 15), ("right", 8, 15), ("nobody", 0, 0)];
    let lines: Vec<String> = surveys
        .iter()
        .map(|&(name, passes, rows)| match (proportion(passes, rows), wilson(passes, rows, 0.95)) {
            (Some(share), Some(interval)) => {
                assert!(interval.low < share && share < interval.high);
                format!(
                    "{name}: {:.0} % ({:.0} to {:.0})",
                    share * 100.0,
                    interval.low * 100.0,
                    interval.high * 100.0
                )
            }
            _ => format!("{name}: no answers"),
        })
        .collect();
    assert_eq!(lines, ["left: 93 % (70 to 99)", "right: 53 % (30 to 75)", "nobody: no answers"]);
    println!("{}", lines.join("\n"));
}
