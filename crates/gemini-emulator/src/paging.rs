//! Pages of a list, newest first, by tokens that stay right while the list grows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::clock::Stamp;
use crate::reply::Failure;
use crate::route::Target;

const DEFAULT: usize = 10;
const MOST: usize = 100;

/// Where an item stands in its list.
pub(crate) type Place = (Stamp, String);

/// Takes one page of `items`, given newest first, and the token of the next page if there is one.
pub(crate) fn page<'a, T>(
    target: &Target,
    items: impl Iterator<Item = &'a T>,
    place: impl Fn(&T) -> Place,
) -> Result<(Vec<&'a T>, Option<String>), Failure> {
    let size = match target.page_size.as_deref() {
        None | Some("" | "0") => DEFAULT,
        Some(text) => match text.parse::<usize>() {
            Ok(size) => size.min(MOST),
            Err(_) => return Err(Failure::invalid(format!("Invalid page size: {text:?}."))),
        },
    };
    let after = match target.page_token.as_deref() {
        None | Some("") => None,
        Some(token) => Some(read(token).ok_or_else(|| Failure::invalid("Invalid page token."))?),
    };
    let mut rest =
        items.skip_while(|item| after.as_ref().is_some_and(|after| place(item) >= *after));
    let page: Vec<&T> = rest.by_ref().take(size).collect();
    let more = rest.next().is_some();
    let token = page.last().filter(|_| more).map(|last| write(&place(last)));
    Ok((page, token))
}

fn write((stamp, id): &Place) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}/{id}", stamp.0))
}

fn read(token: &str) -> Option<Place> {
    let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('=')).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (stamp, id) = text.split_once('/')?;
    Some((Stamp(stamp.parse().ok()?), id.to_owned()))
}
