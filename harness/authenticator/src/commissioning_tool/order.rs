//! The orders of the commissioning tool, from text.

use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::coap::Request;
use protocols::tls::ExtendedMasterSecret;
use wire::Eui64;
use wire::coap::{Code, ContentFormat, Message, MessageType, Options, Token};

use super::credentials::{IdentityForm, IdentityOrder};
use super::directory::Responder;
use crate::craft::Value;
use crate::words::{Parsed, Words, bad, eui64, number, octets};

/// Echo requests of `reach`, unless it says otherwise.
const REACH_TRIES: u32 = 10;

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
    Device {
        eui64: Eui64,
        port: Option<u16>,
        identity: Option<IdentityForm>,
    },
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
        let mut words = Words::split(line);
        let order = match words.next("the order")? {
            "network" => Self::Network(NetworkKey {
                key: octets(words.required("key")?)?
                    .try_into()
                    .map_err(|_| "the key needs 32 hex digits".to_owned())?,
                index: words.optional("index").map_or(Ok(1), number)?,
                level: words.optional("level").map_or(Ok(5), number)?,
            }),
            "anchor" => {
                let eui64 = eui64(words.required("eui64")?)?;
                let by = match (words.optional("psk"), words.optional("public_key"), words.optional("root")) {
                    (Some(psk), None, None) => AnchorOrder::Psk(octets(psk)?),
                    (None, Some(key), None) => AnchorOrder::PublicKey(octets(key)?),
                    (None, None, Some(root)) => AnchorOrder::Root(octets(root)?),
                    _ => return Err("an anchor is one of psk=, public_key= and root=".to_owned()),
                };
                Self::Anchor { eui64, by }
            }
            "device" => Self::Device {
                eui64: eui64(words.required("eui64")?)?,
                port: words.optional("port").map(number).transpose()?,
                identity: words.optional("identity").map(IdentityForm::parse).transpose()?,
            },
            "identity" => {
                let key = words.optional("key").map(hash).transpose()?;
                let chain = [words.optional("certificate"), words.optional("issuer")];
                Self::Identity(IdentityOrder {
                    key,
                    chain: chain.into_iter().flatten().map(octets).collect::<Parsed<_>>()?,
                })
            }
            "clock" => Self::Clock(number(words.required("now")?)?),
            "revoke" => Self::Revoke(hash(words.required("hash")?)?),
            "select" => Self::Select(words.eui64()?),
            "deselect" => Self::Deselect(words.next_if_any().map(eui64).transpose()?),
            word @ ("close" | "open") => {
                Self::AllSecured { value: word == "close", to: words.optional("to").map(eui64).transpose()? }
            }
            "adopt" => Self::Adopt(words.eui64()?),
            "forget" => Self::Forget(words.eui64()?),
            "request" => Self::Request { eui64: words.eui64()?, request: request(&mut words, true)? },
            "connect" => Self::Connect {
                eui64: words.eui64()?,
                psk: words.optional("psk").map(octets).transpose()?,
                identity: words.optional("identity").map(|text| text.as_bytes().to_vec()),
                at: words
                    .optional("at")
                    .map(|text| text.parse().map_err(|_| bad(text, "an IPv6 address")))
                    .transpose()?,
            },
            "disconnect" => Self::Disconnect(words.eui64()?),
            "reach" => Self::Reach {
                eui64: words.eui64()?,
                tries: words.optional("tries").map_or(Ok(REACH_TRIES), number)?.clamp(1, 1000),
            },
            "plain" => {
                let eui64 = eui64(words.required("to")?)?;
                Self::Plain { eui64, request: request(&mut words, false)? }
            }
            "serve" => Self::Serve(Responder::parse(words.next("the way")?)?),
            "handshake-config" => Self::HandshakeConfig {
                mtu: words.optional("mtu").map(number).transpose()?,
                ems: words.optional("ems").map(extended_master_secret).transpose()?,
                retransmit: words.optional("retransmit").map(number).transpose()?.map(Duration::from_millis),
            },
            unknown => return Err(format!("there is no order `{unknown}`")),
        };
        words.end()?;
        Ok(order)
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
pub fn check_order(line: &str) -> Result<(), String> {
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
fn request(words: &mut Words<'_>, confirmable: bool) -> Parsed<Request> {
    let code = match words.next("the method")?.to_ascii_uppercase().as_str() {
        "GET" => Code::GET,
        "POST" => Code::POST,
        "PUT" => Code::PUT,
        "DELETE" => Code::DELETE,
        other => return Err(bad(other, "GET, POST, PUT or DELETE")),
    };
    let (path, query) = {
        let target = words.next("the path")?;
        target.split_once('?').unwrap_or((target, ""))
    };
    let mut options = Options::new();
    options.push_uri_path(path);
    query.split('&').filter(|argument| !argument.is_empty()).for_each(|argument| options.push_uri_query(argument));
    if let Some(format) = words.optional("format") {
        options.push_content_format(ContentFormat(number(format)?));
    }
    if let Some(format) = words.optional("accept") {
        options.push_accept(ContentFormat(number(format)?));
    }
    let confirmable = match words.optional("type") {
        None => confirmable,
        Some("con") => true,
        Some("non") => false,
        Some(other) => return Err(bad(other, "con or non")),
    };
    let payload = words.optional("payload").map(|text| Value::from(text).payload()).unwrap_or_default();
    Ok(Request { confirmable, code, options, payload })
}

/// 64 hex digits.
fn hash(text: &str) -> Parsed<[u8; 32]> {
    octets(text)?.try_into().map_err(|_| bad(text, "64 hex digits"))
}

fn extended_master_secret(text: &str) -> Parsed<ExtendedMasterSecret> {
    match text {
        "offer" => Ok(ExtendedMasterSecret::Offer),
        "never" => Ok(ExtendedMasterSecret::Never),
        "require" => Ok(ExtendedMasterSecret::Require),
        other => Err(bad(other, "offer, never or require")),
    }
}
