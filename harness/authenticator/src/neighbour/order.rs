//! The orders of an emulated neighbour, from text.

use std::net::Ipv6Addr;

use std::time::Duration;

use wire::Eui64;

use super::flood::{FloodOrder, Kind};
use super::rogue;
use super::tape::{RecordOrder, ReplayOrder};
use crate::commissioning_tool;
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
    /// The port of a device's DTLS server, if not the profile's.
    Device {
        eui64: Eui64,
        port: u16,
    },
    Announce {
        to: Eui64,
        secured: Option<bool>,
    },
    SetSecureRequest {
        to: Eui64,
        lifetime: u16,
        secured: bool,
    },
    Echo {
        to: Eui64,
        dest: Option<Ipv6Addr>,
        secured: Option<bool>,
        size: u16,
    },
    Silent,
    Flood(FloodOrder),
    /// Done when all floods are over.
    FloodEnd,
    Record(RecordOrder),
    RecordEnd,
    Replay(ReplayOrder),
}

/// What an echo request can carry over the air: datagram_size has 11 bits (RFC 4944 section 5.3), and the headers of IPv6 and
/// ICMPv6 take 48 octets of that.
const LONGEST_ECHO: u16 = 2047 - 40 - 8;

fn echo_size(text: &str) -> Parsed<u16> {
    let size: u16 = number(text)?;
    if size > LONGEST_ECHO {
        Err(bad(text, "at most 1999 octets, which a 6LoWPAN datagram can carry"))
    } else {
        Ok(size)
    }
}

/// Between two messages of a flood or of a tape, unless the order says otherwise.
const PACE: Duration = Duration::from_millis(20);

impl Order {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &str) -> Parsed<Self> {
        let mut words = Words::split(line);
        let order = match words.next("the order")? {
            "configure" => Self::Configure(configuration(&mut words)?),
            "device" => {
                Self::Device { eui64: eui64(words.required("eui64")?)?, port: number(words.required("port")?)? }
            }
            "announce" => Self::Announce { to: to(&mut words)?, secured: flag(&mut words, "secured")? },
            "ssr" => Self::SetSecureRequest {
                to: to(&mut words)?,
                lifetime: words.optional("lifetime").map_or(Ok(60), number)?,
                secured: flag(&mut words, "secured")?.unwrap_or(true),
            },
            "echo" => Self::Echo {
                to: to(&mut words)?,
                dest: address(&mut words, "dest")?,
                secured: flag(&mut words, "secured")?,
                size: words.optional("size").map_or(Ok(8), echo_size)?,
            },
            "silent" => Self::Silent,
            "flood" => {
                let kind = words.next("what to flood with")?;
                Self::Flood(FloodOrder {
                    kind: Kind::parse(kind)
                        .ok_or_else(|| bad(kind, "jsr, ns, rs, fragment, client_hello or client_hello_cookie"))?,
                    to: to(&mut words)?,
                    dest: address(&mut words, "dest")?,
                    count: number(words.required("count")?)?,
                    every: pace(&mut words)?,
                })
            }
            "flood-end" => Self::FloodEnd,
            "record" => Self::Record(RecordOrder {
                from: eui64(words.required("from")?)?,
                to: words.optional("to").map(eui64).transpose()?,
                count: words.optional("count").map_or(Ok(u16::MAX), number)?.into(),
            }),
            "record-end" => Self::RecordEnd,
            "replay" => Self::Replay(ReplayOrder {
                reversed: match words.optional("order") {
                    None | Some("same") => false,
                    Some("reversed") => true,
                    Some(other) => return Err(bad(other, "same or reversed")),
                },
                times: words.optional("times").map_or(Ok(1), number)?,
                every: pace(&mut words)?,
            }),
            unknown => return Err(format!("there is no order `{unknown}`")),
        };
        words.end()?;
        Ok(order)
    }
}

/// Whether a neighbour understands an order.
///
/// # Errors
/// What is wrong with the order.
pub fn check_order(line: &str) -> Result<(), String> {
    match line.split_once(' ') {
        Some((rogue::WORD, order)) => commissioning_tool::check_order(order),
        _ => Order::parse(line).map(drop),
    }
}

fn to(words: &mut Words<'_>) -> Parsed<Eui64> {
    eui64(words.required("to")?)
}

fn address(words: &mut Words<'_>, name: &str) -> Parsed<Option<Ipv6Addr>> {
    words.optional(name).map(|text| text.parse().map_err(|_| bad(text, "an IPv6 address"))).transpose()
}

/// `every=20ms`; a number alone is milliseconds too.
fn pace(words: &mut Words<'_>) -> Parsed<Duration> {
    words.optional("every").map_or(Ok(PACE), |text| {
        number::<u32>(text.strip_suffix("ms").unwrap_or(text)).map(|pace| Duration::from_millis(pace.into()))
    })
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
