//! The orders of the commissioning tool, from text.

use std::net::Ipv6Addr;
use std::time::Duration;

use protocols::coap::Request;
use protocols::dtls::ExtendedMasterSecret;
use wire::Eui64;
use wire::coap::{Code, ContentFormat, Options};

use crate::craft::Value;

/// A link key that devices are to be given.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct NetworkKey {
    pub(super) key: [u8; 16],
    pub(super) index: u8,
    pub(super) level: u8,
}

/// An order.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Order {
    Network(NetworkKey),
    Anchor {
        eui64: Eui64,
        psk: Vec<u8>,
    },
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
    Plain {
        eui64: Eui64,
        request: Request,
    },
    HandshakeConfig {
        mtu: Option<usize>,
        ems: Option<ExtendedMasterSecret>,
        retransmit: Option<Duration>,
    },
}

/// Words of an order: positional ones and `name=value` pairs, each of which has to be asked for.
struct Words<'a> {
    positional: Vec<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

type Parsed<T> = Result<T, String>;

impl<'a> Words<'a> {
    /// `payload=` takes the rest of the line, blanks included.
    fn split(text: &'a str) -> Self {
        let (text, payload) = match text.split_once(" payload=") {
            Some((text, payload)) => (text, Some(payload)),
            None => (text, None),
        };
        let mut words =
            Self { positional: Vec::new(), named: payload.map(|value| ("payload", value)).into_iter().collect() };
        for word in text.split_whitespace() {
            // A path may have `?rt=core.ky`: it begins with a slash and is no pair.
            match word.split_once('=') {
                Some(pair) if !word.starts_with('/') => words.named.push(pair),
                _ => words.positional.push(word),
            }
        }
        words
    }

    fn next(&mut self, what: &str) -> Parsed<&'a str> {
        if self.positional.is_empty() { Err(format!("{what} is missing")) } else { Ok(self.positional.remove(0)) }
    }

    fn eui64(&mut self) -> Parsed<Eui64> {
        eui64(self.next("the EUI-64")?)
    }

    fn optional(&mut self, name: &str) -> Option<&'a str> {
        let at = self.named.iter().position(|(known, _)| *known == name)?;
        Some(self.named.remove(at).1)
    }

    fn required(&mut self, name: &str) -> Parsed<&'a str> {
        self.optional(name).ok_or_else(|| format!("{name}= is missing"))
    }

    fn end(self) -> Parsed<()> {
        let unknown = self.positional.first().copied().or(self.named.first().map(|(name, _)| *name));
        unknown.map_or(Ok(()), |word| Err(format!("`{word}` is not understood")))
    }
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
            "anchor" => Self::Anchor { eui64: eui64(words.required("eui64")?)?, psk: octets(words.required("psk")?)? },
            "select" => Self::Select(words.eui64()?),
            "deselect" => Self::Deselect(words.positional.pop().map(eui64).transpose()?),
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
            "plain" => {
                let eui64 = eui64(words.required("to")?)?;
                Self::Plain { eui64, request: request(&mut words, false)? }
            }
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

fn bad(text: &str, expected: &str) -> String {
    format!("`{text}` is not {expected}")
}

fn eui64(text: &str) -> Parsed<Eui64> {
    text.parse().map_err(|_| bad(text, "an EUI-64 of 16 hex digits"))
}

/// Keys: the text stays out of the message.
fn octets(text: &str) -> Parsed<Vec<u8>> {
    hex::decode(text).map_err(|_| "a key needs pairs of hex digits".to_owned())
}

fn number<T: TryFrom<u64>>(text: &str) -> Parsed<T> {
    let number = Value::from(text).as_number().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| bad(text, "a number in range"))
}

fn extended_master_secret(text: &str) -> Parsed<ExtendedMasterSecret> {
    match text {
        "offer" => Ok(ExtendedMasterSecret::Offer),
        "never" => Ok(ExtendedMasterSecret::Never),
        "require" => Ok(ExtendedMasterSecret::Require),
        other => Err(bad(other, "offer, never or require")),
    }
}
