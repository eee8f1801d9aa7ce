//! The orders of the commissioning tool, from text.

use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::coap::Request;
use protocols::tls::ExtendedMasterSecret;
use record::station::{Argument, ArgumentKind as Kind, OrderInfo, OrderTime, Span};
use wire::Eui64;
use wire::coap::{Code, ContentFormat, Message, MessageType, Options, Token};

use super::credentials::IdentityOrder;
use super::directory::Responder;
use super::reach;
use crate::craft::Value;
use crate::manner::{self, Told};
use crate::words::{self, Given, Parsed};

/// Every order. `payload=` takes the rest of the line.
pub(crate) const ORDERS: &[OrderInfo] = &[
    OrderInfo::new("network", "sets the link key that devices are given").keys(&[
        Argument::needed("key", Kind::Key(16)),
        Argument::or("index", Kind::Number(255), "1"),
        Argument::or("level", Kind::Number(255), "5"),
    ]),
    OrderInfo::new(
        "anchor",
        "enters a device in the manufacturer's list, by one of them: its pre-shared key, its raw public key, or its \
         manufacturer's root certificate",
    )
    .keys(&[
        Argument::needed("eui64", Kind::Eui64),
        Argument::maybe("psk", Kind::Octets),
        Argument::maybe("public_key", Kind::Octets),
        Argument::maybe("root", Kind::Octets),
    ])
    .told_again(),
    manner::ORDER,
    OrderInfo::new("identity", "the tool's own key, raw or certified; without arguments none").keys(&[
        Argument::maybe("key", Kind::Key(32)),
        Argument::maybe("certificate", Kind::Octets),
        Argument::maybe("issuer", Kind::Octets),
    ]),
    OrderInfo::new("clock", "the wall time, in seconds since 1970").keys(&[Argument::needed("now", Kind::Number(u64::MAX))]),
    OrderInfo::new("revoke", "a key (SHA-256 of its SubjectPublicKeyInfo) that is believed no more")
        .keys(&[Argument::needed("hash", Kind::Key(32))]),
    OrderInfo::new(
        "select",
        "as soon as a JSR of the device is known: handshake, PUT of the key; done at 2.01 or 2.04, refused at any other \
         response. A failed handshake does not end it: other claimants and later JSRs are tried until its time is over",
    )
    .bare(DEVICE)
    .within(OrderTime::Of(&[
        Span::Jittered("jsr_greatest_interval", "jsr_jitter_percent"),
        Span::Pixit("handshake_within"),
    ])).means("the handshake was completed and the key delivered"),
    OrderInfo::new("deselect", "ends selections, or this one; their `select` is refused")
        .bare(&[Argument::maybe("eui64", Kind::Eui64)]),
    OrderInfo::new("close", CLOSE).keys(&[Argument::maybe("to", Kind::Eui64)]).within(OrderTime::OfEachBoard(EXCHANGE)).means("the network was closed"),
    OrderInfo::new("open", "the same with the value false")
        .keys(&[Argument::maybe("to", Kind::Eui64)])
        .within(OrderTime::OfEachBoard(EXCHANGE)).means("the network was opened again"),
    OrderInfo::new("adopt", "counts a device as secured that was keyed by other means").bare(DEVICE),
    OrderInfo::new("forget", "forgets that a device was secured, its JSRs and its session").bare(DEVICE),
    OrderInfo::new("request", "a request inside DTLS; done at any response")
        .bare(&[
            Argument::needed("eui64", Kind::Eui64),
            Argument::needed("method", METHOD),
            Argument::needed("path", Kind::Text),
        ])
        .keys(REQUEST)
        .within(OrderTime::Of(EXCHANGE)).means("the request was answered in a DTLS session"),
    OrderInfo::new("connect", "a handshake alone; its session stays open")
        .bare(DEVICE)
        .keys(&[
            Argument::maybe("psk", Kind::Octets),
            Argument::maybe("identity", Kind::Text),
            Argument::maybe("at", Kind::Ipv6),
        ])
        .within(OrderTime::Of(&[Span::Pixit("handshake_within")])).means("the handshake was completed"),
    OrderInfo::new("disconnect", "closes such sessions with `close_notify`").bare(DEVICE),
    OrderInfo::new("reach", "echo requests to the device, every 3 s; done at the first reply")
        .bare(DEVICE)
        .keys(&[Argument::or("tries", Kind::Number(u32::MAX as u64), "10")])
        .within(OrderTime::Each { key: "tries", takes: reach::INTERVAL }).means("an echo request was answered"),
    OrderInfo::new(
        "plain",
        "a request without DTLS to port 5683; done when sent, or with `type=con` at any response",
    )
    .bare(&[Argument::needed("method", METHOD), Argument::needed("path", Kind::Text)])
    .keys(&[Argument::needed("to", Kind::Eui64), FORMAT, ACCEPT, TYPE, PAYLOAD])
    .within(OrderTime::Of(EXCHANGE)).means("the request was answered without DTLS"),
    OrderInfo::new("serve", "lets devices find the tool this way from now on")
        .bare(&[Argument::needed("way", Kind::Word(&["multicast", "dns-sd", "directory"]))]),
    OrderInfo::new("handshake-config", "for handshakes from now on").keys(&[
        Argument::maybe("mtu", Kind::Number(u32::MAX as u64)),
        Argument::maybe("ems", Kind::Word(&["offer", "never", "require"])),
        Argument::maybe("retransmit", Kind::Milliseconds),
    ]),
];

const CLOSE: &str = "PUT of `all_secured` with the domain's next sequence number to every secured device, or this one, again \
                     after the others to one that was not reached; done if all changed";

const DEVICE: &[Argument] = &[Argument::needed("eui64", Kind::Eui64)];
const METHOD: Kind = Kind::Word(&["GET", "POST", "PUT", "DELETE"]);
const FORMAT: Argument = Argument::maybe("format", Kind::Number(u16::MAX as u64));
const ACCEPT: Argument = Argument::maybe("accept", Kind::Number(u16::MAX as u64));
const TYPE: Argument = Argument::maybe("type", Kind::Word(&["con", "non"]));
const PAYLOAD: Argument = Argument::maybe("payload", Kind::Text);
const REQUEST: &[Argument] = &[FORMAT, ACCEPT, TYPE, PAYLOAD];

/// A handshake and the longest exchange of CoAP: MAX_TRANSMIT_WAIT (RFC 7252 section 4.8.2).
const EXCHANGE: &[Span] = &[Span::Pixit("handshake_within"), Span::Time(Duration::from_secs(93))];

/// A link key that devices are to be given.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NetworkKey {
    pub(super) key: [u8; 16],
    pub(super) index: u8,
    pub(super) level: u8,
}

/// By what a device is entered in the manufacturer's list; keys and certificates in DER.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum AnchorOrder {
    Psk(Vec<u8>),
    PublicKey(Vec<u8>),
    Root(Vec<u8>),
}

/// An order.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Order {
    Network(NetworkKey),
    Anchor {
        eui64: Eui64,
        by: AnchorOrder,
    },
    /// How a device is spoken to, if not as the profile has it.
    Device(Told),
    Identity(IdentityOrder),
    Clock(u64),
    Revoke([u8; 32]),
    Select(Eui64),
    Deselect(Option<Eui64>),
    /// `close` (true) and `open` (false).
    AllSecured {
        value: bool,
        to: Option<Eui64>,
    },
    Adopt(Eui64),
    Forget(Eui64),
    Request {
        eui64: Eui64,
        request: Request,
    },
    Connect {
        eui64: Eui64,
        psk: Option<Vec<u8>>,
        identity: Option<Vec<u8>>,
        at: Option<Ipv6Addr>,
    },
    Disconnect(Eui64),
    Reach {
        eui64: Eui64,
        tries: u32,
    },
    Plain {
        eui64: Eui64,
        request: Request,
    },
    /// From now on devices find the tool this way.
    Serve(Responder),
    HandshakeConfig {
        mtu: Option<usize>,
        ems: Option<ExtendedMasterSecret>,
        retransmit: Option<Duration>,
    },
}

impl Order {
    /// Reads a line; the error says what is wrong with it.
    pub(super) fn parse(line: &str) -> Parsed<Self> {
        let given = words::read(ORDERS, line)?;
        let eui64 = || given.need("eui64");
        Ok(match given.info.name {
            "network" => Self::Network(NetworkKey {
                key: given.need("key")?,
                index: given.need("index")?,
                level: given.need("level")?,
            }),
            "anchor" => {
                let by = match (given.maybe("psk")?, given.maybe("public_key")?, given.maybe("root")?) {
                    (Some(psk), None, None) => AnchorOrder::Psk(psk),
                    (None, Some(key), None) => AnchorOrder::PublicKey(key),
                    (None, None, Some(root)) => AnchorOrder::Root(root),
                    _ => return Err("an anchor is one of psk=, public_key= and root=".to_owned()),
                };
                Self::Anchor { eui64: eui64()?, by }
            }
            "device" => Self::Device(Told::of(&given)?),
            "identity" => {
                let chain = [given.maybe("certificate")?, given.maybe("issuer")?];
                Self::Identity(IdentityOrder { key: given.maybe("key")?, chain: chain.into_iter().flatten().collect() })
            }
            "clock" => Self::Clock(given.need("now")?),
            "revoke" => Self::Revoke(given.need("hash")?),
            "select" => Self::Select(eui64()?),
            "deselect" => Self::Deselect(given.maybe("eui64")?),
            word @ ("close" | "open") => Self::AllSecured { value: word == "close", to: given.maybe("to")? },
            "adopt" => Self::Adopt(eui64()?),
            "forget" => Self::Forget(eui64()?),
            "request" => Self::Request { eui64: eui64()?, request: request(&given, true)? },
            "connect" => Self::Connect {
                eui64: eui64()?,
                psk: given.maybe("psk")?,
                identity: given.text("identity").map(|text| text.as_bytes().to_vec()),
                at: given.maybe("at")?,
            },
            "disconnect" => Self::Disconnect(eui64()?),
            "reach" => Self::Reach { eui64: eui64()?, tries: given.need::<u32>("tries")?.clamp(1, 1000) },
            "plain" => Self::Plain { eui64: given.need("to")?, request: request(&given, false)? },
            "serve" => Self::Serve(Responder::parse(given.text("way").unwrap_or_default())?),
            "handshake-config" => Self::HandshakeConfig {
                mtu: given.maybe("mtu")?,
                ems: given.text("ems").map(|word| match word {
                    "never" => ExtendedMasterSecret::Never,
                    "require" => ExtendedMasterSecret::Require,
                    _ => ExtendedMasterSecret::Offer,
                }),
                retransmit: given.maybe("retransmit")?,
            },
            unread => return Err(format!("the order `{unread}` is listed and not read")),
        })
    }
}

/// Octets of a UDP payload that every link carries (RFC 8200 section 5: 1280, less IPv6 and UDP header).
const DATAGRAM: usize = 1280 - 48;

/// What a DTLS record adds: header, explicit nonce, integrity code of 8 octets.
const RECORD: usize = 13 + 8 + 8;

/// Whether the tool understands an order, and whether a packet takes what it is to send.
///
/// # Errors
/// What is wrong with the order.
pub(crate) fn check_order(line: &str) -> Result<(), String> {
    let (request, room) = match Order::parse(line)? {
        Order::Request { request, .. } => (request, DATAGRAM - RECORD),
        Order::Plain { request, .. } => (request, DATAGRAM),
        _ => return Ok(()),
    };
    let message = Message {
        message_type: MessageType::Confirmable,
        code: request.code,
        message_id: 0,
        token: Token::new(&[0; 8]).map_err(|error| error.to_string())?,
        options: request.options,
        payload: request.payload,
    };
    let length = message.emit().map_err(|error| error.to_string())?.len();
    if length > room {
        return Err(format!("the message has {length} octets, a packet takes {room}"));
    }
    Ok(())
}

/// `METHOD PATH [format=N] [accept=N] [type=con|non] [payload=...]`; confirmable unless said otherwise.
fn request(given: &Given<'_>, confirmable: bool) -> Parsed<Request> {
    let code = match given.text("method").unwrap_or_default().to_ascii_uppercase().as_str() {
        "POST" => Code::POST,
        "PUT" => Code::PUT,
        "DELETE" => Code::DELETE,
        _ => Code::GET,
    };
    let target = given.text("path").unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut options = Options::new();
    options.push_uri_path(path);
    query.split('&').filter(|argument| !argument.is_empty()).for_each(|argument| options.push_uri_query(argument));
    if let Some(format) = given.maybe("format")? {
        options.push_content_format(ContentFormat(format));
    }
    if let Some(format) = given.maybe("accept")? {
        options.push_accept(ContentFormat(format));
    }
    let confirmable = given.text("type").map_or(confirmable, |word| word == "con");
    let payload = given.text("payload").map(|text| Value::from(text).payload()).unwrap_or_default();
    Ok(Request { confirmable, code, options, payload })
}
