//! The orders of the client, from text.

use std::net::Ipv6Addr;

use record::station::{Argument, ArgumentKind as Kind, OrderInfo, OrderTime, Span};
use wire::Eui64;

use super::what::{CookieOf, HelloOrder, RandomOf, What};
use crate::dtls_writing::{How, arguments};
use crate::manner::{self, Told};
use crate::words::{self, Given, Parsed};

/// Every order.
pub(super) const ORDERS: &[OrderInfo] = &[
    manner::ORDER,
    OrderInfo::new(
        "begin",
        "is a client with nothing from now on, at a new port, or at the one that it had; `identity` is pairs of hex digits",
    )
    .bare(&[Argument::needed("eui64", Kind::Eui64)])
    .keys(&[
        Argument::maybe("psk", Kind::Octets),
        Argument::maybe("identity", Kind::Octets),
        Argument::or("port", Kind::Word(&["new", "same"]), "new"),
        Argument::maybe("at", Kind::Ipv6),
    ]),
    OrderInfo::new(
        "send",
        "sends one message in one record, as soon as the server has said what a client hears before it, with what a right client would write next unless a key says otherwise. \
         Of the record: `epoch`, `record` (its number), `version`, `claims` (its length field), `content_type`, `flip` (a bit \
         of the first one's fragment), `plain=1` (not encrypted). Of a handshake message: `seq`, `length`, `msg_type` (as its headers say), `pieces` (the octets \
         of the body in each fragment, one a record: `0-40,30-90`; `+` for two in one record), `counts=0` (neither in the hash of the handshake nor \
         numbered). A ClientHello is `without` the list that is named: it is empty. `hold=1`: waits and shares the datagram of the next; `lost=1`: is not sent, `again` may. `last` is the last handshake message \
         but so many (`back`), in new records",
    )
    .bare(&[Argument::needed("what", Kind::Word(WORDS))])
    .keys(arguments![
        Argument::or("cookie", Kind::Word(&["none", "given", "any", "wrong", "short", "long", "former"]), "none"),
        Argument::or("random", Kind::Word(&["same", "new", "former"]), "same"),
        Argument::maybe("suites", Kind::Octets),
        Argument::maybe("compression", Kind::Octets),
        Argument::maybe("extensions", Kind::Octets),
        Argument::maybe("without", Kind::Word(&["suites", "compression", "extensions"])),
        Argument::maybe("session_id", Kind::Octets),
        Argument::maybe("hello_version", Kind::Number(u16::MAX as u64)),
        Argument::maybe("certificate", Kind::Octets),
        Argument::maybe("issuer", Kind::Octets),
        Argument::maybe("key", Kind::Key(32)),
        Argument::or("algorithm", Kind::Number(u16::MAX as u64), "0x0403"),
        Argument::or("wrong", Kind::Flag, "0"),
        Argument::or("level", Kind::Number(255), "2"),
        Argument::or("desc", Kind::Number(255), "0"),
    ])
    .within(OrderTime::Of(&[Span::Pixit("handshake_within")])),
    OrderInfo::new("again", "sends a datagram of this session once more, octet by octet: the last but so many")
        .keys(&[Argument::or("back", Kind::Number(64), "1"), Argument::or("times", Kind::Number(64), "1")]),
];

const WORDS: &[&str] =
    &["hello", "certificate", "key_exchange", "verify", "ccs", "finished", "data", "alert", "message", "last"];

/// From which port a client begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Port {
    New,
    /// That of the client before.
    Same,
}

/// A client that begins. No `Debug`: it bears a key.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) eui64: Eui64,
    pub(super) psk: Vec<u8>,
    pub(super) identity: Option<Vec<u8>>,
    pub(super) port: Port,
    pub(super) at: Option<Ipv6Addr>,
}

/// A message with how its record departs from what a right client would write.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Send {
    pub(super) what: What,
    pub(super) how: How,
}

/// An order.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Order {
    Device(Told),
    Begin(Begin),
    Send(Box<Send>),
    Again { back: usize, times: usize },
}

impl Order {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &str) -> Parsed<Self> {
        let given = words::read(ORDERS, line)?;
        Ok(match given.info.name {
            "device" => Self::Device(Told::of(&given)?),
            "begin" => Self::Begin(Begin {
                eui64: given.need("eui64")?,
                psk: given.maybe("psk")?.unwrap_or_default(),
                identity: given.maybe("identity")?,
                port: if given.text("port") == Some("same") { Port::Same } else { Port::New },
                at: given.maybe("at")?,
            }),
            "send" => Self::Send(Box::new(Send::of(&given)?)),
            "again" => Self::Again { back: given.need("back")?, times: given.need("times")? },
            other => return Err(format!("the order `{other}` is listed and not read")),
        })
    }
}

impl Send {
    fn of(given: &Given<'_>) -> Parsed<Self> {
        Ok(Self { what: what(given)?, how: How::of(given)? })
    }
}

fn what(given: &Given<'_>) -> Parsed<What> {
    let list = |name| match given.text("without") == Some(name) {
        true => Ok(Some(Vec::new())),
        false => given.maybe(name),
    };
    Ok(match given.text("what").unwrap_or_default() {
        "hello" => What::Hello(HelloOrder {
            cookie: match given.text("cookie").unwrap_or_default() {
                "given" => CookieOf::Given,
                "any" => CookieOf::Any,
                "wrong" => CookieOf::Wrong,
                "short" => CookieOf::Short,
                "long" => CookieOf::Long,
                "former" => CookieOf::Former,
                _ => CookieOf::None,
            },
            random: match given.text("random").unwrap_or_default() {
                "new" => RandomOf::New,
                "former" => RandomOf::Former,
                _ => RandomOf::Same,
            },
            suites: list("suites")?,
            compression: list("compression")?,
            extensions: list("extensions")?,
            session_id: given.maybe("session_id")?,
            version: given.maybe("hello_version")?,
        }),
        "certificate" => What::Certificate(
            ["certificate", "issuer"]
                .into_iter()
                .map(|name| given.maybe(name))
                .collect::<Parsed<Vec<_>>>()?
                .into_iter()
                .flatten()
                .collect(),
        ),
        "key_exchange" => What::KeyExchange,
        "verify" => What::Verify { key: given.maybe("key")?, algorithm: given.need("algorithm")? },
        "ccs" => What::ChangeCipherSpec,
        "finished" => What::Finished { wrong: given.need("wrong")? },
        "data" => What::Data,
        "alert" => What::Alert { level: given.need("level")?, description: given.need("desc")? },
        "message" => What::Message,
        "last" => What::Last { back: given.need("back")? },
        other => return Err(format!("`{other}` is listed and not read")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_read_with_what_its_record_says() {
        let order = Order::parse("send hello cookie=wrong record=7 pieces=0-9,4-60 counts=0 lost=1");
        let Ok(Order::Send(send)) = order else { panic!("no order to send") };
        assert_eq!((send.how.counts, send.how.is_lost), (false, true));
        let What::Hello(hello) = send.what else { panic!("no hello") };
        assert_eq!(hello.cookie, CookieOf::Wrong);
        assert!(Order::parse("send nonsense").is_err());
    }
}
