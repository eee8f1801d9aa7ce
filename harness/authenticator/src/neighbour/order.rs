//! The orders of an emulated neighbour, from text.

use std::net::Ipv6Addr;

use record::station::{Argument, ArgumentKind as Kind, OrderInfo, OrderTime};
use wire::Eui64;

use super::flood::{self, FloodOrder};
use super::rogue;
use super::tape::{self, RecordOrder, ReplayOrder};
use crate::selective;
use crate::words::{self, Given, Parsed, bad};

/// Every order.
pub(crate) const ORDERS: &[OrderInfo] = &[
    OrderInfo::new("configure", "becomes that node; marks and replay state begin anew, frame counters go on").keys(&[
        Argument::needed("eui64", Kind::Eui64),
        Argument::or("pan_id", Kind::Number(u16::MAX as u64), "0xb007"),
        Argument::maybe("key", Kind::Key(16)),
        Argument::or("index", Kind::Number(255), "1"),
        Argument::or("level", Kind::Number(255), "5"),
        Argument::or("keyed", Kind::Flag, "0"),
        Argument::or("answer_ssr", Kind::Flag, "1"),
        Argument::or("answer_nd", Kind::Flag, "1"),
        Argument::or("forward", Kind::Flag, "0"),
        Argument::maybe("parent", Kind::Eui64),
    ]),
    OrderInfo::new("device", "the port of a device's DTLS server, where it is not the profile's")
        .keys(&[Argument::needed("eui64", Kind::Eui64), Argument::needed("port", Kind::Number(u16::MAX as u64))])
        .told_again(),
    OrderInfo::new(
        "announce",
        "multicasts a router solicitation and registers its address with the node by a neighbor solicitation with ARO \
         (RFC 6775 5.3, 5.5.1), so that the node lists it",
    )
    .keys(&[TO, Argument::maybe("secured", Kind::Flag)])
    .within(OrderTime::Frames).means("its frames were acknowledged"),
    OrderInfo::new("ssr", "sends an SSR, lifetime in units of 60 s")
        .keys(&[
            TO,
            Argument::or("lifetime", Kind::Number(u16::MAX as u64), "60"),
            Argument::or("secured", Kind::Flag, "1"),
        ])
        .within(OrderTime::Frames).means("its frames were acknowledged"),
    OrderInfo::new("echo", "sends an echo request to the node, or by way of it")
        .keys(&[
            TO,
            Argument::maybe("dest", Kind::Ipv6),
            Argument::maybe("secured", Kind::Flag),
            Argument::or("size", Kind::Number(u16::MAX as u64), "8"),
        ])
        .within(OrderTime::Frames).means("its frames were acknowledged"),
    OrderInfo::new("silent", "acknowledges and answers nothing until configured again"),
    OrderInfo::new(
        "flood",
        "begins a flood of `jsr`, `ns`, `rs` or `fragment` (each from an invented node), of `client_hello` or \
         `client_hello_cookie` (each from another port, to `dest` or the node's link-local address); done at once, it \
         goes on beside everything else",
    )
    .bare(&[Argument::needed("kind", Kind::Word(flood::KINDS))])
    .keys(&[TO, Argument::needed("count", Kind::Number(u32::MAX as u64)), EVERY, Argument::maybe("dest", Kind::Ipv6)])
    .within(OrderTime::Paced { key: "count", messages: 1, goes_on: true }),
    OrderInfo::new("flood-end", "done when all floods are over").within(OrderTime::AllThatGoesOn),
    OrderInfo::new(
        "record",
        "begins to record the data frames that the sniffer sees from one node (to another); done at once",
    )
    .keys(&[
        Argument::needed("from", Kind::Eui64),
        Argument::maybe("to", Kind::Eui64),
        Argument::maybe("count", Kind::Number(u16::MAX as u64)),
    ]),
    OrderInfo::new("record-end", "ends the recording, and keeps what there is"),
    OrderInfo::new("replay", "sends what was recorded once more, octet by octet")
        .keys(&[
            Argument::maybe("order", Kind::Word(&["same", "reversed"])),
            Argument::or("times", Kind::Number(u32::MAX as u64), "1"),
            EVERY,
        ])
        .within(OrderTime::Paced { key: "times", messages: tape::MOST_FRAMES as u32, goes_on: false }).means("its frames were acknowledged"),
    OrderInfo::new(
        rogue::WORD,
        "an order of the commissioning tool, carried out by a forged one at this neighbour's address in the mesh, over the \
         radio; done when that order is",
    )
    .inner(selective::ORDERS),
];

const TO: Argument = Argument::needed("to", Kind::Eui64);

/// Between two messages of a flood or of a tape.
const EVERY: Argument = Argument::or("every", Kind::Milliseconds, "20ms");

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
    /// Of the forged commissioning tool.
    OfTheTool(String),
}

/// What an echo request can carry over the air: datagram_size has 11 bits (RFC 4944 section 5.3), and the headers of IPv6 and
/// ICMPv6 take 48 octets of that.
const LONGEST_ECHO: u16 = 2047 - 40 - 8;

impl Order {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &str) -> Parsed<Self> {
        let given = words::read(ORDERS, line)?;
        let to = || given.need("to");
        Ok(match given.info.name {
            "configure" => Self::Configure(configuration(&given)?),
            "device" => Self::Device { eui64: given.need("eui64")?, port: given.need("port")? },
            "announce" => Self::Announce { to: to()?, secured: given.maybe("secured")? },
            "ssr" => {
                Self::SetSecureRequest { to: to()?, lifetime: given.need("lifetime")?, secured: given.need("secured")? }
            }
            "echo" => {
                let size = given.need("size")?;
                if size > LONGEST_ECHO {
                    let text = given.text("size").unwrap_or_default();
                    return Err(bad(text, "at most 1999 octets, which a 6LoWPAN datagram can carry"));
                }
                Self::Echo { to: to()?, dest: given.maybe("dest")?, secured: given.maybe("secured")?, size }
            }
            "silent" => Self::Silent,
            "flood" => {
                let kind = given.text("kind").unwrap_or_default();
                Self::Flood(FloodOrder {
                    kind: flood::Kind::parse(kind)
                        .ok_or_else(|| format!("the flood `{kind}` is listed and not read"))?,
                    to: to()?,
                    dest: given.maybe("dest")?,
                    count: given.need("count")?,
                    every: given.need("every")?,
                })
            }
            "flood-end" => Self::FloodEnd,
            "record" => Self::Record(RecordOrder {
                from: given.need("from")?,
                to: given.maybe("to")?,
                count: given.maybe("count")?.unwrap_or(u16::MAX).into(),
            }),
            "record-end" => Self::RecordEnd,
            "replay" => Self::Replay(ReplayOrder {
                reversed: given.text("order") == Some("reversed"),
                times: given.need("times")?,
                every: given.need("every")?,
            }),
            rogue::WORD => Self::OfTheTool(given.inner.unwrap_or_default().to_owned()),
            unread => return Err(format!("the order `{unread}` is listed and not read")),
        })
    }
}

/// Whether a neighbour understands an order.
///
/// # Errors
/// What is wrong with the order.
pub(crate) fn check_order(line: &str) -> Parsed<()> {
    match Order::parse(line)? {
        Order::OfTheTool(order) => selective::check_order(&order),
        _ => Ok(()),
    }
}

fn configuration(given: &Given<'_>) -> Parsed<Configuration> {
    let (key, keyed) = (given.maybe("key")?, given.need("keyed")?);
    if keyed && key.is_none() {
        return Err("a keyed neighbour needs key=".to_owned());
    }
    let level = given.need("level")?;
    if level > 7 {
        return Err(bad("level", "a number from 0 to 7"));
    }
    Ok(Configuration {
        eui64: given.need("eui64")?,
        pan_id: given.need("pan_id")?,
        key,
        index: given.need("index")?,
        level,
        keyed,
        answer_ssr: given.need("answer_ssr")?,
        answer_nd: given.need("answer_nd")?,
        forward: given.need("forward")?,
        parent: given.maybe("parent")?,
    })
}
