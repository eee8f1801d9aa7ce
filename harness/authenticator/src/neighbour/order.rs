//! The orders of an emulated neighbour, from text.

use std::net::Ipv6Addr;

use wire::Eui64;

use crate::words::{Parsed, Words, bad, eui64, number, octets};

/// What a neighbour is.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Configuration {
    pub(super) eui64: Eui64,
    pub(super) pan_id: u16,
    pub(super) key: Option<[u8; 16]>,
    pub(super) index: u8,
    pub(super) level: u8,
    /// It has the key in use: a 6SR.
    pub(super) keyed: bool,
    pub(super) answer_ssr: bool,
    pub(super) answer_nd: bool,
    pub(super) forward: bool,
    /// Next hop of whatever is not in the mesh.
    pub(super) parent: Option<Eui64>,
}

/// An order.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Order {
    Configure(Configuration),
    Announce { to: Eui64, secured: Option<bool> },
    SetSecureRequest { to: Eui64, lifetime: u16, secured: bool },
    Echo { to: Eui64, dest: Option<Ipv6Addr>, secured: Option<bool>, size: u16 },
    Silent,
}

impl Order {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &str) -> Parsed<Self> {
        let mut words = Words::split(line);
        let order = match words.next("the order")? {
            "configure" => Self::Configure(configuration(&mut words)?),
            "announce" => Self::Announce { to: to(&mut words)?, secured: flag(&mut words, "secured")? },
            "ssr" => Self::SetSecureRequest {
                to: to(&mut words)?,
                lifetime: words.optional("lifetime").map_or(Ok(60), number)?,
                secured: flag(&mut words, "secured")?.unwrap_or(true),
            },
            "echo" => Self::Echo {
                to: to(&mut words)?,
                dest: words
                    .optional("dest")
                    .map(|text| text.parse().map_err(|_| bad(text, "an IPv6 address")))
                    .transpose()?,
                secured: flag(&mut words, "secured")?,
                size: words.optional("size").map_or(Ok(8), number)?,
            },
            "silent" => Self::Silent,
            unknown => return Err(format!("there is no order `{unknown}`")),
        };
        words.end()?;
        Ok(order)
    }
}

fn to(words: &mut Words<'_>) -> Parsed<Eui64> {
    eui64(words.required("to")?)
}

fn flag(words: &mut Words<'_>, name: &str) -> Parsed<Option<bool>> {
    match words.optional(name) {
        None => Ok(None),
        Some("0") => Ok(Some(false)),
        Some("1") => Ok(Some(true)),
        Some(other) => Err(bad(other, "0 or 1")),
    }
}

fn configuration(words: &mut Words<'_>) -> Parsed<Configuration> {
    let key = words.optional("key").map(octets).transpose()?;
    let key = key.map(|key| key.try_into().map_err(|_| "the key needs 32 hex digits".to_owned())).transpose()?;
    let keyed = flag(words, "keyed")?.unwrap_or(false);
    if keyed && key.is_none() {
        return Err("a keyed neighbour needs key=".to_owned());
    }
    let level = words.optional("level").map_or(Ok(5), number)?;
    if level > 7 {
        return Err(bad("level", "a number from 0 to 7"));
    }
    Ok(Configuration {
        eui64: eui64(words.required("eui64")?)?,
        pan_id: words.optional("pan_id").map_or(Ok(0xb007), number)?,
        key,
        index: words.optional("index").map_or(Ok(1), number)?,
        level,
        keyed,
        answer_ssr: flag(words, "answer_ssr")?.unwrap_or(true),
        answer_nd: flag(words, "answer_nd")?.unwrap_or(true),
        forward: flag(words, "forward")?.unwrap_or(false),
        parent: words.optional("parent").map(eui64).transpose()?,
    })
}
