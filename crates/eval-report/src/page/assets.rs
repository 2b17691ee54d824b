//! The fixed parts of the page, and the policy that lets nothing but them run.

use std::io::{self, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

const HTML: &str = include_str!("../../assets/page/page.html");
const CSS: &str = include_str!("../../assets/page/page.css");
/// In this order they are one script; what stands at the top of the last one starts it.
const SCRIPTS: [&str; 11] = [
    include_str!("../../assets/page/dom.js"),
    include_str!("../../assets/page/data.js"),
    include_str!("../../assets/page/charts.js"),
    include_str!("../../assets/page/summary.js"),
    include_str!("../../assets/page/judges.js"),
    include_str!("../../assets/page/filters.js"),
    include_str!("../../assets/page/list.js"),
    include_str!("../../assets/page/diff.js"),
    include_str!("../../assets/page/parts.js"),
    include_str!("../../assets/page/detail.js"),
    include_str!("../../assets/page/main.js"),
];

/// The page without what differs between reports.
pub(super) struct Shell {
    style: String,
    script: String,
}

impl Shell {
    pub(super) fn new() -> Self {
        let script = format!("(() => {{\n'use strict';\n{}}})();\n", SCRIPTS.join("\n"));
        Self { style: CSS.to_owned(), script }
    }

    /// Writes everything up to the end of the script; `report` has to be safe inside a script element.
    pub(super) fn head(&self, out: &mut impl Write, report: &str) -> io::Result<()> {
        let (style_hash, script_hash) = (hash(&self.style), hash(&self.script));
        let mut rest = HTML;
        // Every marker stands once, and what is put in is not looked through again.
        while let Some((before, after)) = rest.split_once("{{") {
            let (name, after) = after.split_once("}}").unwrap_or((after, ""));
            out.write_all(before.as_bytes())?;
            let filled = match name {
                "script-hash" => &script_hash,
                "style-hash" => &style_hash,
                "style" => &self.style,
                "script" => &self.script,
                _ => report,
            };
            out.write_all(filled.as_bytes())?;
            rest = after;
        }
        out.write_all(rest.as_bytes())
    }
}

/// The hash of an inline script or style as a policy names it.
fn hash(text: &str) -> String {
    STANDARD.encode(Sha256::digest(text.as_bytes()))
}
