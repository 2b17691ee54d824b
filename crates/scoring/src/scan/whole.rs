//! Passes whole values of any nesting without recursion: most of the bytes of a line are in values nobody asks for.

use super::marks::chunk;
use super::open::Open;
use super::token::{name, scalar, string, token};

/// Passes the value that begins with `first` at `at`.
#[inline]
pub(super) fn value(bytes: &[u8], first: u8, at: usize) -> Option<usize> {
    match first {
        b'"' => string(bytes, at),
        b'{' | b'[' => container(bytes, first, at),
        _ => scalar(bytes, first, at),
    }
}

/// Passes the object or array that begins with `byte` at `at`.
#[inline(never)]
fn container(bytes: &[u8], mut byte: u8, mut at: usize) -> Option<usize> {
    let mut open = Open::nothing();
    loop {
        at = match byte {
            b'"' => string(bytes, at)?,
            b'{' => {
                let (first, inside) = token(bytes, at + 1)?;
                if first != b'}' {
                    open.push(true);
                    (byte, at) = name(bytes, first, inside)?;
                    continue;
                }
                inside + 1
            }
            b'[' => {
                let (first, inside) = token(bytes, at + 1)?;
                if first != b']' {
                    open.push(false);
                    (byte, at) = (first, inside);
                    continue;
                }
                inside + 1
            }
            _ => scalar(bytes, byte, at)?,
        };
        loop {
            if open.is_nothing() {
                return Some(at);
            }
            let in_object = open.in_object();
            if in_object && let Some(b",\"") = chunk(bytes, at) {
                (byte, at) = name(bytes, b'"', at + 1)?;
                break;
            }
            let (found, place) = token(bytes, at)?;
            if found == b',' {
                (byte, at) = token(bytes, place + 1)?;
                if in_object {
                    (byte, at) = name(bytes, byte, at)?;
                }
                break;
            }
            if found != if in_object { b'}' } else { b']' } {
                return None;
            }
            open.pop();
            at = place + 1;
        }
    }
}
