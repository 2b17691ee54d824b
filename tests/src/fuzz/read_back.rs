//! Strict readers of what reports are written in, made without the writers' code.

#![expect(clippy::expect_used, reason = "a target says by a panic what does not hold")]

/// The tags of a page as they stand in it, each from its `<` to its `>`; with those, the page has the same elements,
/// since nothing else begins one.
pub(super) fn tags(page: &str) -> Vec<&str> {
    let begins = page.match_indices('<').map(|(at, _)| &page[at..]);
    begins.map(|rest| &rest[..=rest.find('>').unwrap_or(rest.len() - 1)]).collect()
}

/// The marks of a Markdown text that no backslash takes their meaning from, a line each; of a block of code there is
/// one for its first and one for its last line, and none within it.
pub(super) fn marks(text: &str) -> Vec<String> {
    let mut fence = None;
    let of_line = |line: &str| {
        let ticks = line.len() - line.trim_start_matches('`').len();
        match fence {
            Some(open) if ticks >= open && line[ticks..].trim().is_empty() => fence = None,
            Some(_) => return String::new(),
            None if ticks > 2 => fence = Some(ticks),
            None => return marks_of(line),
        }
        "code".to_owned()
    };
    text.split('\n').map(of_line).collect()
}

fn marks_of(line: &str) -> String {
    if line.starts_with('<') {
        // A block of HTML, which knows no others and no backslash.
        return line.chars().filter(|c| matches!(c, '<' | '>')).collect();
    }
    let mut marks = String::new();
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            // What follows is a letter and no mark.
            '\\' => drop(letters.next()),
            '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '!' => marks.push(letter),
            _ => {}
        }
    }
    marks
}

/// The lines of a CSV file by RFC 4180, each a list of cells.
pub(super) fn csv(file: &str) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut rest = file;
    while !rest.is_empty() {
        let mut line = Vec::new();
        loop {
            let (cell, behind) = if let Some(quoted) = rest.strip_prefix('"') {
                quoted_cell(quoted)
            } else {
                let end = rest.find([',', '\r', '\n', '"']).unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            };
            line.push(cell);
            if let Some(more) = behind.strip_prefix(',') {
                rest = more;
                continue;
            }
            let ended = behind.strip_prefix("\r\n");
            rest = ended.unwrap_or_else(|| panic!("neither cell nor line ends at {behind:?}"));
            break;
        }
        lines.push(line);
    }
    lines
}

/// A cell behind its opening quote, and what follows its closing one.
fn quoted_cell(text: &str) -> (String, &str) {
    let (mut cell, mut rest) = (String::new(), text);
    loop {
        let (part, behind) = rest.split_once('"').expect("a quote is closed");
        cell.push_str(part);
        let Some(more) = behind.strip_prefix('"') else { return (cell, behind) };
        cell.push('"');
        rest = more;
    }
}

/// The tags of an XML file with the names of their attributes; panics where it is not well-formed.
pub(super) fn xml(file: &str) -> Vec<String> {
    let prolog = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let mut rest = file.strip_prefix(prolog).expect("it begins as XML does");
    let (mut tags, mut open) = (Vec::new(), Vec::new());
    while let Some((between, tag)) = rest.split_once('<') {
        assert!(between.trim().is_empty(), "text {between:?} between elements");
        if let Some(end) = tag.strip_prefix('/') {
            let (name, behind) = end.split_once('>').expect("a tag ends");
            assert_eq!(open.pop(), Some(name), "another element is open");
            rest = behind;
            continue;
        }
        let end = tag.find([' ', '/', '>']).expect("a tag ends");
        let (name, mut behind) = tag.split_at(end);
        let mut said = name.to_owned();
        while let Some(attribute) = behind.strip_prefix(' ') {
            let (attribute, value) = attribute.split_once("=\"").expect("an attribute has a value");
            let (value, more) = value.split_once('"').expect("a value ends");
            assert!(attribute.chars().all(|c| c.is_ascii_lowercase()), "attribute {attribute:?}");
            check_value(value);
            said = format!("{said} {attribute}");
            behind = more;
        }
        rest = if let Some(more) = behind.strip_prefix("/>") {
            more
        } else {
            open.push(name);
            behind.strip_prefix('>').expect("a tag ends")
        };
        tags.push(said);
    }
    assert!(rest.trim().is_empty() && open.is_empty(), "{open:?} is open at the end");
    tags
}

/// A value holds characters that XML has, and of references only those to the marks.
fn check_value(value: &str) {
    let has = |c: char| c >= ' ' && !matches!(c, '<' | '\u{fffe}' | '\u{ffff}');
    assert!(value.chars().all(has), "the value {value:?}");
    for (at, _) in value.match_indices('&') {
        let known = ["&amp;", "&lt;", "&gt;", "&quot;"];
        assert!(known.iter().any(|known| value[at..].starts_with(known)), "the value {value:?}");
    }
}
