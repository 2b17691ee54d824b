//! What a jq expression may use: the functions of jq, but for those that look at the world or never end.

use std::cell::Cell;

use jaq_core::load::lex::{Lexer, StrPart, Tok, Token};
use jaq_core::load::{self, parse::Def};
use jaq_core::native::{Fun, bome, run, v};
use jaq_core::{DataT, Error, Lut, data::HasLut};
use jaq_json::Val;
use jaq_std::ValT as _;
use scoring::SpecError;

use super::DEEPEST;
use crate::gate;

/// Longer expressions belong into a file of another language.
const LONGEST: usize = 10_000;

/// How often an expression may repeat something for one row.
const MOST_ROUNDS: u32 = 10_000;

/// Functions that look at the world, or end the program.
const OUT_OF_BOUNDS: [&str; 9] = [
    "env",
    "now",
    "halt",
    "stderr_empty",
    "debug_empty",
    "localtime",
    "strflocaltime",
    "fromjson",
    "input",
];

/// Definitions that rest on those.
const UNDEFINED: [&str; 4] = ["halt", "halt_error", "stderr", "debug"];

/// The definitions that repeat, with their rounds counted, in the places of those of the same names.
const COUNTED: &str = r"
def range($from; $to; $by): range_($from; $to; $by) | round_;
def repeat(f): def rec: round_ | f, rec; rec;
def recurse(f): def rec: round_ | ., (f | rec); rec;
def recurse: ..;
def while(cond; update): def rec: round_ | if cond then ., (update | rec) else empty end; rec;
def until(cond; update): def rec: round_ | if cond then . else update | rec end; rec;
def combinations: .[][] |= [.] | reduce .[] as $a ([]; . + $a[] | round_);
";

/// What functions of an expression find beside their input.
pub(super) struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = &'a Rounds<'a>;
}

/// How many rounds an expression still has for this row.
pub(super) struct Rounds<'a> {
    lut: &'a Lut<Kind>,
    left: Cell<u32>,
}

impl<'a> Rounds<'a> {
    pub(super) fn new(lut: &'a Lut<Kind>) -> Self {
        Self { lut, left: Cell::new(MOST_ROUNDS) }
    }

    fn take(&self) -> Result<(), Error<Val>> {
        let left = self.left.get().checked_sub(1);
        self.left.set(left.unwrap_or(0));
        left.map(drop).ok_or_else(|| Error::str(format!("gave up after {MOST_ROUNDS} rounds")))
    }
}

impl<'a> HasLut<'a, Kind> for &'a Rounds<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

/// The definitions an expression may use; each sees those before it.
pub(super) fn definitions() -> impl Iterator<Item = Def<&'static str>> {
    let mut counted = load::parse(COUNTED, |parser| parser.defs()).unwrap_or_default();
    let all = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let mut definitions: Vec<_> =
        all.filter(|definition| !UNDEFINED.contains(&definition.name)).collect();
    for definition in &mut definitions {
        let same = |other: &Def| {
            (other.name, other.args.len()) == (definition.name, definition.args.len())
        };
        if let Some(at) = counted.iter().position(same) {
            *definition = counted.remove(at);
        }
    }
    // What is left stands for native functions, and is to be seen by all.
    counted.into_iter().chain(definitions)
}

/// The native functions an expression may use.
pub(super) fn functions() -> impl Iterator<Item = Fun<Kind>> {
    let all = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let harmless = all.filter(|(name, ..)| !OUT_OF_BOUNDS.contains(name));
    let renamed = harmless.map(|(name, arguments, native)| match name {
        "range" => ("range_", arguments, native),
        _ => (name, arguments, native),
    });
    let ours: [Fun<Kind>; 2] = [
        run(("round_", v(0), |(context, value)| {
            bome(context.data().take().and_then(|()| shallow(value)))
        })),
        run(("fromjson", v(0), |(_, value)| bome(from_json(&value)))),
    ];
    renamed.chain(ours)
}

/// Refuses a value that rounds nested ever deeper: values are dropped by recursion. Looks along one branch only.
fn shallow(value: Val) -> Result<Val, Error<Val>> {
    let mut branch = Some(&value);
    for _ in 0..4 * DEEPEST {
        branch = match branch {
            Some(Val::Arr(elements)) => elements.last(),
            Some(Val::Obj(members)) => members.last().map(|(_, member)| member),
            _ => return Ok(value),
        };
    }
    Err(Error::str("nested a value deeper and deeper"))
}

/// Text that stands in a row is as dangerous as the row.
fn from_json(value: &Val) -> Result<Val, Error<Val>> {
    let text = value.try_as_utf8_bytes()?;
    gate::check(text, DEEPEST).map_err(Error::str)?;
    jaq_json::read::parse_single(text).map_err(|error| Error::str(format!("not JSON: {error}")))
}

/// Refuses what cannot be bounded while it runs: definitions, which may call themselves, and nesting.
pub(super) fn check(text: &str) -> Result<(), SpecError> {
    if text.len() > LONGEST {
        let problem = format!("longer than {LONGEST} bytes");
        return Err(SpecError::new(text, 0..0, problem));
    }
    let brackets = text.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count();
    if brackets > 500 {
        return Err(SpecError::new(text, 0..0, "has more than 500 brackets"));
    }
    // What cannot be taken apart is reported by the compiler.
    let tokens = Lexer::new(text).lex().unwrap_or_default();
    match defining(&tokens) {
        Some(word) => {
            let problem = "functions cannot be defined here, since they could call themselves";
            Err(SpecError::new(text, super::place(text, word), problem))
        }
        None => Ok(()),
    }
}

/// The first `def`, in strings' interpolations too.
fn defining<'a>(tokens: &[Token<&'a str>]) -> Option<&'a str> {
    tokens.iter().find_map(|Token(text, kind)| match kind {
        Tok::Word => (*text == "def").then_some(*text),
        Tok::Block(inner) => defining(inner),
        Tok::Str(parts) => parts.iter().find_map(|part| match part {
            StrPart::Term(token) => defining(std::slice::from_ref(token)),
            _ => None,
        }),
        _ => None,
    })
}
