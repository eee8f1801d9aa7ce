//! The orders of the server, from text.

use record::station::{Argument, ArgumentKind as Kind, OrderInfo, OrderTime, Span};
use wire::Eui64;

use super::what::{CoapOrder, HelloOrder, KeyExchangeOrder, MessageId, TokenOf, What};
use crate::craft::Value;
use crate::dtls_writing::{How, arguments};
use crate::words::{self, Given, Parsed};

/// Every order.
pub(super) const ORDERS: &[OrderInfo] = &[
    OrderInfo::new("begin", "is a server with nothing from now on, at this port").keys(&[
        Argument::maybe("psk", Kind::Octets),
        Argument::or("port", Kind::Number(u16::MAX as u64), "5684"),
    ]),
    OrderInfo::new("ask", "sends a JSR of this EUI-64 from the server's address to the commissioning tool")
        .bare(&[Argument::needed("eui64", Kind::Eui64)]),
    OrderInfo::new(
        "send",
        "sends one message in one record, as soon as the client has said what a server hears before it, with what a right server would write next unless a key \
         says otherwise. Of record and handshake message as with the client. A ServerHello chooses `suite`, `compression`, and the extensions that are \
         given (by default the extended master secret, if it is offered). `key_exchange` is a hint (`hint`), or with `key` ECDHE parameters: \
         `curve`, `point` (by default the key's own), signed by that key unless `wrong=1`. `coap` answers the last request: its message ID is the request's in an acknowledgement or a \
         reset and the server's next elsewhere; `mid=last` the server's last, `mid=next` one more than the request's. `next=1` waits for a request that \
         was not answered by a `coap`",
    )
    .bare(&[Argument::needed("what", Kind::Word(WORDS))])
    .keys(arguments![
        Argument::or("cookie", Kind::Octets, "c0ffee01"),
        Argument::or("random", Kind::Word(&["same", "new"]), "same"),
        Argument::or("suite", Kind::Number(u16::MAX as u64), "0xc0a8"),
        Argument::or("compression", Kind::Number(255), "0"),
        Argument::maybe("extensions", Kind::Octets),
        Argument::maybe("without", Kind::Word(&["extensions"])),
        Argument::maybe("session_id", Kind::Octets),
        Argument::or("hello_version", Kind::Number(u16::MAX as u64), "0xfefd"),
        Argument::maybe("hint", Kind::Octets),
        Argument::maybe("certificate", Kind::Octets),
        Argument::maybe("issuer", Kind::Octets),
        Argument::maybe("raw_key", Kind::Octets),
        Argument::maybe("key", Kind::Key(32)),
        Argument::or("curve", Kind::Number(u16::MAX as u64), "23"),
        Argument::maybe("point", Kind::Octets),
        Argument::or("algorithm", Kind::Number(u16::MAX as u64), "0x0403"),
        Argument::or("wrong", Kind::Flag, "0"),
        Argument::or("level", Kind::Number(255), "2"),
        Argument::or("desc", Kind::Number(255), "0"),
        Argument::or("type", Kind::Word(&["con", "non", "ack", "rst"]), "ack"),
        Argument::or("code", Kind::Number(255), "68"),
        Argument::maybe("mid", Kind::Word(&["same", "next", "last"])),
        Argument::or("token", Kind::Word(&["same", "wrong", "none"]), "same"),
        Argument::maybe("options", Kind::Octets),
        Argument::or("next", Kind::Flag, "0"),
        Argument::maybe("payload", Kind::Text),
    ])
    .within(OrderTime::Of(&[Span::Pixit("handshake_within")])),
    OrderInfo::new("again", "sends a datagram of this session once more, octet by octet: the last but so many")
        .keys(&[Argument::or("back", Kind::Number(64), "1"), Argument::or("times", Kind::Number(64), "1")]),
];

const WORDS: &[&str] = &[
    "verify_request",
    "hello",
    "certificate",
    "key_exchange",
    "certificate_request",
    "done",
    "ccs",
    "finished",
    "data",
    "coap",
    "alert",
    "message",
    "last",
];

/// A message with how its record departs from what a right server would write.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Send {
    pub(super) what: What,
    pub(super) how: How,
}

/// An order.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Order {
    Begin { psk: Vec<u8>, port: u16 },
    Ask(Eui64),
    Send(Box<Send>),
    Again { back: usize, times: usize },
}

impl Order {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &str) -> Parsed<Self> {
        let given = words::read(ORDERS, line)?;
        Ok(match given.info.name {
            "begin" => Self::Begin { psk: given.maybe("psk")?.unwrap_or_default(), port: given.need("port")? },
            "ask" => Self::Ask(given.need("eui64")?),
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
    Ok(match given.text("what").unwrap_or_default() {
        "verify_request" => {
            What::VerifyRequest { cookie: given.need("cookie")?, version: given.need("hello_version")? }
        }
        "hello" => What::Hello(HelloOrder {
            new_random: given.text("random") == Some("new"),
            suite: given.need("suite")?,
            compression: given.need("compression")?,
            extensions: match given.text("without") {
                Some(_) => Some(Vec::new()),
                None => given.maybe("extensions")?,
            },
            session_id: given.maybe("session_id")?.unwrap_or_default(),
            version: given.need("hello_version")?,
        }),
        "certificate" => What::Certificate {
            chain: [given.maybe("certificate")?, given.maybe("issuer")?].into_iter().flatten().collect(),
            raw_key: given.maybe("raw_key")?,
        },
        "key_exchange" => match given.maybe("key")? {
            None => What::Hint(given.maybe("hint")?.unwrap_or_default()),
            Some(key) => What::KeyExchange(KeyExchangeOrder {
                key,
                curve: given.need("curve")?,
                point: given.maybe("point")?,
                algorithm: given.need("algorithm")?,
                wrong: given.need("wrong")?,
            }),
        },
        "certificate_request" => What::CertificateRequest,
        "done" => What::Done,
        "ccs" => What::ChangeCipherSpec,
        "finished" => What::Finished { wrong: given.need("wrong")? },
        "data" => What::Data,
        "coap" => What::Coap(CoapOrder {
            message_type: match given.text("type").unwrap_or_default() {
                "con" => 0,
                "non" => 1,
                "rst" => 3,
                _ => 2,
            },
            code: given.need("code")?,
            message_id: match given.text("mid") {
                None => MessageId::Natural,
                Some("next") => MessageId::Next,
                Some("last") => MessageId::Last,
                Some(_) => MessageId::Same,
            },
            token: match given.text("token").unwrap_or_default() {
                "wrong" => TokenOf::Wrong,
                "none" => TokenOf::None,
                _ => TokenOf::Same,
            },
            options: given.maybe("options")?.unwrap_or_default(),
            payload: given.text("payload").map(|text| Value::from(text).payload()).unwrap_or_default(),
            is_for_next: given.need("next")?,
        }),
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
        let Ok(Order::Send(send)) = Order::parse("send hello suite=0xc0ae record=7 counts=0 lost=1") else {
            panic!("no order to send")
        };
        assert_eq!((send.how.counts, send.how.is_lost), (false, true));
        let What::Hello(hello) = send.what else { panic!("no hello") };
        assert_eq!((hello.suite, hello.version), (0xc0ae, 0xfefd));
        assert!(Order::parse("send nonsense").is_err() && Order::parse("send hello suite=65536").is_err());
    }

    #[test]
    fn an_answer_is_a_changed_in_an_acknowledgement_unless_said_otherwise() {
        let Ok(Order::Send(send)) = Order::parse("send coap") else { panic!("no order to send") };
        let What::Coap(coap) = send.what else { panic!("no answer") };
        assert_eq!((coap.message_type, coap.code, coap.message_id), (2, 68, MessageId::Natural));
    }
}
