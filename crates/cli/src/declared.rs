//! Whether requests declare any function: where none does, the default scorer finds nothing to pass.

use std::path::Path;

use eval_report::sanitize;
use jsonl_transform::{LineContent, LineReader, member};
use memchr::memmem;
use run_store::RunFolder;

use crate::context::{Context, DEFAULT_SCORER};
use crate::prepare::Source;
use crate::words::grouped;

/// So many requests are looked at.
const LOOKED_AT: u64 = 2_000;
/// Of longer lines nothing is known.
const LONGEST: usize = 8 << 20;
/// What a request has in it that declares a function, has one called, or has a cache that may declare some, in either
/// spelling.
const SIGNS: [&[u8]; 6] = [
    b"functionDeclarations",
    b"function_declarations",
    b"functionCall",
    b"function_call",
    b"\"cachedContent\"",
    b"\"cached_content\"",
];

/// Says it where scorers of these names look for calls in a run whose requests declare no function.
pub(crate) fn tell_of_run<'a>(
    context: &Context,
    folder: &RunFolder,
    scorers: impl IntoIterator<Item = &'a str>,
) {
    // Other variants may declare what the dataset does not.
    if folder.manifest().asked.variants.len() != 1 {
        return;
    }
    let inputs = folder.manifest().made.inputs.iter().map(|input| folder.paths().input(input.id));
    let inputs = inputs.map(|path| path.to_string_lossy().into_owned()).collect();
    let dataset = folder.manifest().asked.dataset.label.as_str();
    tell(context, &Source::Files(inputs), dataset, scorers);
}

/// Says it where scorers of these names look for calls in a dataset whose requests declare no function.
pub(crate) fn tell<'a>(
    context: &Context,
    source: &Source,
    label: &str,
    scorers: impl IntoIterator<Item = &'a str>,
) {
    if let Some((text, next)) = lacking(context, source, label, scorers) {
        context.ui.note(&format!("note       {text}\nnext: {next}"));
    }
}

/// What is to be said, and what to do about it.
pub(crate) fn lacking<'a>(
    context: &Context,
    source: &Source,
    label: &str,
    scorers: impl IntoIterator<Item = &'a str>,
) -> Option<(String, String)> {
    let calls = scorers.into_iter().any(|name| name.contains(DEFAULT_SCORER));
    if !calls || !source.is_reopenable() {
        return None;
    }
    let dataset = source.dataset(context, None);
    // What cannot be read is told by whoever has to read it.
    let looked = undeclared(&mut LineReader::open(dataset.reader(), LONGEST).ok()?)?;
    let none = match looked {
        LOOKED_AT.. => format!("none of the first {} requests declares", grouped(LOOKED_AT)),
        _ => "no request declares".to_owned(),
    };
    let text = format!("{none} a function, so {DEFAULT_SCORER} finds nothing to pass");
    let next = format!(
        "name a --scorer; `batch-eval init {}` suggests some that fit",
        if Path::new(label).is_file() { sanitize(label) } else { "DATASET".into() }
    );
    Some((text, next))
}

/// How many rows were looked at, where none of them declares or calls a function.
fn undeclared<R: std::io::Read>(lines: &mut LineReader<R>) -> Option<u64> {
    let mut rows = 0;
    while let Ok(Some(line)) = lines.next_line() {
        let LineContent::Text(text) = line.content else { return None };
        if member(text, "request").ok().flatten().is_none() {
            continue;
        }
        if SIGNS.iter().any(|sign| memmem::find(text, sign).is_some()) {
            return None;
        }
        rows += 1;
        if rows == LOOKED_AT {
            break;
        }
    }
    (rows > 0).then_some(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<u64> {
        undeclared(&mut LineReader::open(text.as_bytes(), LONGEST).unwrap())
    }

    #[test]
    fn rows_are_counted_where_none_declares_or_calls_a_function() {
        let plain = "{\"request\":{\"contents\":[]}}\n";
        assert_eq!(seen(&plain.repeat(3)), Some(3));
        for tools in [
            "\"tools\":[{\"functionDeclarations\":[]}]",
            "\"tools\":[{\"function_declarations\":[]}]",
            "\"cachedContent\":\"cachedContents/x\"",
        ] {
            assert_eq!(seen(&format!("{plain}{{\"request\":{{{tools}}}}}\n")), None);
        }
        assert_eq!(seen("{\"other\":1}\nnope\n"), None, "nothing is said of what has no requests");
        assert_eq!(seen(&plain.repeat(2_005)), Some(LOOKED_AT));
    }
}
