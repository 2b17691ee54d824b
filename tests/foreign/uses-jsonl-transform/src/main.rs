//! Takes model and answer out of logged rows, and finds each row again by its key.

use std::error::Error;

use jsonl_transform::{BadRowPolicy, RowKey, Streams, Transformer};

fn main() -> Result<(), Box<dyn Error>> {
    let dataset = concat!(
        r#"{"request":{"model":"models/old","contents":[{"parts":[{"text":"one"}]}]},"response":{"candidates":[]}}"#,
        "\n\n",
        r#"{"request":{"contents":[]}}"#,
        "\n",
        r#"{"id":3,"request":{"contents":[{"parts":[{"text":"two"}]}],"generationConfig":{"seed":12345678901234567890123}}}"#,
    );
    let (mut input, mut logged, mut index) = (Vec::new(), Vec::new(), Vec::new());
    let summary = Transformer::new()
        .bad_rows(BadRowPolicy::Skip)
        .run(dataset.as_bytes(), &mut Streams::new(&mut input, &mut logged, &mut index))?;

    assert_eq!(summary.written, 2);
    let input = String::from_utf8(input)?;
    let lines: Vec<&str> = input.lines().collect();
    let request = br#"{"contents":[{"parts":[{"text":"one"}]}]}"#;
    assert!(lines[0].contains(&RowKey::new(0, request).to_string()), "{}", lines[0]);
    assert!(lines[1].contains("12345678901234567890123"), "{}", lines[1]);
    assert!(!input.contains("models/old") && !input.contains("candidates"));
    assert!(String::from_utf8(logged)?.contains("models/old"));
    println!("{input}");
    Ok(())
}
