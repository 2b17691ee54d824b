//! Pages of a list, newest first, by tokens that stay right while the list grows.

use std::fmt::Display;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Stamp;
use crate::reply::Failure;
use crate::route::Target;

const DEFAULT: usize = 10;
const MOST: usize = 100;

/// Takes one page and gives the token of the next if there is one. `after` gives the items newest
/// first, from the one after a place; `place` says where an item stands.
pub(crate) fn page<'a, T, Id, Items>(
    target: &Target,
    after: impl FnOnce(Option<(Stamp, Id)>) -> Items,
    place: impl Fn(&T) -> (Stamp, Id),
) -> Result<(Vec<&'a T>, Option<String>), Failure>
where
    Id: FromStr + Display,
    Items: Iterator<Item = &'a T>,
{
    let size = match target.page_size.as_deref() {
        None | Some("" | "0") => DEFAULT,
        Some(text) => match text.parse::<usize>() {
            Ok(size) => size.min(MOST),
            Err(_) => return Err(Failure::invalid(format!("Invalid page size: {text:?}."))),
        },
    };
    let last = match target.page_token.as_deref() {
        None | Some("") => None,
        Some(token) => Some(read(token).ok_or_else(|| Failure::invalid("Invalid page token."))?),
    };
    let mut rest = after(last);
    let page: Vec<&T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let token = page.last().filter(|_| more).map(|last| write(&place(last)));
    Ok((page, token))
}

fn write<Id: Display>((stamp, id): &(Stamp, Id)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{id}", stamp.0))
}

fn read<Id: FromStr>(token: &str) -> Option<(Stamp, Id)> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (stamp, id) = text.split_once('/')?;
    Some((Stamp(stamp.parse().ok()?), id.parse().ok()?))
}
