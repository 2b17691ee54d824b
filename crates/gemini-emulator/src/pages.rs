//! Pages of HTML that Google's front end gives where no call of the API is meant.

use crate::reply::Reply;

pub(crate) fn not_found(path: &str) -> Reply {
    let what =
        format!("The requested URL <code>{}</code> was not found on this server.", safe(path));
    page(404, "Not Found", &what)
}

pub(crate) fn wrong_method(method: &str, path: &str, allowed: &[&str]) -> Reply {
    let what = format!(
        "The request method <code>{}</code> is inappropriate for the URL <code>{}</code>.",
        safe(method),
        safe(path)
    );
    page(405, "Method Not Allowed", &what).header("Allow", &allowed.join(", "))
}

fn safe(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '<' | '>' | '&' | '"')).collect()
}

fn page(status: u16, name: &str, what: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n<title>Error {status} ({name})</title>\n<p>{what}\n"
    );
    let mut reply = Reply::bytes(page.into()).header("Content-Type", "text/html; charset=UTF-8");
    reply.status = status;
    reply
}
