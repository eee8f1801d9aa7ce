//! How a variant spells what the key resource answers: JSON (RFC 8259), links (RFC 6690), diagnostics and options (RFC 7252).

use alloc::string::String;
use alloc::vec::Vec;

use protocols::coap::Response;
use wire::coap::{Link, OptionNumber};

use crate::liberties::{Free, Json, Links};

/// The same document: `compact` has no white space, and no string of it has a comma, a colon, a bracket or an escape.
pub(super) fn json(spelling: Json, compact: &str) -> String {
    match spelling {
        Json::Compact => String::from(compact),
        Json::Spaced => {
            let mut spaced = String::from("\r\n ");
            for letter in compact.chars() {
                match letter {
                    '{' => spaced.push_str("{\n\t"),
                    '}' => spaced.push_str(" }"),
                    ':' => spaced.push_str(" : "),
                    ',' => spaced.push_str(" ,\n\t"),
                    other => spaced.push(other),
                }
            }
            spaced.push('\n');
            spaced
        }
        Json::Reversed => reversed(compact),
        Json::Escaped => escaped(compact),
        Json::Exponents => numbers(compact, "e0"),
        Json::Fractions => numbers(compact, ".0"),
    }
}

/// An object, and those in it, with their members in the opposite order.
fn reversed(object: &str) -> String {
    let Some(inner) = object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else { return object.into() };
    let mut members: Vec<String> = Vec::new();
    let (mut depth, mut member) = (0usize, String::new());
    for letter in inner.chars() {
        match letter {
            '{' => depth = depth.saturating_add(1),
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if letter == ',' && depth == 0 {
            members.push(core::mem::take(&mut member));
        } else {
            member.push(letter);
        }
    }
    if !member.is_empty() {
        members.push(member);
    }
    let members = members.into_iter().rev().map(|member| match member.split_once(':') {
        Some((name, value)) if value.starts_with('{') => alloc::format!("{name}:{}", reversed(value)),
        _ => member,
    });
    alloc::format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// The first letter of every string as an escape.
fn escaped(compact: &str) -> String {
    let mut escaped = String::new();
    let mut parts = compact.split('"');
    escaped.push_str(parts.next().unwrap_or_default());
    for (at, part) in parts.enumerate() {
        escaped.push('"');
        match part.chars().next() {
            Some(first) if at % 2 == 0 => {
                escaped.push_str(&alloc::format!("\\u{:04x}", u32::from(first)));
                escaped.push_str(part.get(first.len_utf8()..).unwrap_or_default());
            }
            _ => escaped.push_str(part),
        }
    }
    escaped
}

/// Every number with something behind it that does not change it.
fn numbers(compact: &str, behind: &str) -> String {
    let mut spelt = String::new();
    let (mut in_text, mut in_number) = (false, false);
    for letter in compact.chars() {
        let is_digit = letter.is_ascii_digit() && !in_text;
        if in_number && !is_digit {
            spelt.push_str(behind);
        }
        in_number = is_digit;
        in_text ^= letter == '"';
        spelt.push(letter);
    }
    spelt
}

/// The attributes of the link of the key resource.
pub(super) fn link(spelling: Links, link: &mut Link) {
    match spelling {
        Links::Plain => {}
        Links::Reversed => link.attributes.reverse(),
        Links::More => {
            link.attributes.push((String::from("if"), Some(String::from("vendor.keys"))));
            link.attributes.push((String::from("title"), Some(String::from("Network keys, for commissioning"))));
            link.attributes.push((String::from("sz"), Some(String::from("512"))));
        }
        Links::TwoTypes => {
            for (_, value) in link.attributes.iter_mut().filter(|(name, _)| name == "rt") {
                *value = value.take().map(|types| alloc::format!("vendor.store {types}"));
            }
        }
    }
}

/// A response with what nobody needs.
pub(super) fn response(free: Free, response: Response) -> Response {
    let mut response = response;
    let is_error = !response.code.is_success();
    if free.diagnostics() && is_error && response.payload.is_empty() {
        response.payload = b"not done: see the manual".to_vec();
    }
    if free.elective_option() {
        // Elective, safe to forward, of the range for vendors (RFC 7252 12.2).
        response.options.push(OptionNumber(2312), Vec::from(*b"v1"));
    }
    response
}
