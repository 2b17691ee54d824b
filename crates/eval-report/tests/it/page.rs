//! The page: what stands in it comes out again, and nothing that rows or names hold gets a place of its own in it.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use eval_report::{Page, PageRows, Report, Role, RowAnswer, RunRow, Spoken};
use flate2::read::GzDecoder;
use proptest::prelude::*;
use scoring::{Json, Outcome, Verdict};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{built, report};

pub(crate) fn row(number: u64, text: &str) -> RunRow {
    let raw = |value: Value| Json::parse(&value.to_string()).unwrap();
    let response = json!({"candidates": [{"content": {"parts": [
        {"text": text}, {"functionCall": {"name": text, "args": {"a": text}}}]}, "finishReason": "STOP"}]});
    let dataset = json!({"key": format!("r{number:08}-1f9c03ab"), "line": number + 1, "response": response,
        "row": {"key": text, "country": text}});
    let answer = |line: Value, pass| RowAnswer {
        outcome: Outcome::Answered,
        verdicts: vec![Some(Verdict::Pass(pass))],
        line: Some(line.to_string().as_bytes().into()),
        judges: Vec::new(),
    };
    RunRow {
        number,
        key: format!("r{number:08}-1f9c03ab"),
        dataset: raw(dataset.clone()),
        requests: vec![Some(raw(json!({"contents": [{"parts": [{"text": text}]}]})))],
        expected: Some(raw(json!(text))),
        answers: vec![
            answer(dataset, true),
            answer(json!({"key": "k", "response": response}), false),
        ],
    }
}

fn columns() -> Vec<String> {
    vec!["logged".to_owned(), "m".to_owned()]
}

fn page(report: &Report, rows: &[RunRow], values: &[Option<String>]) -> String {
    let (mut file, columns) = (Vec::new(), columns());
    let fields = vec!["/country".to_owned()];
    let about = PageRows { columns: &columns, fields: &fields, rows: rows.len() as u64 };
    let mut page = Page::begin(&mut file, report, &about).unwrap();
    for row in rows {
        assert!(page.push(row.clone(), values.to_vec()).unwrap());
    }
    assert_eq!(page.finish().unwrap(), rows.len() as u64);
    String::from_utf8(file).unwrap()
}

/// What stands between the tags of the script with this attribute.
fn script<'p>(page: &'p str, attribute: &str) -> &'p str {
    let (_, rest) = page.split_once(&format!("<script{attribute}>")).unwrap();
    rest.split_once("</script>").unwrap().0
}

fn unpacked(page: &str, id: &str) -> Vec<Value> {
    let text = script(page, &format!(" type=\"text/plain\" id=\"{id}\""));
    let mut lines = String::new();
    GzDecoder::new(&STANDARD.decode(text).unwrap()[..]).read_to_string(&mut lines).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_row_comes_out_as_it_went_in() {
    let rows: Vec<RunRow> = (0..700).map(|number| row(number, &"text ".repeat(200))).collect();
    let page = page(
        &report([built("m", Role::Model, "FT", "m", &["function-call"])]),
        &rows,
        &[Some("de".into())],
    );
    let about: Value =
        serde_json::from_str(script(&page, " type=\"application/json\" id=\"about\"")).unwrap();
    assert_eq!((about["rows"].as_u64(), about["shown"].as_u64()), (Some(700), Some(700)));
    assert!(about["chunks"].as_u64().unwrap() > 3, "{about}");
    let chunks: Vec<Vec<Value>> = (0..about["chunks"].as_u64().unwrap())
        .map(|at| unpacked(&page, &format!("c{at}")))
        .collect();
    let index = unpacked(&page, "i0");
    assert_eq!(index.len(), 700);
    for (entry, row) in index.iter().zip(&rows) {
        let at = |member: usize| usize::try_from(entry[member].as_u64().unwrap()).unwrap();
        let shown = &chunks[at(1)][at(2)];
        assert_eq!(shown["data"], serde_json::from_str::<Value>(row.dataset.get()).unwrap());
        assert_eq!(entry[0], row.number);
        assert_eq!(entry[5], json!([0, 0]));
        assert_eq!(entry[6], json!([[true], [false]]));
        assert_eq!(entry[8], json!([0, 0]), "the same as the logged answer");
        assert_eq!(entry[10], json!(["de"]));
    }
}

#[test]
fn what_judges_said_stands_beside_what_it_is_about() {
    let spoken = |second, said: &str| Spoken {
        scorer: "judge:pairwise".to_owned(),
        second,
        said: Some(said.to_owned()).filter(|said| !said.is_empty()),
    };
    let (mut judged, long) = (row(0, "x"), "é".repeat(20_000));
    judged.answers[1].judges = vec![spoken(false, "</script>\n\u{202e}"), spoken(true, "")];
    let mut of_logged = row(1, "y");
    of_logged.answers[0].judges = vec![spoken(false, &long)];
    let page = page(&report([]), &[judged, of_logged, row(2, "z")], &[None]);
    let rows = unpacked(&page, "c0");
    let name = "judge:pairwise";
    assert_eq!(rows[0]["judges"], json!([[], [[name, 0, "</script>\n\u{202e}"], [name, 1, null]]]));
    let cut = &rows[1]["judges"][0][0][2];
    assert_eq!((cut["cut_of"].as_u64(), &rows[1]["judges"][1]), (Some(40_000), &json!([])));
    assert_eq!(cut["text"].as_str().unwrap(), &long[..32 << 10]);
    assert!(rows[2].get("judges").is_none(), "where none was asked nothing is said of it");
}

#[test]
fn the_policy_names_the_one_script_and_the_one_style() {
    let page = page(&report([]), &[], &[]);
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    for text in [script(&page, ""), style] {
        let hash = STANDARD.encode(Sha256::digest(text.as_bytes()));
        assert!(page.contains(&format!("-src 'sha256-{hash}'")), "{}", &text[..40]);
    }
    assert!(page.contains("default-src 'none'"));
    let script = script(&page, "");
    for way in [
        "innerHTML",
        "outerHTML",
        "insertAdjacentHTML",
        "document.write",
        "eval(",
        "Function(",
        "fetch(",
        "XMLHttp",
        "import(",
    ] {
        assert!(!script.contains(way), "the script has no {way}");
    }
    for address in ["http:", "https:", "//cdn", "url("] {
        let bare = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!bare.contains(address), "the page has no {address}");
    }
}

#[test]
fn what_is_too_long_is_cut_and_said_to_be() {
    let long = row(0, &"é".repeat(600_000));
    let page = page(&report([]), &[long], &[None]);
    let rows = unpacked(&page, "c0");
    assert!(rows[0]["data"]["cut_of"].as_u64().unwrap() > 2_000_000);
    assert!(rows[0]["data"]["text"].as_str().unwrap().len() <= 32 << 10);
    assert!(page.len() < 1 << 20);
}

/// The tags of a page, in order.
fn tags(page: &str) -> Vec<String> {
    // What stands in a script or style is no markup, up to its end tag.
    let (mut tags, mut rest) = (Vec::new(), page);
    while let Some(at) = rest.find('<') {
        rest = &rest[at..];
        let end = rest.find('>').unwrap();
        let tag = &rest[..=end];
        tags.push(tag.to_owned());
        rest = &rest[end + 1..];
        let raw = ["script", "style"].into_iter().find(|name| tag.starts_with(&format!("<{name}")));
        if let Some(name) = raw {
            rest = &rest[rest.find(&format!("</{name}")).unwrap()..];
        }
    }
    tags
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_text_adds_a_tag(text in "(</script|<!--|<script>|\\]\\]>|\"|'|>|&|\\{\\{report\\}\\}|\u{2028}|\u{202e}|[ -~]){0,12}") {
        let plain = page(&report([built("m", Role::Model, "FT", "m", &["function-call"])]), &[row(0, "x")], &[None]);
        let mut hostile = report([built(&text, Role::Model, "FT", &text, &["function-call"])]);
        hostile.dataset.as_mut().unwrap().name = text.clone();
        let page = page(&hostile, &[row(0, &text)], &[Some(text.clone())]);
        prop_assert_eq!(tags(&page), tags(&plain));
        let meta: Value = serde_json::from_str(script(&page, " type=\"application/json\" id=\"report\"")).unwrap();
        prop_assert_eq!(&meta["report"]["models"][0]["label"], &text);
    }
}
